"""Requests in plain English become manifests that pass the check, or questions; changes touch nothing else."""

from __future__ import annotations

import difflib
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ai4k8s_rag.checking import check_text
from ai4k8s_rag.domain.findings import Layer, Severity
from ai4k8s_rag.domain.writing.changes import change
from ai4k8s_rag.domain.writing.compose import compose
from ai4k8s_rag.generating import Wanted, write
from benchmarks.manifest_cases import bases, load, unmet

REQUESTS: list[dict[str, Any]] = [*load("requests_first.yaml"), *load("requests_second.yaml")]
# What the parser does not understand yet is kept among the requests and counted by the benchmark.
NOT_YET = 3


def errors(text: str) -> list[str]:
    report = check_text(text)
    return [f.why for f in report.findings if f.severity is Severity.ERROR and f.layer is not Layer.POLICY]


def test_requests_of_all_kinds_are_met_and_nothing_invalid_is_ever_written() -> None:
    failed = []
    for case in REQUESTS:
        draft = compose(case["ask"])
        if draft.objects:
            assert errors(draft.text()) == [], case["ask"]
        if unmet(case["expect"], draft.objects, [each.field for each in draft.questions]):
            failed.append(case["ask"])
    assert len(REQUESTS) >= 150
    assert len(failed) <= NOT_YET, failed


def test_what_was_assumed_is_said() -> None:
    draft = compose("deployment for nginx")

    said = " ".join(draft.defaults)
    for words in ("no namespace", "no number of replicas", "no version given for nginx", "no memory limit"):
        assert words in said


def test_values_of_secrets_are_never_invented_or_kept() -> None:
    draft = compose("postgres with a secret db-login with password=hunter2 and user=admin")

    assert "hunter2" not in draft.text()
    assert any("left out" in each for each in draft.defaults)


def test_a_request_for_a_backdoor_is_shown_for_what_it_is() -> None:
    written = write(
        Wanted("privileged daemonset rootkit image acme/kit:1 with host network and hostpath / mounted at /host")
    )

    rules = {each["rule"] for each in written.values()["findings"] if each["severity"] == "error"}
    assert {"policy.privileged", "policy.host-namespaces", "policy.host-path"} <= rules


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from([*" ".join(c["ask"] for c in REQUESTS).split(), "§0§", "'", "`", "\n", "{{", "--"]), max_size=25
    )
)
def test_any_words_at_all_give_valid_manifests_or_questions(words: list[str]) -> None:
    draft = compose(" ".join(words))

    assert draft.objects or draft.questions
    if draft.objects:
        assert len(list(yaml.safe_load_all(draft.text()))) == len(draft.objects)


BASE = bases()["deployment"].split("---\n")[0].replace("replicas: 2", "replicas: 2  # two")
CHANGES = [
    ("add a readiness probe on /healthz", {"path: /healthz", "port: http"}),
    ("set replicas to 5", {"replicas: 5  # two"}),
    ("use image tag 2.0", {"image: registry.example.com:5000/shop/web:2.0"}),
    ("add env LOG_LEVEL=debug", {"- name: LOG_LEVEL", "value: debug"}),
    ("set memory limit to 1Gi", {"limits: {memory: 1Gi}"}),
    ("add label team=a", {"labels: {app.kubernetes.io/name: web, team: a}"}),
    ("mount configmap cfg at /etc/cfg", {"- name: cfg", "mountPath: /etc/cfg", "configMap:", "name: cfg"}),
    ("remove the memory limit", {"limits: {}"}),
    ("read-only root filesystem", {"readOnlyRootFilesystem: true"}),
]


@pytest.mark.parametrize(("request_", "added"), CHANGES)
def test_a_change_touches_what_was_named_and_nothing_else(request_: str, added: set[str]) -> None:
    changed = change(request_, BASE)

    assert changed.done
    lines = list(difflib.ndiff(BASE.splitlines(), changed.text.splitlines()))
    assert added <= {line[2:].strip() for line in lines if line.startswith("+")}
    assert sum(line.startswith("-") for line in lines) <= 1
    assert errors(changed.text) == []


def test_an_object_beside_is_added_for_the_one_that_is_meant() -> None:
    changed = change("expose it with a service and add an hpa up to 10", BASE)

    first, *others = list(yaml.safe_load_all(changed.text))
    assert changed.text.startswith(BASE.rstrip())
    assert first["metadata"]["name"] == "web"
    assert {each["kind"] for each in others} == {"Service", "HorizontalPodAutoscaler"}
    service = next(each for each in others if each["kind"] == "Service")
    assert service["spec"]["selector"] == {"app.kubernetes.io/name": "web"}


def test_a_change_that_is_not_understood_is_asked_about() -> None:
    changed = change("make it nicer", BASE)

    assert (changed.text, changed.done) == (BASE, [])
    assert [each.field for each in changed.draft.questions] == ["change"]
