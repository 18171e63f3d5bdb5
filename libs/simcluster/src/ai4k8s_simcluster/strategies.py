"""What differs between built-in types and custom resources when they are written: defaults, validation, generation.

Built-in types have rules in code, custom resources have those of their definition.
"""

from collections.abc import Mapping
from typing import Any

from ai4k8s_simcluster.admission.podsecurity import label_causes
from ai4k8s_simcluster.customresources.definitions import (
    change_causes,
    default_definition,
    definition_causes,
    initial_status,
)
from ai4k8s_simcluster.customresources.rules import validate_rules
from ai4k8s_simcluster.customresources.schemas import fill_defaults
from ai4k8s_simcluster.customresources.values import (
    NOT_CHECKED,
    is_blocking,
    validate_lists,
    validate_scale_field,
    validate_value,
)
from ai4k8s_simcluster.defaults import apply_defaults
from ai4k8s_simcluster.defaults.pods import qos_class
from ai4k8s_simcluster.defaults.workloads import JOB_LABELS
from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.registry import CUSTOM_RESOURCE_DEFINITIONS, JOBS, NAMESPACES, NODES, PODS, Custom, ResourceType
from ai4k8s_simcluster.resizing import check_resize
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.validation import validate, validate_change
from ai4k8s_simcluster.validation.metadata import check_metadata, check_metadata_change

_NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
_GATED = {
    "type": "PodScheduled",
    "status": "False",
    "lastProbeTime": None,
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
}
# What defaulting here adds to a spec and a real server decides later, so that no client owns it.
_DECIDED = {"Service": ("ipFamilies", "ipFamilyPolicy"), "Namespace": ("finalizers",), "Job": ("selector",)}


def fill_in(resource: ResourceType, obj: Obj) -> None:
    """Put defaults into an object, in place."""
    if resource is CUSTOM_RESOURCE_DEFINITIONS:
        default_definition(obj)
    elif resource.custom is None:
        apply_defaults(resource.kind, obj)
    else:
        fill_defaults(obj, dict(resource.custom.schema))


def begin(resource: ResourceType, obj: Obj) -> None:
    """Add what the server itself decides of an object, in place."""
    if resource is CUSTOM_RESOURCE_DEFINITIONS:
        obj.setdefault("status", initial_status(obj))
    elif resource is NODES:
        taint_until_ready(obj)
    elif resource is PODS:
        status = obj.setdefault("status", {})
        status.setdefault("phase", "Pending")
        status.setdefault("qosClass", qos_class(obj["spec"]))
        if obj["spec"].get("schedulingGates") and not status.get("conditions"):
            status["conditions"] = [_GATED | {"lastTransitionTime": obj["metadata"]["creationTimestamp"]}]


def taint_until_ready(node: Obj) -> None:
    """Keep pods off a new node until it says that it is ready, in place."""
    conditions = (node.get("status") or {}).get("conditions") or ()
    ready = any(found["type"] == "Ready" and found["status"] == "True" for found in conditions)
    taints = (node.get("spec") or {}).get("taints") or []
    if not ready and not any(found["key"] == _NOT_READY["key"] for found in taints):
        node.setdefault("spec", {})["taints"] = [*taints, dict(_NOT_READY)]


def without_decisions(resource: ResourceType, obj: Obj, given: Obj | None) -> Obj:
    """Return an object as its managers see it: without what the server itself decided of a spec that came otherwise."""
    names = _DECIDED.get(resource.kind, ()) if resource.custom is None else ()
    decided = {name for name in names if name not in (given or {})}
    if not decided and resource is not JOBS:
        return obj
    seen = {**obj, "spec": {key: value for key, value in obj["spec"].items() if key not in decided}}
    return _without_job_labels(seen) if resource is JOBS else seen


def without_zero_replicas(resource: ResourceType, obj: Obj) -> Obj:
    """Return a workload as its Scale shows it: zero replicas are not said there, so nobody owns them."""
    *parents, last = resource.replicas_path.split(".")
    copied = {**obj}
    inner = copied
    for name in parents:
        inner[name] = {**(inner.get(name) or {})}
        inner = inner[name]
    if inner.get(last) == 0:
        del inner[last]
    return copied


