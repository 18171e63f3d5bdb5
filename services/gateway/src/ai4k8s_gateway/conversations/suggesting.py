"""How a text may go on: kubectl's verbs and kinds, names that were observed, and questions worth asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_gateway.clusters import service as cluster_service
from ai4k8s_gateway.conversations import repository
from ai4k8s_gateway.conversations.schemas import TextSuggestion, TextSuggestionList

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_gateway.accounts.service import Principal

MOST = 12
QUESTIONS = (
    "What's wrong with my cluster?",
    "Show me all unhealthy pods",
    "Which pods use the most memory?",
    "List all deployments",
    "What will the cluster need in the next hours?",
    "What do you recommend?",
    "Is anything unusual?",
    "Show warnings of the last hour",
)
VERBS = {
    "get": "list or show objects",
    "describe": "an object with its events",
    "logs": "the log of a pod or workload",
    "top": "what pods or nodes use",
    "events": "what was reported",
    "scale": "set replicas",
    "rollout": "status, history, restart, undo",
    "set": "set image",
    "label": "set labels",
    "annotate": "set annotations",
    "delete": "delete objects",
    "run": "run a pod",
    "cordon": "no new pods on a node",
    "uncordon": "new pods on a node again",
    "drain": "empty a node",
    "autoscale": "create an HPA",
}
KINDS = (
    "pods", "deployments", "services", "nodes", "namespaces", "statefulsets", "daemonsets", "jobs", "cronjobs",
    "configmaps", "secrets", "ingresses", "persistentvolumeclaims", "hpa", "events", "replicasets",
)  # fmt: skip
_TAKE_KINDS = frozenset({"get", "describe", "delete", "label", "annotate", "scale"})


def suggest(connection: Connection, principal: Principal, cluster_id: UUID, text: str) -> TextSuggestionList:
    """Return how a text may go on. Raises NotFoundError for a cluster that is not there for whoever asks."""
    cluster_service.get(connection, principal, cluster_id)
    if not text.strip():
        return TextSuggestionList(items=[TextSuggestion(text=one, label=one, kind="question") for one in QUESTIONS])
    before, _, part = text.rpartition(" ")
    words = before.split()
    found: list[TextSuggestion] = []
    if words[:1] == ["kubectl"] and len(words) == 1:
        found += [
            _offer(before, verb, f"{verb}: {what}", "verb") for verb, what in VERBS.items() if _begins(verb, part)
        ]
    elif not words and "kubectl".startswith(part.lower()):
        found.append(_offer("", "kubectl", "kubectl …", "verb"))
    if len(words) == 2 and words[0] == "kubectl" and words[1] in _TAKE_KINDS:
        found += [_offer(before, kind, kind, "kind") for kind in KINDS if _begins(kind, part)]
    if words and words[-1] in {"-n", "--namespace", "in", "namespace"}:
        names = repository.namespaces(connection, cluster_id, part, MOST)
        found += [_offer(before, name, name, "namespace") for name in names]
    elif part and not part.startswith("-"):
        for row in repository.names(connection, cluster_id, part, MOST):
            where = f" in {row.namespace}" if row.namespace else ""
            found.append(_offer(before, row.name, f"{row.kind} {row.name}{where}", "name"))
    found += [
        TextSuggestion(text=one, label=one, kind="question")
        for one in QUESTIONS
        if one.lower().startswith(text.lower())
    ]
    return TextSuggestionList(items=found[:MOST])


def _begins(word: str, part: str) -> bool:
    return word.startswith(part.lower())


def _offer(before: str, word: str, label: str, kind: str) -> TextSuggestion:
    return TextSuggestion(text=f"{before} {word} ".lstrip(), label=label, kind=kind)
