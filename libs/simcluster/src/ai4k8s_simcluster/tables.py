"""The columns of `kubectl get`: the server computes them, the client only prints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ai4k8s_simcluster.clock import parse_rfc3339, short_duration
from ai4k8s_simcluster.selectors import write_selector
from ai4k8s_simcluster.types import Obj

_NONE = "<none>"
_UNSET = "<unset>"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; those with a priority show only with `-o wide`."""

    name: str
    json_type: str = "string"
    priority: int = 0

    def definition(self) -> Obj:
        """Return it as the Table carries it."""
        form = "name" if self.name == "Name" else ""
        return {
            "name": self.name,
            "type": self.json_type,
            "format": form,
            "description": f"{self.name} of the object.",
            "priority": self.priority,
        }


@dataclass(frozen=True, slots=True)
class Layout:
    """How one kind is shown."""

    columns: tuple[Column, ...]
    cells: Callable[[Obj, float], list[Any]]


def age(timestamp: str | None, now: float) -> str:
    """Return how long ago a timestamp was."""
    return short_duration(now - parse_rfc3339(timestamp)) if timestamp else "<unknown>"


def _created(obj: Obj, now: float) -> str:
    return age(obj["metadata"].get("creationTimestamp"), now)


def pod_status(pod: Obj) -> str:
    """Return the one word that says how a pod is."""
    status = pod.get("status") or {}
    reason = str(status.get("reason") or status.get("phase") or "Unknown")
    conditions = {found["type"]: found for found in status.get("conditions") or []}
    if conditions.get("PodScheduled", {}).get("reason") == "SchedulingGated":
        reason = "SchedulingGated"
    for container in status.get("containerStatuses") or []:
        state = container.get("state") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
        reason = str(waiting.get("reason") or ended.get("reason") or reason)
    return "Terminating" if pod["metadata"].get("deletionTimestamp") else reason


def _restarts(statuses: Sequence[Obj], now: float) -> str:
    count = sum(int(found.get("restartCount", 0)) for found in statuses)
    ends = [((found.get("lastState") or {}).get("terminated") or {}).get("finishedAt") for found in statuses]
    last = max(filter(None, ends), default=None)
    return f"{count} ({age(last, now)} ago)" if count and last else str(count)


def _pod(pod: Obj, now: float) -> list[Any]:
    status = pod.get("status") or {}
    statuses = status.get("containerStatuses") or []
    ready = sum(1 for found in statuses if found.get("ready"))
    addresses = [found["ip"] for found in status.get("podIPs") or []]
    gates = pod["spec"].get("readinessGates") or []
    return [
        pod["metadata"]["name"],
        f"{ready}/{len(pod['spec'].get('containers') or [])}",
        pod_status(pod),
        _restarts(statuses, now),
        _created(pod, now),
        addresses[0] if addresses else _NONE,
        pod["spec"].get("nodeName") or _NONE,
        status.get("nominatedNodeName") or _NONE,
        f"0/{len(gates)}" if gates else _NONE,
    ]


def _containers(template: Obj) -> list[str]:
    containers = (template.get("spec") or {}).get("containers") or []
    return [",".join(found["name"] for found in containers), ",".join(found["image"] for found in containers)]