def _without_job_labels(job: Obj) -> Obj:
    """Drop the labels by which a Job finds its pods, as the server makes them up."""

    def plain(metadata: Obj) -> Obj:
        labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key not in JOB_LABELS}
        rest = {key: value for key, value in metadata.items() if key != "labels"}
        return {**rest, "labels": labels} if labels else rest

    template = job["spec"].get("template") or {}
    spec = {**job["spec"], "template": {**template, "metadata": plain(template.get("metadata") or {})}}
    return {**job, "metadata": plain(job["metadata"]), "spec": spec}


def keeps_status(resource: ResourceType) -> bool:
    """Say whether the status is written through its own endpoint only."""
    return resource.custom is None or resource.subresource("status") is not None


def generation_counts(resource: ResourceType, old: Obj, new: Obj) -> bool:
    """Say whether a change makes a new generation."""
    ignored = {"metadata", "status"} if resource.custom is None or keeps_status(resource) else {"metadata"}
    before, after = ({key: value for key, value in obj.items() if key not in ignored} for obj in (old, new))
    return before != after


def causes_of_new(resource: ResourceType, obj: Obj) -> list[Cause]:
    """Return what is wrong with a new object."""
    if resource is CUSTOM_RESOURCE_DEFINITIONS:
        return definition_causes(obj)
    if resource.custom is None:
        return validate(resource.kind, obj) + _level_causes(resource, obj)
    causes = check_metadata("", obj) + _by_schema(resource.custom, obj)
    return causes + _by_rules(causes, resource.custom.schema, obj, None)


def causes_of_change(
    resource: ResourceType, old: Obj, new: Obj, *, status_only: bool, resizing: bool = False
) -> list[Cause]:
    """Return what is wrong with turning one object into another."""
    if resizing:
        return validate(resource.kind, new) + check_resize(old, new)
    custom = resource.custom
    if resource is CUSTOM_RESOURCE_DEFINITIONS:
        return definition_causes(new) + change_causes(old, new) + check_metadata_change(old, new)
    if custom is None:
        causes = validate(resource.kind, new) + validate_change(resource.kind, old, new)
        return causes + _level_causes(resource, new)
    if status_only:
        schema = (custom.schema.get("properties") or {}).get("status") or {}
        causes = validate_value(new.get("status"), schema, "status") if new.get("status") is not None else []
        causes += _replica_fields(custom, new, ("statusReplicasPath",))
        return causes + _by_rules(causes, custom.schema, new, old)
    causes = check_metadata("", new) + check_metadata_change(old, new) + _by_schema(custom, new)
    return causes + _by_rules(causes, custom.schema, new, old)


def _level_causes(resource: ResourceType, obj: Obj) -> list[Cause]:
    return label_causes(obj["metadata"].get("labels") or {}) if resource is NAMESPACES else []


def _by_schema(custom: Custom, obj: Obj) -> list[Cause]:
    schema = dict(custom.schema)
    content = {key: value for key, value in obj.items() if key != "metadata"}
    causes = validate_value(content, {**schema, "properties": _without_metadata(schema)})
    causes += _replica_fields(custom, obj, ("specReplicasPath", "statusReplicasPath"))
    return [*causes, *validate_lists(content, schema)]


def _without_metadata(schema: Mapping[str, Any]) -> Obj:
    return {name: inner for name, inner in (schema.get("properties") or {}).items() if name != "metadata"}


def _replica_fields(custom: Custom, obj: Obj, names: tuple[str, ...]) -> list[Cause]:
    paths = [str(custom.scale[name]) for name in names if name in custom.scale] if custom.scale else []
    return [cause for path in paths for cause in validate_scale_field(obj, path)]


def _by_rules(causes: list[Cause], schema: Mapping[str, Any], obj: Obj, old: Obj | None) -> list[Cause]:
    if any(is_blocking(cause) for cause in causes):
        return [NOT_CHECKED]
    return list(validate_rules(obj, old, dict(schema)))
