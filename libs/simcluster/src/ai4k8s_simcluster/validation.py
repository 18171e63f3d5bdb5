"""What makes an object invalid beyond the form of its fields.

Covers what clients of the served types get wrong in practice; the causes carry a real server's wording.
"""

import re
from collections.abc import Callable
from functools import partial

from ai4k8s_simcluster.auth import validation as access
from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.quantity import QuantityError, parse_quantity
from ai4k8s_simcluster.selectors import from_label_selector, match_labels
from ai4k8s_simcluster.types import Obj

_SUBDOMAIN = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
_SERVICE_NAME = re.compile(r"^[a-z]([-a-z0-9]*[a-z0-9])?$")
_QUALIFIED = re.compile(r"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$")
_LABEL_VALUE = re.compile(r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$")
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
    "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
    "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_QUALIFIED_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_NOT_NEGATIVE = "must be greater than or equal to 0"
_MAX_NAME = 253
_MAX_LABEL = 63


def _name(kind: str, metadata: Obj) -> list[Cause]:
    name = metadata.get("name")
    if not name:
        return [Cause.required("metadata.name", "name or generateName is required")]
    if kind == "Service":
        good, rule = (
            _SERVICE_NAME.match(name),
            "a DNS-1035 label must consist of lower case alphanumeric characters",
        )
    elif kind in access.KINDS:
        return access.invalid_name(name)
    elif kind == "Namespace":
        good, rule = _LABEL.match(name), _LABEL_RULE
    else:
        good, rule = _SUBDOMAIN.match(name), _SUBDOMAIN_RULE
    limit = _MAX_LABEL if kind in {"Service", "Namespace"} else _MAX_NAME
    causes = [] if good else [Cause.invalid("metadata.name", name, rule)]
    if len(name) > limit:
        causes.append(Cause.invalid("metadata.name", name, f"must be no more than {limit} bytes"))
    return causes


def _labels(path: str, labels: Obj) -> list[Cause]:
    causes: list[Cause] = []
    for key, value in labels.items():
        if not _QUALIFIED.match(key.rsplit("/", 1)[-1]):
            causes.append(Cause.invalid(path, key, _QUALIFIED_RULE))
        if len(value) > _MAX_LABEL:
            causes.append(Cause.invalid(path, value, f"must be no more than {_MAX_LABEL} bytes"))
        elif not _LABEL_VALUE.match(value):
            causes.append(Cause.invalid(path, value, _LABEL_VALUE_RULE))
    return causes


def _metadata(kind: str, obj: Obj) -> list[Cause]:
    metadata = obj["metadata"]
    causes = _name(kind, metadata) + _labels("metadata.labels", metadata.get("labels") or {})
    for key in metadata.get("annotations") or {}:
        if not _QUALIFIED.match(key.rsplit("/", 1)[-1]):
            causes.append(Cause.invalid("metadata.annotations", key, _QUALIFIED_RULE))
    return causes


def _resources(path: str, resources: Obj) -> list[Cause]:
    causes: list[Cause] = []
    for section in ("limits", "requests"):
        for name, value in (resources.get(section) or {}).items():
            try:
                if parse_quantity(value) < 0:
                    causes.append(Cause.invalid(f"{path}.{section}[{name}]", value, _NOT_NEGATIVE))
            except QuantityError as error:
                causes.append(Cause.invalid(f"{path}.{section}[{name}]", value, str(error)))
    if causes:
        return causes
    limits = resources.get("limits") or {}
    for name, value in (resources.get("requests") or {}).items():
        if name in limits and parse_quantity(value) > parse_quantity(limits[name]):
            detail = f"must be less than or equal to {name} limit of {limits[name]}"
            causes.append(Cause.invalid(f"{path}.requests", value, detail))
    return causes


def _containers(path: str, containers: list[Obj]) -> list[Cause]:
    causes: list[Cause] = []
    seen: set[str] = set()
    for at, container in enumerate(containers):
        where = f"{path}[{at}]"
        name = str(container.get("name", ""))
        if not name:
            causes.append(Cause.required(f"{where}.name"))
        elif not _LABEL.match(name):
            causes.append(Cause.invalid(f"{where}.name", name, _LABEL_RULE))
        elif name in seen:
            causes.append(Cause(f"{where}.name", "FieldValueDuplicate", f'Duplicate value: "{name}"'))
        seen.add(name)
        if not container.get("image"):
            causes.append(Cause.required(f"{where}.image"))
        causes += _resources(f"{where}.resources", container.get("resources") or {})
        causes += [
            Cause.invalid(
                f"{where}.ports[{i}].containerPort",
                port.get("containerPort"),
                "must be between 1 and 65535, inclusive",
            )
            for i, port in enumerate(container.get("ports") or [])
            if not 1 <= int(port.get("containerPort") or 0) <= 65535
        ]
    return causes


def _pod_spec(path: str, spec: Obj, *, template: bool) -> list[Cause]:
    containers = spec.get("containers") or []
    causes = _containers(f"{path}.containers", containers) if containers else [Cause.required(f"{path}.containers")]
    policy = spec.get("restartPolicy")
    if policy not in {"Always", "OnFailure", "Never"}:
        causes.append(Cause.unsupported(f"{path}.restartPolicy", policy, ("Always", "OnFailure", "Never")))
    elif template and policy != "Always":
        causes.append(Cause.unsupported(f"{path}.restartPolicy", policy, ("Always",)))
    return causes


def _pod(obj: Obj) -> list[Cause]:
    return _pod_spec("spec", obj["spec"], template=False)


def _template(spec: Obj) -> list[Cause]:
    causes: list[Cause] = []
    if spec.get("replicas", 1) < 0:
        causes.append(Cause.invalid("spec.replicas", spec["replicas"], _NOT_NEGATIVE))
    selector = spec.get("selector")
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    if not selector:
        causes.append(Cause.required("spec.selector"))
    elif not match_labels(from_label_selector(selector), {"metadata": {"labels": labels}}):
        detail = "`selector` does not match template `labels`"
        causes.append(Cause.invalid("spec.template.metadata.labels", labels, detail))
    causes += _labels("spec.template.metadata.labels", labels)
    return causes + _pod_spec("spec.template.spec", template.get("spec") or {}, template=True)


def _amount(path: str, value: object) -> list[Cause]:
    if isinstance(value, str) and not re.fullmatch(r"\d+%", value):
        return [Cause.invalid(path, value, "a valid percent string must be a numeric string followed by an ending '%'")]
    if isinstance(value, int) and value < 0:
        return [Cause.invalid(path, value, _NOT_NEGATIVE)]
    return []


def _deployment(obj: Obj) -> list[Cause]:
    spec = obj["spec"]
    causes = _template(spec)
    strategy = spec.get("strategy") or {}
    if strategy.get("type") not in {"Recreate", "RollingUpdate"}:
        causes.append(Cause.unsupported("spec.strategy.type", strategy.get("type"), ("Recreate", "RollingUpdate")))
    rolling = strategy.get("rollingUpdate")
    if rolling and strategy.get("type") == "Recreate":
        detail = "may not be specified when strategy `type` is 'Recreate'"
        causes.append(Cause.forbidden("spec.strategy.rollingUpdate", detail))
    elif rolling:
        for name in ("maxUnavailable", "maxSurge"):
            causes += _amount(f"spec.strategy.rollingUpdate.{name}", rolling.get(name))
        if str(rolling.get("maxUnavailable")).strip("%") == "0" and str(rolling.get("maxSurge")).strip("%") == "0":
            where = "spec.strategy.rollingUpdate.maxUnavailable"
            causes.append(Cause.invalid(where, rolling["maxUnavailable"], "may not be 0 when `maxSurge` is 0"))
    return causes


def _replicaset(obj: Obj) -> list[Cause]:
    return _template(obj["spec"])


def _service(obj: Obj) -> list[Cause]:
    spec = obj["spec"]
    kinds = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
    causes = [] if spec["type"] in kinds else [Cause.unsupported("spec.type", spec["type"], kinds)]
    ports = spec.get("ports") or []
    if not ports and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        causes.append(Cause.required("spec.ports"))
    for at, port in enumerate(ports):
        if not 1 <= int(port.get("port") or 0) <= 65535:
            detail = "must be between 1 and 65535, inclusive"
            causes.append(Cause.invalid(f"spec.ports[{at}].port", port.get("port", 0), detail))
        if len(ports) > 1 and not port.get("name"):
            causes.append(Cause.required(f"spec.ports[{at}].name"))
    return causes


_RULES: dict[str, Callable[[Obj], list[Cause]]] = {
    "Pod": _pod,
    "Deployment": _deployment,
    "ReplicaSet": _replicaset,
    "Service": _service,
    "Role": partial(access.invalid_role, namespaced=True),
    "ClusterRole": partial(access.invalid_role, namespaced=False),
    "RoleBinding": partial(access.invalid_binding, namespaced=True),
    "ClusterRoleBinding": partial(access.invalid_binding, namespaced=False),
}
_IMMUTABLE = {"Deployment": ("selector",), "ReplicaSet": ("selector",)}
_POD_MUTABLE = {"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates"}
_POD_RULE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def validate(kind: str, obj: Obj) -> list[Cause]:
    """Return what is wrong with an object, defaults applied."""
    rules = _RULES.get(kind)
    return _metadata(kind, obj) + (rules(obj) if rules else [])


def validate_change(kind: str, old: Obj, new: Obj) -> list[Cause]:
    """Return what is wrong with turning one object into another."""
    causes = [
        Cause.invalid(f"spec.{name}", new["spec"].get(name), "field is immutable")
        for name in _IMMUTABLE.get(kind, ())
        if old["spec"].get(name) != new["spec"].get(name)
    ]
    if kind in {"RoleBinding", "ClusterRoleBinding"}:
        causes += access.invalid_change(old, new)
    if kind == "Pod" and _pod_fixed(old["spec"]) != _pod_fixed(new["spec"]):
        causes.append(Cause.forbidden("spec", _POD_RULE))
    if old["metadata"].get("deletionTimestamp"):
        before = set(old["metadata"].get("finalizers") or ())
        fresh = [name for name in new["metadata"].get("finalizers") or () if name not in before]
        if fresh:
            listed = ", ".join(f'"{name}"' for name in fresh)
            detail = (
                "no new finalizers can be added if the object is being deleted, "
                f"found new finalizers []string{{{listed}}}"
            )
            causes.append(Cause.forbidden("metadata.finalizers", detail))
    return causes


def _pod_fixed(spec: Obj) -> Obj:
    fixed = {key: value for key, value in spec.items() if key not in _POD_MUTABLE}
    for name in ("containers", "initContainers"):
        if name in fixed:
            fixed[name] = [{k: v for k, v in one.items() if k != "image"} for one in fixed[name]]
    return fixed