def _deployment(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    return [
        obj["metadata"]["name"],
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        _created(obj, now),
        *_containers(spec["template"]),
        write_selector(spec.get("selector")),
    ]


def _replicaset(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    return [
        obj["metadata"]["name"],
        spec.get("replicas", 1),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        _created(obj, now),
        *_containers(spec["template"]),
        write_selector(spec.get("selector")),
    ]


def _port(port: Obj) -> str:
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}"


def _service(obj: Obj, now: float) -> list[Any]:
    spec = obj["spec"]
    external = ",".join(spec.get("externalIPs") or []) or spec.get("externalName") or _NONE
    if spec["type"] == "LoadBalancer" and external == _NONE:
        external = "<pending>"
    selector = ",".join(f"{k}={v}" for k, v in sorted((spec.get("selector") or {}).items()))
    return [
        obj["metadata"]["name"],
        spec["type"],
        spec.get("clusterIP") or _NONE,
        external,
        ",".join(_port(port) for port in spec.get("ports") or []) or _NONE,
        _created(obj, now),
        selector or _NONE,
    ]


def _namespace(obj: Obj, now: float) -> list[Any]:
    return [obj["metadata"]["name"], (obj.get("status") or {}).get("phase", ""), _created(obj, now)]


def _node(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status") or {}
    conditions = {found["type"]: found["status"] for found in status.get("conditions") or []}
    word = {"True": "Ready", "False": "NotReady"}.get(conditions.get("Ready", ""), "Unknown")
    if obj["spec"].get("unschedulable"):
        word += ",SchedulingDisabled"
    prefix = "node-role.kubernetes.io/"
    roles = sorted(k.removeprefix(prefix) for k in obj["metadata"].get("labels") or {} if k.startswith(prefix))
    addresses = {found["type"]: found["address"] for found in status.get("addresses") or []}
    info = status.get("nodeInfo") or {}
    return [
        obj["metadata"]["name"],
        word,
        ",".join(roles) or _NONE,
        _created(obj, now),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP", _NONE),
        addresses.get("ExternalIP", _NONE),
        info.get("osImage") or "<unknown>",
        info.get("kernelVersion") or "<unknown>",
        info.get("containerRuntimeVersion") or "<unknown>",
    ]


def _event(obj: Obj, now: float) -> list[Any]:
    last = obj.get("lastTimestamp") or obj.get("eventTime") or obj["metadata"]["creationTimestamp"]
    first = obj.get("firstTimestamp") or obj.get("eventTime") or last
    involved = obj.get("involvedObject") or {}
    source = obj.get("source") or {}
    component = source.get("component") or obj.get("reportingComponent") or ""
    host = source.get("host") or ""
    return [
        age(last, now),
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{str(involved.get('kind', '')).lower()}/{involved.get('name', '')}",
        involved.get("fieldPath", ""),
        f"{component}, {host}" if host else component,
        str(obj.get("message", "")).strip(),
        age(first, now),
        obj.get("count", 1),
        obj["metadata"]["name"],
    ]


def _columns(*names: str, wide: Sequence[str] = (), integers: Sequence[str] = ()) -> tuple[Column, ...]:
    wanted = [(name, 0) for name in names] + [(name, 1) for name in wide]
    return tuple(Column(name, "integer" if name in integers else "string", priority) for name, priority in wanted)


_WORKLOAD_WIDE = ("Containers", "Images", "Selector")
LAYOUTS: dict[str, Layout] = {
    "Pod": Layout(
        _columns(
            "Name",
            "Ready",
            "Status",
            "Restarts",
            "Age",
            wide=("IP", "Node", "Nominated Node", "Readiness Gates"),
        ),
        _pod,
    ),
    "Deployment": Layout(_columns("Name", "Ready", "Up-to-date", "Available", "Age", wide=_WORKLOAD_WIDE), _deployment),
    "ReplicaSet": Layout(
        _columns(
            "Name",
            "Desired",
            "Current",
            "Ready",
            "Age",
            wide=_WORKLOAD_WIDE,
            integers=("Desired", "Current", "Ready"),
        ),
        _replicaset,
    ),
    "Service": Layout(
        _columns("Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", wide=("Selector",)), _service
    ),
    "Namespace": Layout(_columns("Name", "Status", "Age"), _namespace),
    "Node": Layout(
        _columns(
            "Name",
            "Status",
            "Roles",
            "Age",
            "Version",
            wide=("Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime"),
        ),
        _node,
    ),
    "Event": Layout(
        _columns(
            "Last Seen",
            "Type",
            "Reason",
            "Object",
            wide=("Subobject", "Source", "Message", "First Seen", "Count", "Name"),
        ),
        _event,
    ),
}
_PLAIN = Layout(
    _columns("Name", "Created At"), lambda obj, _: [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp")]
)
_EVENT_MESSAGE = 6


def _layout(kind: str) -> Layout:
    return LAYOUTS.get(kind, _PLAIN)


def columns_of(kind: str) -> tuple[Column, ...]:
    """Return a kind's columns in the order of its cells."""
    columns = _layout(kind).columns
    if kind != "Event":
        return columns
    return tuple(Column("Message") if at == _EVENT_MESSAGE else found for at, found in enumerate(columns))


def partial_metadata(obj: Obj, version: str = "v1") -> Obj:
    """Return an object's metadata alone."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": obj["metadata"],
    }


def make_table(
    kind: str,
    objects: Sequence[Obj],
    metadata: Obj,
    now: float,
    *,
    include: str = "Metadata",
    version: str = "v1",
) -> Obj:
    """Return the Table of some objects.

    include: `Metadata`, `Object` or `None`: what each row carries besides its cells.
    """
    rows: list[Obj] = []
    for obj in objects:
        row: Obj = {"cells": _layout(kind).cells(obj, now)}
        if include == "Metadata":
            row["object"] = partial_metadata(obj)
        elif include == "Object":
            row["object"] = obj
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": metadata,
        "columnDefinitions": [column.definition() for column in columns_of(kind)],
        "rows": rows,
    }
