"""What is wrong with a pod, in itself or in a template."""

from typing import Any

from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.validation import rules
from ai4k8s_simcluster.validation.containers import check_containers

RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_EFFECTS = ("NoExecute", "NoSchedule", "PreferNoSchedule")
_UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")
_LONGEST_SECONDS = 2**31 - 1
_POD_RULE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def check_pod(obj: Obj) -> rules.Causes:
    """Check a pod."""
    return check_pod_spec("spec", obj["spec"])


def check_template(path: str, template: Obj, claims: frozenset[str] = frozenset()) -> rules.Causes:
    """Check a template of pods.

    claims: names of volumes that its pods get from a StatefulSet's claim templates.
    """
    metadata = template.get("metadata") or {}
    causes = rules.labels(f"{path}.labels", metadata.get("labels"))
    causes += rules.annotations(f"{path}.annotations", metadata.get("annotations"))
    return causes + check_pod_spec(f"{path}.spec", template.get("spec") or {}, claims)


def check_pod_spec(path: str, spec: Obj, claims: frozenset[str] = frozenset()) -> rules.Causes:
    """Check a pod's spec; claims are volumes that it will have beside its own."""
    causes, volumes = _volumes(f"{path}.volumes", spec.get("volumes") or [])
    volumes |= claims
    taken: set[str] = set()
    if spec.get("containers"):
        causes += check_containers(f"{path}.containers", spec["containers"], volumes, taken)
    else:
        causes.append(Cause.required(f"{path}.containers"))
    causes += check_containers(f"{path}.initContainers", spec.get("initContainers") or [], volumes, taken)
    causes += rules.one_of(f"{path}.restartPolicy", spec.get("restartPolicy"), RESTART_POLICIES)
    causes += rules.one_of(f"{path}.dnsPolicy", spec.get("dnsPolicy"), _DNS_POLICIES)
    causes += rules.labels(f"{path}.nodeSelector", spec.get("nodeSelector"))
    for name in ("serviceAccountName", "nodeName", "priorityClassName"):
        if spec.get(name):
            causes += rules.refused(f"{path}.{name}", spec[name], rules.subdomain(spec[name]))
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _LONGEST_SECONDS:
        detail = f"must be between 1 and {_LONGEST_SECONDS}, inclusive"
        causes.append(Cause.invalid(f"{path}.activeDeadlineSeconds", deadline, detail))
    for name in ("hostname", "subdomain"):
        if spec.get(name):
            causes += rules.refused(f"{path}.{name}", spec[name], rules.label(spec[name]))
    causes += _tolerations(f"{path}.tolerations", spec.get("tolerations") or [])
    causes += rules.not_negative(f"{path}.terminationGracePeriodSeconds", spec.get("terminationGracePeriodSeconds"))
    return causes + _spreading(f"{path}.topologySpreadConstraints", spec.get("topologySpreadConstraints") or [])


def _volumes(path: str, volumes: list[Obj]) -> tuple[rules.Causes, set[str]]:
    causes: rules.Causes = []
    names: set[str] = set()
    for at, volume in enumerate(volumes):
        where, name = f"{path}[{at}]", volume.get("name", "")
        sources = [key for key in volume if key != "name" and volume[key] is not None]
        causes += [
            Cause.forbidden(f"{where}.{source}", "may not specify more than 1 volume type") for source in sources[1:]
        ]
        causes += _volume_source(where, volume)
        if not name:
            causes.append(Cause.required(f"{where}.name"))
        else:
            causes += rules.refused(f"{where}.name", name, rules.label(name))
        if name in names:
            causes.append(Cause.duplicate(f"{where}.name", name))
        names.add(name)
    return causes, names


def _volume_source(where: str, volume: Obj) -> rules.Causes:
    wanted = (
        ("configMap", "name"), ("secret", "secretName"), ("persistentVolumeClaim", "claimName"), ("hostPath", "path"),
        ("nfs", "server"), ("nfs", "path"), ("csi", "driver"),
    )  # fmt: skip
    return [
        Cause.required(f"{where}.{source}.{field}")
        for source, field in wanted
        if isinstance(volume.get(source), dict) and not volume[source].get(field)
    ]


