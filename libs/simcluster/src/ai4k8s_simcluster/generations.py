"""Counting what an object was asked for: each change of its wishes, not of its status, is a new generation."""

from ai4k8s_simcluster.registry import DAEMON_SETS, ResourceType
from ai4k8s_simcluster.types import Obj

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"


def count_generation(resource: ResourceType, old: Obj, new: Obj) -> None:
    """Give a changed object its next generation, in place; a DaemonSet counts its templates as well."""
    new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
    if resource is DAEMON_SETS and old["spec"]["template"] != new["spec"]["template"]:
        annotations = dict(new["metadata"].get("annotations") or {})
        before = (old["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION, "0")
        annotations[TEMPLATE_GENERATION] = str(int(before) + 1 if before.isdigit() else 1)
        new["metadata"]["annotations"] = annotations
