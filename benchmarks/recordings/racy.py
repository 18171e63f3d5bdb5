"""What a recording says that a second run of the very same server would not say again.

Some of it depends on which of two programs was faster, some on what else ran in the recording's cluster, some on its
stand-in kubelet, which told no events.
"""

import json
import re
from typing import Any

from benchmarks.recordings.compare import Difference

_KUBELET_REASONS = ("Pulling", "Pulled", "Created", "Started", "Killing", "BackOff", "Failed", "Unhealthy")
_KUBELET_LINE = re.compile(rf"(?:^|\s)(?:Normal|Warning) (?:{'|'.join(_KUBELET_REASONS)}) ")
_REVISION = "deployment.kubernetes.io/revision"
# How far controllers had come when an answer was given.
_CONTROLLERS = re.compile(
    r"^(?:order\()?status\.|^metadata\.annotations(?:\.deployment\.kubernetes\.io/revision)?$"
    r"|^metadata\.managedFields(?:\[None\]$|\[\d+\]\.fieldsV1\.f:(?:status|metadata\.f:annotations))"
)
_RACY_PLACES = {
    "server-side-apply": _CONTROLLERS,
    "subresources": _CONTROLLERS,
    "rollout": re.compile(r"(?:^|\.)(?:metadata\.generation|status\.observedGeneration|status\.terminatingReplicas)$"),
}
_PROGRESS_LINE = re.compile(r"^Waiting for ")
_SYSTEM_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


def without_racy(found: list[Difference], topic: str) -> list[Difference]:
    """Return differences without those in places that two runs never have alike."""
    racy = _RACY_PLACES.get(topic)
    return [one for one in found if racy is None or not racy.search(one.where)]


def without_kubelet_events(value: Any, recorded: Any) -> Any:
    """Return a list or table without the events of kubelets; unless the recording has some, made by hand."""
    if any(f'"{reason}"' in json.dumps(recorded) for reason in _KUBELET_REASONS):
        return value
    if isinstance(value, list):
        return [item for item in value if not _is_kubelets(item)]
    if not isinstance(value, dict):
        return value
    found = dict(value)
    for key in ("items", "rows"):
        if isinstance(found.get(key), list):
            found[key] = [item for item in found[key] if not _is_kubelets(item)]
    return found


def _is_kubelets(item: Any) -> bool:
    if not isinstance(item, dict):
        return False
    if item.get("reportingComponent") == "kubelet" or (item.get("source") or {}) == {"component": "kubelet"}:
        return True
    cells = item.get("cells") or []
    return len(cells) > 2 and cells[2] in _KUBELET_REASONS


def without_revision(value: Any) -> Any:
    """Return an object without its rollout's number, which its controller writes whenever it comes to it."""
    if not isinstance(value, dict):
        return value
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("annotations"), dict):
        return value
    annotations = {key: inner for key, inner in metadata["annotations"].items() if key != _REVISION}
    return {**value, "metadata": {**metadata, "annotations": annotations or None}}


def comparable_lines(command: str, text: str, namespaces: list[str]) -> list[str]:
    """Return a command's lines with single spaces, without those that depend on luck or on other scenarios."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not _KUBELET_LINE.search(line)]
    if "rollout status" in command:
        lines = [line for line in lines if not _PROGRESS_LINE.match(line)]
    if command.startswith("kubectl diff"):  # the folders that it compares, and when it wrote their files
        lines = [line for line in lines if not line.startswith(("diff -u -N", "--- ", "+++ "))]
    words = command.split()
    if "-A" in words or words[1:3] == ["get", "ns"]:
        known = {"NAME", "NAMESPACE", *namespaces, *_SYSTEM_NAMESPACES}
        lines = [line for line in lines if line.split()[0] in known]
    return lines
