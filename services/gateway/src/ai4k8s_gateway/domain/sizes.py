"""Patches that give containers the recommended sizes: as an object, as a command, as YAML to paste."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TypeAlias

MIB = 2**20
GIB = 2**30
#: Kinds whose template a strategic merge patch can change; custom resources know no strategic merge.
_TEMPLATE: dict[str, tuple[str, ...]] = {
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
}
Tree: TypeAlias = "dict[str, Tree] | list[dict[str, Tree]] | str | int"


@dataclass(frozen=True)
class Amounts:
    """What one container has and should have; None: not set, or nothing to say."""

    container: str
    init: bool
    cpu_request: tuple[float | None, float | None]
    cpu_limit: tuple[float | None, float | None]
    memory_request: tuple[float | None, float | None]
    memory_limit: tuple[float | None, float | None]


def cpu_quantity(millicores: float) -> str:
    """Millicores in Kubernetes' notation."""
    whole = round(millicores)
    return str(whole // 1000) if whole % 1000 == 0 else f"{whole}m"


def memory_quantity(size: float) -> str:
    """Bytes in Kubernetes' notation."""
    whole = round(size)
    if whole % GIB == 0:
        return f"{whole // GIB}Gi"
    return f"{-(-whole // MIB)}Mi"


def patch_of(kind: str, containers: list[Amounts]) -> dict[str, Tree] | None:
    """Return a strategic merge patch with what changes and nothing else; None when nothing does, or cannot."""
    path = _TEMPLATE.get(kind)
    if path is None:
        return None
    spec: dict[str, Tree] = {}
    for field, init in (("containers", False), ("initContainers", True)):
        changed: list[dict[str, Tree]] = [
            {"name": one.container, "resources": resources}
            for one in containers
            if one.init is init and (resources := _resources(one))
        ]
        if changed:
            spec[field] = changed
    if not spec:
        return None
    tree: dict[str, Tree] = spec
    for name in reversed(path):
        tree = {name: tree}
    return tree


def _resources(one: Amounts) -> dict[str, Tree]:
    found: dict[str, Tree] = {}
    for part, cpu, memory in (
        ("requests", one.cpu_request, one.memory_request),
        ("limits", one.cpu_limit, one.memory_limit),
    ):
        amounts: dict[str, Tree] = {}
        if cpu[1] is not None and cpu[1] != cpu[0]:
            amounts["cpu"] = cpu_quantity(cpu[1])
        if memory[1] is not None and memory[1] != memory[0]:
            amounts["memory"] = memory_quantity(memory[1])
        if amounts:
            found[part] = amounts
    return found


def unpatchable(kind: str) -> str:
    """Say why there is no patch for a kind; empty for those that have one."""
    if kind in _TEMPLATE:
        return ""
    return f"{kind} is a custom resource, which knows no strategic merge patch: put the sizes into its manifest."


def command_of(resource: str, namespace: str, name: str, patch: dict[str, Tree]) -> str:
    """Return the kubectl command that applies a patch. Names are of the API server's kind and need no quoting."""
    return f"kubectl patch {resource} {name} -n {namespace} --type strategic -p '{json.dumps(patch)}'"


def hpa_command(namespace: str, hpa: str, target_percent: int) -> str:
    """Return the command that moves an HPA's CPU target along with a request.

    By the old version of the API, in which that target is one field; the server keeps the other metrics as they are.
    The whole name is needed: kubectl does not expand a short one that names a version, and takes the new version.
    """
    patch = json.dumps({"spec": {"targetCPUUtilizationPercentage": target_percent}})
    return f"kubectl patch horizontalpodautoscalers.v1.autoscaling {hpa} -n {namespace} --type merge -p '{patch}'"


def yaml_of(patch: dict[str, Tree]) -> str:
    """Return a patch as YAML; all leaves are names and quantities."""
    return "\n".join(_lines(patch, 0)) + "\n"


def _lines(tree: Tree, depth: int) -> list[str]:
    pad = "  " * depth
    if isinstance(tree, dict):
        lines: list[str] = []
        for key, value in tree.items():
            if isinstance(value, dict | list):
                lines += [f"{pad}{key}:", *_lines(value, depth + 1)]
            else:
                lines.append(f"{pad}{key}: {json.dumps(value)}")
        return lines
    if isinstance(tree, list):
        lines = []
        for item in tree:
            first, *rest = _lines(item, depth + 1)
            lines += [f"{pad}- {first.strip()}", *rest]
        return lines
    return [f"{pad}{json.dumps(tree)}"]
