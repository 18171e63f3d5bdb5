"""pods_top, nodes_top: what is used now, as the metrics API says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain.kinds import BY_KIND, Kind
from ai4k8s_chat.domain.results import Rows, ToolResult
from ai4k8s_chat.reading.lists import read_page
from ai4k8s_common.kube.errors import KubeNotFoundError, KubeUnavailableError
from ai4k8s_common.kube.quantity import cpu_millicores, memory_bytes

if TYPE_CHECKING:
    from ai4k8s_chat.adapters.cluster import KubeReads
    from ai4k8s_chat.domain import arguments as a
    from ai4k8s_chat.reading.scope import Scope

_PODS = Kind("PodMetrics", "pods", "metrics.k8s.io/v1beta1")
_NODES = Kind("NodeMetrics", "nodes", "metrics.k8s.io/v1beta1", namespaced=False)
_MIB = 1024 * 1024
_Used = tuple[tuple[str, ...], float, float]


def pods_top(kube: KubeReads, scope: Scope, wish: a.PodsTop) -> ToolResult:
    """Use of pods, or of their containers."""
    params = {"labelSelector": wish.label_selector} if wish.label_selector else {}
    if wish.name:
        params["fieldSelector"] = f"metadata.name={wish.name}"
    items = [
        item
        for place in scope.places(_PODS, wish.namespace)
        for item in _metrics(kube, _PODS.collection(place), params)
    ]
    rows: list[_Used] = []
    for item in items:
        meta, parts = item["metadata"], item.get("containers") or ()
        if wish.name and meta["name"] != wish.name:
            continue
        place = (str(meta.get("namespace", "")), str(meta["name"]))
        if wish.containers:
            rows += [((*place, str(part["name"])), *_usage([part])) for part in parts]
        else:
            rows.append((place, *_usage(parts)))
    columns = ("Namespace", "Pod", *(("Container",) if wish.containers else ()))
    return _shown(rows, columns, "pods", wish.sort_by, wish.limit)


def nodes_top(kube: KubeReads, scope: Scope, wish: a.NodesTop) -> ToolResult:
    """Use of nodes, and how much of what they have that is."""
    scope.places(_NODES, None)
    items = [
        item
        for item in _metrics(kube, _NODES.collection(), {})
        if wish.name is None or item["metadata"]["name"] == wish.name
    ]
    allocatable = {
        str(node["metadata"]["name"]): (node.get("status") or {}).get("allocatable") or {}
        for node in read_page(kube, BY_KIND["Node"].collection(), {})
    }
    rows: list[_Used] = [((str(item["metadata"]["name"]),), *_usage([item])) for item in items]
    result = _shown(rows, ("Node",), "nodes", wish.sort_by, wish.limit)
    assert result.table is not None  # noqa: S101  # _shown always gives one
    used = {place[0]: (cpu, memory) for place, cpu, memory in rows}
    with_shares = tuple((*row, *_shares(used[row[0]], allocatable.get(row[0], {}))) for row in result.table.rows)
    table = result.table.model_copy(
        update={"columns": (*result.table.columns, "CPU %", "Memory %"), "rows": with_shares}
    )
    return result.model_copy(update={"table": table})


def _metrics(kube: KubeReads, path: str, params: dict[str, str]) -> list[dict[str, Any]]:
    try:
        return read_page(kube, path, params, most=200_000)
    except (KubeNotFoundError, KubeUnavailableError) as error:
        raise type(error)(
            "this cluster does not say what is used now", hint="It needs metrics-server; see the connection test."
        ) from None


def _usage(parts: Any) -> tuple[float, float]:
    """CPU in millicores and memory in bytes, summed."""
    usages = [part.get("usage") or {} for part in parts]
    cpu = sum(cpu_millicores(usage.get("cpu", "0")) for usage in usages)
    return cpu, sum(memory_bytes(usage.get("memory", "0")) for usage in usages)


def _shares(used: tuple[float, float], allocatable: dict[str, str]) -> tuple[str, str]:
    cpu, memory = cpu_millicores(allocatable.get("cpu", "0")), memory_bytes(allocatable.get("memory", "0"))
    return _share(used[0], cpu), _share(used[1], memory)


def _share(used: float, whole: float) -> str:
    return f"{used / whole:.0%}" if whole else "?"


def _shown(rows: list[_Used], columns: tuple[str, ...], what: str, sort_by: str, limit: int) -> ToolResult:
    orders: dict[str, Any] = {"cpu": lambda row: -row[1], "memory": lambda row: -row[2], "name": lambda row: row[0]}
    rows = sorted(rows, key=orders[sort_by])
    table = Rows(
        columns=(*columns, "CPU", "Memory"),
        rows=tuple((*place, f"{cpu:.0f}m", f"{memory / _MIB:.0f}Mi") for place, cpu, memory in rows[:limit]),
        total=len(rows),
    )
    cpu, memory = sum(row[1] for row in rows), sum(row[2] for row in rows)
    summary = f"{len(rows):,} {what} use {cpu / 1000:.3g} cores and {memory / _MIB / 1024:.3g} GiB now."
    narrow = "Narrow with a namespace or a label selector." if len(rows) > limit else ""
    return ToolResult(summary=summary, table=table, narrow=narrow)
