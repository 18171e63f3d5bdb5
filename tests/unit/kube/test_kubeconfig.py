"""Guarantee 18: what a kubeconfig may not do is refused with the reason and with what to do instead."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import yaml

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.kube.addresses import AccessPolicy
from ai4k8s_common.kube.credentials import ClusterCredential, CredentialUnreadableError
from ai4k8s_common.kube.kubeconfig import parse_kubeconfig
from tests.support.certificates import make_authority

CA = make_authority()


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def config(cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None, **extra: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "prod",
                "cluster": {
                    "server": "https://10.1.2.3:6443",
                    "certificate-authority-data": encoded(CA.pem),
                    **(cluster or {}),
                },
            }
        ],
        "users": [{"name": "me", "user": {"token": "canary-token"} if user is None else user}],
        "contexts": [
            {"name": "one", "context": {"cluster": "prod", "user": "me", "namespace": "shop"}},
            {"name": "two", "context": {"cluster": "prod", "user": "me"}},
        ],
        "current-context": "one",
        **extra,
    }


def parse(raw: dict[str, Any], **arguments: Any):
    return parse_kubeconfig(yaml.safe_dump(raw), **arguments)


def test_the_current_context_is_read() -> None:
    parsed = parse(config())
    assert parsed.context == "one"
    assert parsed.namespace == "shop"
    assert parsed.contexts == ("one", "two")
    assert parsed.credential.server == "https://10.1.2.3:6443"
    assert parsed.credential.ca_pem == CA.pem
    assert parsed.credential.token is not None
    assert parsed.credential.token.get_secret_value() == "canary-token"


def test_another_context_can_be_chosen() -> None:
    assert parse(config(), context="two").namespace == "default"
    with pytest.raises(InvalidInputError) as caught:
        parse(config(), context="three")
    assert "one, two" in caught.value.hint


def test_a_client_certificate_is_read() -> None:
    certificate, key = CA.sign("me")
    parsed = parse(config(user={"client-certificate-data": encoded(certificate), "client-key-data": encoded(key)}))
    assert parsed.credential.client_certificate_pem == certificate
    assert parsed.credential.client_key_pem is not None


@pytest.mark.parametrize(
    ("cluster", "user", "words"),
    [
        ({"server": "https://127.0.0.1:6443"}, None, "127.0.0.1"),
        ({"server": "https://localhost:6443"}, None, "127.0.0.1"),
        ({"server": "https://[::1]:6443"}, None, "::1"),
        ({"server": "https://[::ffff:127.0.0.1]:6443"}, None, "127.0.0.1"),
        ({"server": "https://169.254.169.254"}, None, "link-local"),
        ({"server": "https://[fe80::1%25eth0]:6443"}, None, "link-local"),
        ({"server": "https://[fd00:ec2::254]"}, None, "metadata"),
        ({"server": "https://metadata.google.internal"}, None, "metadata"),
        ({"server": "https://0x7f.0.0.1"}, None, "unusual form"),
        ({"server": "https://2130706433"}, None, "unusual form"),
        ({"server": "https://0.0.0.0:6443"}, None, "no machine's address"),
        ({"server": "http://10.1.2.3:8080"}, None, "http://"),
        ({"server": "file:///etc/passwd"}, None, "https://host:port"),
        ({"server": "https://me:secret@10.1.2.3"}, None, "username"),
        ({"proxy-url": "http://10.0.0.9:3128"}, None, "proxy-url"),
        ({"insecure-skip-tls-verify": True}, None, "insecure-skip-tls-verify"),
        ({"certificate-authority": "/etc/shadow"}, None, "names a file"),
        ({"certificate-authority-data": "not base64!"}, None, "base64"),
        ({"certificate-authority-data": encoded("-----BEGIN CERTIFICATE-----\nx")}, None, "no PEM certificate"),
        ({}, {"exec": {"command": "aws", "apiVersion": "v1"}}, "exec"),
        ({}, {"auth-provider": {"name": "gcp"}}, "auth-provider"),
        ({}, {"client-certificate": "/root/.ssh/id_rsa", "client-key": "x"}, "names a file"),
        ({}, {"tokenFile": "/var/run/secrets/token"}, "tokenFile"),
        ({}, {"token": "x", "as": "system:admin"}, "impersonation"),
        ({}, {"client-certificate-data": encoded(CA.pem)}, "go together"),
        ({}, {"username": "me"}, "go together"),
        ({}, {}, "no token"),
    ],
)
def test_what_is_unsafe_is_refused_with_the_reason(
    cluster: dict[str, Any], user: dict[str, Any] | None, words: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse(config(cluster, user))
    assert words in caught.value.detail


def test_loopback_is_allowed_by_an_explicit_setting_only() -> None:
    policy = AccessPolicy(allow_loopback=True)
    for server in ("https://127.0.0.1:6443", "http://127.0.0.1:8001"):
        assert parse(config({"server": server}), policy=policy).credential.server == server
    with pytest.raises(InvalidInputError):
        parse(config({"server": "https://169.254.169.254"}), policy=policy)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\nb: [*a, *a]",
        "[" * 10_000,
        "{a: " * 5_000,
        "- x\n" * 60_000,
        "x" * (1024 * 1024 + 1),
        "contexts: {",
        "contexts: !!python/object/apply:os.system ['true']",
        "just text",
        "clusters: 5",
        "",
        "\x00",
    ],
)
def test_bombs_and_nonsense_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_kubeconfig(text)


def test_a_credential_survives_sealing_and_shows_no_secret() -> None:
    credential = ClusterCredential.model_validate(
        {"server": "https://10.1.2.3", "username": "me", "password": "canary-password", "token": "canary-token"}
    )
    assert ClusterCredential.from_json(credential.to_json()) == credential
    assert "canary" not in f"{credential!r} {credential}"


def test_an_unreadable_credential_does_not_repeat_itself() -> None:
    with pytest.raises(CredentialUnreadableError) as caught:
        ClusterCredential.from_json(b'{"canary": "canary"}')
    assert "canary" not in f"{caught.value!r} {caught.value.__cause__!r}"