def _tolerations(path: str, tolerations: list[Obj]) -> rules.Causes:
    causes: rules.Causes = []
    for at, toleration in enumerate(tolerations):
        where, key = f"{path}[{at}]", toleration.get("key", "")
        operator, effect = toleration.get("operator", ""), toleration.get("effect", "")
        if key:
            causes += rules.refused(f"{where}.key", key, rules.qualified_name(key))
        elif operator != "Exists":
            detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            causes.append(Cause.invalid(f"{where}.operator", operator, detail))
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            causes.append(Cause.invalid(f"{where}.effect", effect, detail))
        if operator == "Exists" and toleration.get("value"):
            detail = "value must be empty when `operator` is 'Exists'"
            causes.append(Cause.invalid(f"{where}.operator", toleration, detail))
        elif operator not in {"", "Equal", "Exists", "Lt", "Gt"}:
            causes.append(Cause.unsupported(f"{where}.operator", operator, ("Equal", "Exists")))
        if effect:
            causes += rules.one_of(f"{where}.effect", effect, _EFFECTS)
    return causes


def _spreading(path: str, constraints: list[Obj]) -> rules.Causes:
    causes: rules.Causes = []
    for at, constraint in enumerate(constraints):
        where = f"{path}[{at}]"
        if constraint.get("maxSkew", 0) <= 0:
            causes.append(Cause.invalid(f"{where}.maxSkew", constraint.get("maxSkew", 0), "must be greater than zero"))
        if not constraint.get("topologyKey"):
            causes.append(Cause.required(f"{where}.topologyKey", "can not be empty"))
        causes += rules.one_of(f"{where}.whenUnsatisfiable", constraint.get("whenUnsatisfiable"), _UNSATISFIABLE)
        causes += rules.label_selector(f"{where}.labelSelector", constraint.get("labelSelector"))
    return causes


def check_pod_change(old: Obj, new: Obj) -> rules.Causes:
    """Return what is wrong with changing a pod."""
    before, after = old["spec"], new["spec"]
    causes: rules.Causes = []
    for part in ("containers", "initContainers"):
        if len(before.get(part) or ()) != len(after.get(part) or ()):
            detail = "pod updates may not add or remove containers"
            return [Cause.forbidden(f"spec.{part}", detail)]
        for at, container in enumerate(after.get(part) or ()):
            if not container.get("image"):
                causes.append(Cause.required(f"spec.{part}[{at}].image"))
    causes += _deadline_change(before.get("activeDeadlineSeconds"), after.get("activeDeadlineSeconds"))
    causes += _tolerations_change(before.get("tolerations") or [], after.get("tolerations") or [])
    if _fixed(before) != _fixed(after):
        causes.append(Cause.forbidden("spec", _POD_RULE))
    return causes


def _deadline_change(before: Any, after: Any) -> rules.Causes:
    where = "spec.activeDeadlineSeconds"
    if before is not None and after is None:
        return [Cause.invalid(where, None, "must not update from a positive integer to nil value")]
    if before is not None and after > before:
        return [Cause.invalid(where, after, f"must be less than or equal to previous value {before}")]
    return []


def _tolerations_change(before: list[Obj], after: list[Obj]) -> rules.Causes:
    if all(any(_but_seconds(one) == _but_seconds(other) for other in after) for one in before):
        return []
    detail = "existing toleration can not be modified except its tolerationSeconds"
    return [Cause.forbidden("spec.tolerations", detail)]


def _but_seconds(toleration: Obj) -> Obj:
    return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}


def _fixed(spec: Obj) -> Obj:
    mutable = {"activeDeadlineSeconds", "tolerations"}
    if spec.get("terminationGracePeriodSeconds", 0) < 0:
        mutable = mutable | {"terminationGracePeriodSeconds"}
    if spec.get("schedulingGates"):
        mutable = mutable | {"nodeSelector", "affinity"}
    fixed = {key: value for key, value in spec.items() if key not in mutable | {"schedulingGates"}}
    for name in ("containers", "initContainers"):
        if name in fixed:
            fixed[name] = [{k: v for k, v in one.items() if k != "image"} for one in fixed[name]]
    return fixed
