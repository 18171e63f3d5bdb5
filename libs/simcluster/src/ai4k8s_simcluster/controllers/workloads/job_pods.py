"""What Jobs know of their pods: which index, which have ended how, and what a failure means by the Job's policy."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ai4k8s_simcluster.controllers.context import condition
from ai4k8s_simcluster.types import Obj

TRACKING = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
INDEX_FAILURES = "batch.kubernetes.io/job-index-failure-count"


class Action(StrEnum):
    """What a Job does about a failed pod."""

    COUNT = "Count"
    IGNORE = "Ignore"
    FAIL_JOB = "FailJob"
    FAIL_INDEX = "FailIndex"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done, and the words for it when the Job fails."""

    action: Action
    message: str = ""


def is_indexed(job: Obj) -> bool:
    """Say whether each pod of a Job has an index of its own."""
    return bool(job["spec"].get("completionMode") == "Indexed")


def index_of(pod: Obj) -> int | None:
    """Return a pod's completion index."""
    text = (pod["metadata"].get("annotations") or {}).get(INDEX, "")
    return int(text) if text.isdigit() else None


def phase(pod: Obj) -> str:
    """Return a pod's phase."""
    return str((pod.get("status") or {}).get("phase", "Pending"))


def compress(indexes: Iterable[int]) -> str:
    """Write indexes as Jobs do: two in a row with a comma, more with a dash (`0,1`, `0-2,5`)."""
    parts: list[str] = []
    ordered = sorted(set(indexes))
    at = 0
    while at < len(ordered):
        end = at
        while end + 1 < len(ordered) and ordered[end + 1] == ordered[end] + 1:
            end += 1
        if end == at:
            parts.append(str(ordered[at]))
        else:
            parts.append(f"{ordered[at]}{',' if end == at + 1 else '-'}{ordered[end]}")
        at = end + 1
    return ",".join(parts)


def expand(text: str) -> set[int]:
    """Read indexes that were written by `compress` or by a person."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def _codes(pod: Obj, container: str | None) -> list[tuple[str, int]]:
    status = pod.get("status") or {}
    found: list[tuple[str, int]] = []
    for item in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        terminated = (item.get("state") or {}).get("terminated")
        if terminated and int(terminated["exitCode"]) != 0 and container in {None, item["name"]}:
            found.append((item["name"], int(terminated["exitCode"])))
    return found


def _meets_codes(rule: Obj, pod: Obj) -> str:
    """Return which container's exit code a rule is about, in words; nothing when it is about none."""
    for name, code in _codes(pod, rule.get("containerName")):
        listed = code in (rule.get("values") or ())
        if listed == (rule["operator"] == "In"):
            where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
            return f"Container {name} for pod {where} failed with exit code {code}"
    return ""


def _meets_conditions(rules: list[Obj], pod: Obj) -> str:
    for rule in rules:
        found = condition(pod, rule["type"])
        if found is not None and found["status"] == rule.get("status", "True"):
            where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
            return f"Pod {where} has condition {rule['type']}"
    return ""


def judge(job: Obj, pod: Obj) -> Verdict:
    """Return what the first rule that fits says of a failed pod; without one its failure counts."""
    for number, rule in enumerate((job["spec"].get("podFailurePolicy") or {}).get("rules") or ()):
        if rule.get("onExitCodes"):
            words = _meets_codes(rule["onExitCodes"], pod)
        else:
            words = _meets_conditions(rule.get("onPodConditions") or [], pod)
        if words:
            return Verdict(Action(rule["action"]), f"{words} matching {rule['action']} rule at index {number}")
    return Verdict(Action.COUNT)
