"""What may leave a cluster: no Secret's value, nothing that looks like a credential, and everything else as it is."""

from __future__ import annotations

from typing import Any

import pytest

from ai4k8s_common.llm.redaction import redact as redact_for_models
from ai4k8s_common.security.redaction import HIDDEN, mask, redact

CANARY = "c4n4ry-7Qx9"


@pytest.mark.parametrize(
    "text",
    [
        f"DB_PASSWORD={CANARY}",
        f'{{"password": "{CANARY}", "user": "app"}}',
        f"password: {CANARY}",
        f"connecting to postgres://app:{CANARY}@db:5432/shop",
        f"Authorization: Bearer {CANARY}{CANARY}",
        f"GET / -H 'authorization: Basic {CANARY}'",
        f"run --api-key {CANARY} --verbose",
        f"aws_secret_access_key = {CANARY}",
        f"eyJhbGciOiJSUzI1NiJ9.{CANARY}{CANARY}.c2ln",
        f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}",
        f"token='{CANARY}'",
    ],
)
def test_what_looks_like_a_credential_is_hidden(text):
    hidden = redact(text)
    assert CANARY not in hidden
    assert HIDDEN in hidden


@pytest.mark.parametrize(
    "text",
    [
        "GET /healthz 200 3ms",
        "Back-off restarting failed container web in pod web-1",
        "MountVolume.SetUp failed for volume: secret 'tls' not found",
        "secretName: web-tls",
        "the token expired",
        "https://example.com/path?x=1",
    ],
)
def test_ordinary_text_stays_as_it_is(text):
    assert redact(text) == text


def test_values_of_secrets_are_hidden_wherever_they_stand():
    secret = {
        "kind": "Secret",
        "metadata": {"name": "db", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": CANARY}},
        "data": {"anything": CANARY},
        "stringData": {"plain": CANARY},
    }
    for shape in (secret, {"kind": "List", "items": [secret]}, {"before": [secret]}):
        assert CANARY not in str(mask(shape))
    bare = {key: value for key, value in secret.items() if key != "kind"}
    assert CANARY not in str(mask({"kind": "SecretList", "items": [bare]}))
    assert mask(secret)["data"] == {"anything": HIDDEN}


def test_a_pods_variables_are_hidden_by_their_name_and_the_rest_of_it_stays():
    pod: dict[str, Any] = {
        "kind": "Pod",
        "metadata": {"managedFields": [{}]},
        "spec": {
            "automountServiceAccountToken": False,
            "volumes": [{"name": "tls", "secret": {"secretName": "web-tls"}}],
            "containers": [
                {"name": "web", "env": [{"name": "API_KEY", "value": CANARY}, {"name": "MODE", "value": "fast"}]}
            ],
        },
    }
    shown = mask(pod)
    assert CANARY not in str(shown)
    assert shown["metadata"] == {}
    assert shown["spec"]["volumes"] == pod["spec"]["volumes"]
    assert shown["spec"]["containers"][0]["env"][1] == {"name": "MODE", "value": "fast"}


NASTY = ["a", "-a-", "password_", "-eyJ", "--token-", "--", "authorization: ", '"name": ', '\\"']


@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", NASTY)
def test_a_log_written_to_make_patterns_run_for_hours_takes_no_longer_than_another(piece):
    redact(piece * (40_000 // len(piece)))


@pytest.mark.parametrize(
    "text", [f"-password {CANARY}", f"MYDSN={CANARY}", f"api.key: {CANARY}", f"sessionId={CANARY}"]
)
def test_people_are_spared_what_models_are_and_the_other_way_round(text):
    for hidden in (redact(text), redact_for_models(text)):
        assert CANARY not in hidden
        assert redact(hidden) == redact_for_models(hidden) == hidden


def test_what_only_may_be_a_credential_is_hidden_from_models_alone():
    text = "trace 9f8e7d6c5b4a39281706f5e4d3c2b1a0 of npm-cache-server-7d4b9c6f5d-x2k9z"
    assert redact(text) == text
    assert "9f8e7d6c5b4a" not in redact_for_models(text)
    assert f"ai4k8s_{'x' * 24}" not in redact_for_models(f"with ai4k8s_{'x' * 24}")
