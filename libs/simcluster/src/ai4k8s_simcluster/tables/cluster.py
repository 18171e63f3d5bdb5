"""How namespaces, nodes, events, storage, configuration and access are shown."""

from typing import Any

from ai4k8s_simcluster.tables.layout import AGE, NAME, NONE, UNKNOWN, UNSET, Column, Layout, age, created, name_of, wide
from ai4k8s_simcluster.types import Obj

_NODE, _EVENT, _CLAIM = "core.v1.NodeSystemInfo.", "core.v1.Event.", "core.v1.PersistentVolumeClaim"
_VOLUME = "core.v1.PersistentVolume"
_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_ROLE_PREFIX = "node-role.kubernetes.io/"
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def _namespace(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), (obj.get("status") or {}).get("phase", ""), created(obj, now)]


def _node(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status") or {}
    conditions = {found["type"]: found["status"] for found in status.get("conditions") or ()}
    word = {"True": "Ready", "False": "NotReady", "Unknown": "NotReady"}.get(conditions.get("Ready", ""), "Unknown")
    if obj["spec"].get("unschedulable"):
        word += ",SchedulingDisabled"
    labels = obj["metadata"].get("labels") or {}
    roles = {key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)}
    roles |= {labels["kubernetes.io/role"]} if labels.get("kubernetes.io/role") else set()
    addresses = {found["type"]: found["address"] for found in reversed(status.get("addresses") or [])}
    info = status.get("nodeInfo") or {}
    kernel, architecture = info.get("kernelVersion") or UNKNOWN, info.get("architecture")
    return [
        name_of(obj),
        word,
        ",".join(sorted(roles)) or NONE,
        created(obj, now),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP", NONE),
        addresses.get("ExternalIP", NONE),
        info.get("osImage") or UNKNOWN,
        f"{kernel} ({architecture})" if architecture else kernel,
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def _event(obj: Obj, now: float) -> list[Any]:
    first = obj.get("firstTimestamp") or obj.get("eventTime")
    series = obj.get("series") or {}
    last = series.get("lastObservedTime") or obj.get("lastTimestamp") or first
    involved, source = obj.get("involvedObject") or {}, obj.get("source") or {}
    component, host = source.get("component"), source.get("host")
    if not component:
        component, host = obj.get("reportingComponent") or "", obj.get("reportingInstance")
    return [
        age(last, now),
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{str(involved.get('kind', '')).lower()}/{involved.get('name', '')}",
        involved.get("fieldPath", ""),
        f"{component}, {host}" if host else component,
        str(obj.get("message", "")).strip(),
        age(first, now),
        series.get("count") or obj.get("count") or 1,
        name_of(obj),
    ]


def _counted(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), created(obj, now)]


def _secret(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), obj.get("type", ""), len(obj.get("data") or ()), created(obj, now)]


def _plain(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), created(obj, now)]


