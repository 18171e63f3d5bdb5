"""What is wrong with configuration, storage, priorities and events."""

import base64
import binascii
import json
import re

from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.validation import rules

_MOST_BYTES = 1024 * 1024
_NOWHERE = "[]"  # how a path without a name is written
_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
    "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_HIGHEST_USER_PRIORITY = 1_000_000_000
_ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_RECLAIM = ("Delete", "Retain")
_FIXED_WHEN_IMMUTABLE = "field is immutable when `immutable` is set"
_CLAIM_RULE = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)


def _key_faults(key: str) -> list[str]:
    if not _KEY.fullmatch(key):
        return [_KEY_RULE]
    if key in {".", ".."}:
        return [f"must not be '{key}'"]
    return ["must not start with '..'"] if key.startswith("..") else []


def _size(value: str) -> int:
    return len(base64.b64decode(value)) if value else 0


def check_config_map(obj: Obj) -> rules.Causes:
    """Check a ConfigMap."""
    causes: rules.Causes = []
    total = 0
    for key, value in (obj.get("data") or {}).items():
        causes += rules.refused(f"data[{key}]", key, _key_faults(key))
        if key in (obj.get("binaryData") or {}):
            causes.append(Cause.invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
        total += len(value.encode())
    for key, value in (obj.get("binaryData") or {}).items():
        causes += rules.refused(f"binaryData[{key}]", key, _key_faults(key))
        total += _size(value)
    if total > _MOST_BYTES:
        causes.append(Cause.too_long(_NOWHERE, _MOST_BYTES))
    return causes


def check_secret(obj: Obj) -> rules.Causes:
    """Check a Secret."""
    data = obj.get("data") or {}
    causes: rules.Causes = []
    for key in data:
        causes += rules.refused(f"data[{key}]", key, _key_faults(key))
    if sum(_size(value) for value in data.values()) > _MOST_BYTES:
        causes.append(Cause.too_long("data", _MOST_BYTES))
    return causes + _typed_secret(str(obj.get("type")), data, obj["metadata"].get("annotations") or {})


def _typed_secret(kind: str, data: Obj, annotations: Obj) -> rules.Causes:
    match kind:
        case "kubernetes.io/service-account-token":
            name = "kubernetes.io/service-account.name"
            return [] if annotations.get(name) else [Cause.required(f"metadata.annotations[{name}]")]
        case "kubernetes.io/tls":
            return [Cause.required(f"data[{key}]") for key in ("tls.crt", "tls.key") if key not in data]
        case "kubernetes.io/ssh-auth":
            return [] if data.get("ssh-privatekey") else [Cause.required("data[ssh-privatekey]")]
        case "kubernetes.io/basic-auth":
            if "username" in data or "password" in data:
                return []
            return [Cause.required("data[username]"), Cause.required("data[password]")]
        case "kubernetes.io/dockerconfigjson":
            return _json_data(data, ".dockerconfigjson")
        case "kubernetes.io/dockercfg":
            return _json_data(data, ".dockercfg")
    return []


def _json_data(data: Obj, key: str) -> rules.Causes:
    if key not in data:
        return [Cause.required(f"data[{key}]")]
    try:
        json.loads(base64.b64decode(data[key]))
    except (ValueError, binascii.Error) as error:
        return [Cause.invalid(f"data[{key}]", "<secret contents redacted>", str(error))]
    return []


def check_config_change(old: Obj, new: Obj) -> rules.Causes:
    """Return what is wrong with changing a ConfigMap or a Secret."""
    causes: rules.Causes = []
    if old["kind"] == "Secret" and old.get("type") != new.get("type"):
        causes.append(Cause.invalid("type", new.get("type"), rules.IMMUTABLE))
    if not old.get("immutable"):
        return causes
    if not new.get("immutable"):
        causes.append(Cause.forbidden("immutable", _FIXED_WHEN_IMMUTABLE))
    causes += [
        Cause.forbidden(name, _FIXED_WHEN_IMMUTABLE)
        for name in ("data", "binaryData")
        if (old.get(name) or {}) != (new.get(name) or {})
    ]
    return causes


def check_claim(obj: Obj) -> rules.Causes:
    """Check a PersistentVolumeClaim."""
    spec = obj["spec"]
    causes: rules.Causes = []
    if not spec.get("accessModes"):
        causes.append(Cause.required("spec.accessModes", "at least 1 access mode is required"))
    for mode in spec.get("accessModes") or ():
        causes += rules.one_of("spec.accessModes", mode, _ACCESS_MODES)
    if "storage" not in ((spec.get("resources") or {}).get("requests") or {}):
        causes.append(Cause.required("spec.resources[storage]"))
    return causes + rules.one_of("spec.volumeMode", spec.get("volumeMode"), ("Block", "Filesystem"))


def check_claim_change(old: Obj, new: Obj) -> rules.Causes:
    """Return what is wrong with changing a PersistentVolumeClaim."""
    free = {"resources", "volumeAttributesClassName"} | ({"volumeName"} if not old["spec"].get("volumeName") else set())
    fixed = [{key: value for key, value in obj["spec"].items() if key not in free} for obj in (old, new)]
    return [] if fixed[0] == fixed[1] else [Cause.forbidden("spec", _CLAIM_RULE)]


def check_volume(obj: Obj) -> rules.Causes:
    """Check a PersistentVolume."""
    spec = obj["spec"]
    causes: rules.Causes = []
    if not spec.get("accessModes"):
        causes.append(Cause.required("spec.accessModes"))
    if not spec.get("capacity"):
        causes.append(Cause.required("spec.capacity"))
    elif set(spec["capacity"]) != {"storage"}:
        causes.append(Cause.unsupported("spec.capacity", spec["capacity"], ("storage",)))
    causes += rules.one_of(
        "spec.persistentVolumeReclaimPolicy", spec.get("persistentVolumeReclaimPolicy"), ("Delete", "Recycle", "Retain")
    )
    return causes


def check_storage_class(obj: Obj) -> rules.Causes:
    """Check a StorageClass."""
    causes = [] if obj.get("provisioner") else [Cause.required("provisioner")]
    causes += rules.one_of("reclaimPolicy", obj.get("reclaimPolicy"), _RECLAIM)
    return causes + rules.one_of(
        "volumeBindingMode", obj.get("volumeBindingMode"), ("Immediate", "WaitForFirstConsumer")
    )


def check_storage_class_change(old: Obj, new: Obj) -> rules.Causes:
    """Return what is wrong with changing a StorageClass."""
    detail = "updates to {} are forbidden."
    return [
        Cause.forbidden(name, detail.format(name))
        for name in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode")
        if old.get(name) != new.get(name)
    ]


def check_priority_class(obj: Obj) -> rules.Causes:
    """Check a PriorityClass."""
    value, name = obj.get("value", 0), obj["metadata"].get("name", "")
    causes: rules.Causes = []
    if name.startswith("system-"):
        if name not in {"system-node-critical", "system-cluster-critical"}:
            detail = "priority class names with 'system-' prefix are reserved for system use only"
            causes.append(
                Cause.forbidden("metadata.name", f"{detail}. error: {name} is not a known system priority class")
            )
    elif value > _HIGHEST_USER_PRIORITY:
        detail = f"maximum allowed value of a user defined priority is {_HIGHEST_USER_PRIORITY}"
        causes.append(Cause.forbidden("value", detail))
    policy = obj.get("preemptionPolicy")
    return causes + rules.one_of("preemptionPolicy", policy, ("Never", "PreemptLowerPriority"))


def check_priority_class_change(old: Obj, new: Obj) -> rules.Causes:
    """Return what is wrong with changing a PriorityClass."""
    detail = "may not be changed in an update."
    causes = [] if old.get("value") == new.get("value") else [Cause.forbidden("value", detail)]
    if old.get("preemptionPolicy") != new.get("preemptionPolicy"):
        causes.append(Cause.invalid("preemptionPolicy", new.get("preemptionPolicy"), rules.IMMUTABLE))
    return causes


def check_group_event(obj: Obj) -> rules.Causes:
    """Check an Event that is created by its own group, where more must be said."""
    if not obj.get("eventTime"):
        return [Cause.required("eventTime")]
    causes: rules.Causes = []
    controller = obj.get("reportingComponent", "")
    if not controller:
        causes.append(Cause.required("reportingController"))
    else:
        causes += rules.refused("reportingController", controller, rules.qualified_name(controller))
    causes += [Cause.required(name) for name in ("reportingInstance", "action", "reason") if not obj.get(name)]
    return causes + rules.one_of("type", obj.get("type"), ("Normal", "Warning"))


def check_event(obj: Obj) -> rules.Causes:
    """Check an Event of the core group."""
    involved = obj.get("involvedObject") or {}
    if involved.get("namespace", "") != obj["metadata"].get("namespace", "") and involved.get("namespace"):
        detail = "does not match event.namespace"
        return [Cause.invalid("involvedObject.namespace", involved["namespace"], detail)]
    return []
