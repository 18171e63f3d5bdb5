"""English and kubectl lines without a model: what is understood, and what is never taken for an order."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai4k8s_chat.domain.parsing.parse import parse
from ai4k8s_chat.domain.parsing.parsed import Context, Outcome, Subject
from ai4k8s_chat.domain.tools import BY_NAME
from benchmarks.chat import figures
from benchmarks.chat_requests.pairs import judge, read_pairs

PAIRS = list(read_pairs())
VERDICTS = [judge(pair, parse(pair.request)) for pair in PAIRS]
ORDERS = [
    pair.request
    for pair in PAIRS
    if pair.access == "write"
    and not pair.request.startswith("kubectl")
    and not re.search(r"[.!?]\s|, (?:so|can|could|would|please)", pair.request)
]
WEB = Context(subject=Subject("Deployment", "web", "shop"))


def test_written_requests_are_understood_as_often_as_promised() -> None:
    found = figures(VERDICTS)
    assert found["tool_and_kind"] >= 0.95
    assert found["all_arguments"] >= 0.90
    assert found["asked_back"] >= 0.95


def test_no_written_question_is_taken_for_an_order() -> None:
    taken = [v.pair.request for v in VERDICTS if v.pair.access != "write" and v.parsed.outcome is Outcome.WRITE]
    assert taken == []


def test_arguments_are_those_that_the_tools_take() -> None:
    for verdict in VERDICTS:
        parsed = verdict.parsed
        if parsed.outcome in {Outcome.READ, Outcome.WRITE}:
            BY_NAME[parsed.tool or ""].arguments.model_validate({"cluster": "c", **parsed.arguments})


@pytest.mark.parametrize(
    "opening", ["how do I", "what would happen if I", "should I", "is it safe to", "please don't", "never"]
)
def test_an_order_that_is_asked_about_or_forbidden_is_none(opening: str) -> None:
    taken = [order for order in ORDERS if parse(f"{opening} {order.removeprefix('please ')}").outcome is Outcome.WRITE]
    assert taken == []


@pytest.mark.parametrize(
    ("message", "tool", "arguments"),
    [
        ("and its logs?", "pods_log", {"kind": "Deployment", "name": "web", "namespace": "shop"}),
        ("show its events", "events_list", {"kind": "Deployment", "name": "web", "namespace": "shop"}),
        ("what is wrong with it?", "diagnose", {"kind": "Deployment", "name": "web", "namespace": "shop"}),
        ("scale it to 4", "resources_scale", {"kind": "Deployment", "name": "web", "namespace": "shop", "replicas": 4}),
        ("restart it", "rollout_restart", {"kind": "Deployment", "name": "web", "namespace": "shop"}),
        ("show pods", "pods_list", {}),
    ],
)
def test_it_is_what_the_conversation_is_about(message: str, tool: str, arguments: dict[str, object]) -> None:
    parsed = parse(message, WEB)
    assert (parsed.tool, dict(parsed.arguments)) == (tool, arguments)


@pytest.mark.parametrize(
    ("request_", "answer", "arguments"),
    [
        ("delete web", "Deployment", {"kind": "Deployment", "name": "web"}),
        ("scale deployment web", "5", {"kind": "Deployment", "name": "web", "replicas": 5}),
        ("restart the deployment", "checkout", {"kind": "Deployment", "name": "checkout"}),
        ("update the image of web", "nginx:1.27", {"kind": "Deployment", "name": "web", "image": "nginx:1.27"}),
        ("show me the logs", "web-1", {"kind": "Pod", "name": "web-1"}),
    ],
)
def test_an_answer_to_a_question_back_completes_the_request(request_: str, answer: str, arguments: dict[str, object]):
    assert parse(request_).outcome is Outcome.CLARIFY
    assert dict(parse(answer, Context(unanswered=request_)).arguments) == arguments


def test_a_full_request_after_a_question_back_is_a_new_one() -> None:
    assert parse("show pods in shop", Context(unanswered="delete web")).tool == "pods_list"


def test_names_that_exist_settle_their_kind() -> None:
    known = Context(known={"ledger": ("StatefulSet",), "api": ("Deployment", "Service")})
    assert parse("delete ledger", known).arguments["kind"] == "StatefulSet"
    both = parse("delete api", known)
    assert (both.outcome, both.choices) == (Outcome.CLARIFY, ("Deployment", "Service"))


def test_a_pasted_manifest_is_applied_only_when_that_is_said() -> None:
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
    applied = parse(f"please apply this:\n```yaml\n{manifest}```")
    assert (applied.tool, applied.arguments["manifest"]) == ("resources_create_or_update", manifest)
    assert parse(f"here is something\n{manifest}").outcome is Outcome.CLARIFY


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("kubectl get pods | xargs kubectl delete pod", "pipes"),
        ("kubectl get pods && kubectl delete ns prod", "chains"),
        ("kubectl get pods `id`", "substitutions"),
        ("kubectl get pods $HOME", "substitutions"),
        ("kubectl get pods >out", "redirected"),
        ("kubectl create -f pod.yaml", "no files"),
        ("kubectl create configmap a --from-file=/etc/passwd", "no files"),
        ("kubectl get pods --token=abc", "chosen cluster"),
        ("kubectl get pods --context other", "chosen cluster"),
        ("kubectl get pods -o jsonpath={.items}", "-o jsonpath"),
        ("kubectl get pods --watch", "watched"),
        ("kubectl port-forward web-0 80", "no place here"),
        ("kubectl drain n1 --disable-eviction", "disruption budgets"),
        ("kubectl scale deploy web --replicas=-1", "whole number"),
        ("kubectl scale deploy web --replicas=2 --resource-version=7", "not understood"),
        ("kubectl get pods 'x", "quotes"),
        ("kubectl get pods\nkubectl delete ns prod", "several lines"),
    ],
)
def test_a_line_that_needs_a_shell_a_file_or_another_cluster_is_refused_with_the_reason(line: str, why: str) -> None:
    parsed = parse(line)
    assert parsed.outcome is Outcome.REFUSE
    assert why in parsed.answer


def test_what_follows_two_dashes_is_the_command_and_no_shell() -> None:
    parsed = parse("kubectl exec web-0 -n shop -- grep -r x /etc")
    assert parsed.arguments == {"namespace": "shop", "name": "web-0", "command": ("grep", "-r", "x", "/etc")}


_VOCABULARY = """kubectl delete scale web pod pods deployment namespace in to 5 -n -- shop/web --replicas=3 " ' ` | ; logs of
the don't how all get = , ? restart image nginx:1.2 label a=b kube-system it's"""
_WORDS = st.sampled_from(_VOCABULARY.split())


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(_WORDS, max_size=12).map(" ".join)))
def test_whatever_is_said_is_answered_and_every_call_is_well_formed(text: str) -> None:
    parsed = parse(text)
    if parsed.tool and parsed.outcome in {Outcome.READ, Outcome.WRITE}:
        assert set(parsed.arguments) <= set(BY_NAME[parsed.tool].arguments.model_fields)
    else:
        assert parsed.answer