def _quota(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status") or {}
    hard, used = status.get("hard") or {}, status.get("used") or {}
    parts: dict[bool, list[str]] = {False: [], True: []}
    for name in sorted(hard):
        parts[name.startswith("limits.")].append(f"{name}: {used.get(name, 0)}/{hard[name]}")
    return [name_of(obj), ", ".join(parts[False]), ", ".join(parts[True]), created(obj, now)]


def _modes(modes: list[str] | None) -> str:
    given = modes or []
    return ",".join(short for mode, short in _MODES.items() if mode in given)


def _claim(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    bound = bool(spec.get("volumeName"))
    return [
        name_of(obj),
        "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", ""),
        spec.get("volumeName", ""),
        (status.get("capacity") or {}).get("storage", "") if bound else "",
        _modes(status.get("accessModes")) if bound else "",
        spec.get("storageClassName") or "",
        spec.get("volumeAttributesClassName") or UNSET,
        created(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


def _volume(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    claim = spec.get("claimRef") or {}
    return [
        name_of(obj),
        (spec.get("capacity") or {}).get("storage", ""),
        _modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", ""),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        spec.get("storageClassName") or "",
        spec.get("volumeAttributesClassName") or UNSET,
        status.get("reason", ""),
        created(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


def _storage_class(obj: Obj, now: float) -> list[Any]:
    default = (obj["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true"
    return [
        name_of(obj) + (" (default)" if default else ""),
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy", "Delete"),
        obj.get("volumeBindingMode", "Immediate"),
        bool(obj.get("allowVolumeExpansion")),
        created(obj, now),
    ]


def _priority_class(obj: Obj, now: float) -> list[Any]:
    values = [obj.get("value", 0), bool(obj.get("globalDefault"))]
    return [name_of(obj), *values, created(obj, now), obj.get("preemptionPolicy", "PreemptLowerPriority")]


def _lease(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), (obj.get("spec") or {}).get("holderIdentity", ""), created(obj, now)]


def _api_service(obj: Obj, now: float) -> list[Any]:
    service = (obj.get("spec") or {}).get("service")
    conditions = (obj.get("status") or {}).get("conditions") or ()
    found = next((one for one in conditions if one.get("type") == "Available"), {"status": "Unknown"})
    word = found["status"] if found["status"] == "True" else f"{found['status']} ({found.get('reason', '')})"
    local = f"{service['namespace']}/{service['name']}" if service else "Local"
    return [name_of(obj), local, word, created(obj, now)]


def _binding(obj: Obj, now: float) -> list[Any]:
    role, subjects = obj.get("roleRef") or {}, obj.get("subjects") or ()
    names = [
        ", ".join(one.get("name", "") for one in subjects if one.get("kind") == kind) for kind in ("User", "Group")
    ]
    accounts = ", ".join(
        f"{one.get('namespace', '')}/{one.get('name', '')}" for one in subjects if one.get("kind") == "ServiceAccount"
    )
    return [name_of(obj), f"{role.get('kind')}/{role.get('name')}", created(obj, now), *names, accounts]


_BINDING = (
    NAME,
    Column("Role", field="rbac.v1.RoleBinding.roleRef"),
    AGE,
    wide("Users", text="Users in the roleBinding"),
    wide("Groups", text="Groups in the roleBinding"),
    wide("ServiceAccounts", text="ServiceAccounts in the roleBinding"),
)
LAYOUTS = {
    "Namespace": Layout((NAME, Column("Status", text="The status of the namespace"), AGE), _namespace),
    "Node": Layout(
        (
            NAME,
            Column("Status", text="The status of the node"),
            Column("Roles", text="The roles of the node"),
            AGE,
            Column("Version", field=_NODE + "kubeletVersion"),
            wide("Internal-IP", "core.v1.NodeStatus.addresses"),
            wide("External-IP", "core.v1.NodeStatus.addresses"),
            wide("OS-Image", _NODE + "osImage"),
            wide("Kernel-Version", _NODE + "kernelVersion"),
            wide("Container-Runtime", _NODE + "containerRuntimeVersion"),
        ),
        _node,
    ),
    "Event": Layout(
        (
            Column("Last Seen", field=_EVENT + "lastTimestamp"),
            Column("Type", field=_EVENT + "type"),
            Column("Reason", field=_EVENT + "reason"),
            Column("Object", field=_EVENT + "involvedObject"),
            wide("Subobject", "core.v1.ObjectReference.fieldPath"),
            wide("Source", _EVENT + "source"),
            Column("Message", field=_EVENT + "message"),
            wide("First Seen", _EVENT + "firstTimestamp"),
            wide("Count", _EVENT + "count"),
            wide("Name", NAME.field),
        ),
        _event,
    ),
    "ConfigMap": Layout((NAME, Column("Data", field="core.v1.ConfigMap.data"), AGE), _counted),
    "Secret": Layout(
        (NAME, Column("Type", field="core.v1.Secret.type"), Column("Data", field="core.v1.Secret.data"), AGE), _secret
    ),
    "ServiceAccount": Layout((NAME, AGE), _plain),
    "ResourceQuota": Layout(
        (
            NAME,
            Column("Request", text="Request represents a minimum amount of cpu/memory that a container may consume."),
            Column(
                "Limit",
                text="Limits control the maximum amount of cpu/memory that a container may use independent of "
                "contention on the node.",
            ),
            AGE,
        ),
        _quota,
    ),
    "PersistentVolumeClaim": Layout(
        (
            NAME,
            Column("Status", field=_CLAIM + "Status.phase"),
            Column("Volume", field=_CLAIM + "Spec.volumeName"),
            Column("Capacity", field=_CLAIM + "Status.capacity"),
            Column("Access Modes", field=_CLAIM + "Status.accessModes"),
            Column("StorageClass", text="StorageClass of the pvc"),
            Column("VolumeAttributesClass", text="VolumeAttributesClass of the pvc"),
            AGE,
            wide("VolumeMode", _CLAIM + "Spec.volumeMode"),
        ),
        _claim,
    ),
    "PersistentVolume": Layout(
        (
            NAME,
            Column("Capacity", field=_VOLUME + "Spec.capacity"),
            Column("Access Modes", field=_VOLUME + "Spec.accessModes"),
            Column("Reclaim Policy", field=_VOLUME + "Spec.persistentVolumeReclaimPolicy"),
            Column("Status", field=_VOLUME + "Status.phase"),
            Column("Claim", field=_VOLUME + "Spec.claimRef"),
            Column("StorageClass", text="StorageClass of the pv"),
            Column("VolumeAttributesClass", text="VolumeAttributesClass of the pv"),
            Column("Reason", field=_VOLUME + "Status.reason"),
            AGE,
            wide("VolumeMode", _VOLUME + "Spec.volumeMode"),
        ),
        _volume,
    ),
    "StorageClass": Layout(
        (
            NAME,
            Column("Provisioner", field="storage.v1.StorageClass.provisioner"),
            Column("ReclaimPolicy", field="storage.v1.StorageClass.reclaimPolicy"),
            Column("VolumeBindingMode", field="storage.v1.StorageClass.volumeBindingMode"),
            Column("AllowVolumeExpansion", field="storage.v1.StorageClass.allowVolumeExpansion"),
            AGE,
        ),
        _storage_class,
    ),
    "PriorityClass": Layout(
        (
            NAME,
            Column("Value", "integer", field="scheduling.v1.PriorityClass.value"),
            Column("Global-Default", "boolean", field="scheduling.v1.PriorityClass.globalDefault"),
            AGE,
            Column("PreemptionPolicy", field="scheduling.v1.PriorityClass.preemptionPolicy"),
        ),
        _priority_class,
    ),
    "Lease": Layout((NAME, Column("Holder", field="coordination.v1.LeaseSpec.holderIdentity"), AGE), _lease),
    "APIService": Layout(
        (
            NAME,
            Column("Service", text="The reference to the service that hosts this API endpoint."),
            Column("Available", text="Whether this service is available."),
            AGE,
        ),
        _api_service,
    ),
    "RoleBinding": Layout(_BINDING, _binding),
    "ClusterRoleBinding": Layout(_BINDING, _binding),
}
