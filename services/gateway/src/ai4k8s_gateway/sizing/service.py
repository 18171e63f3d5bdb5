"""Use cases of right-sizing: a cluster's recommendations, a workload's, and the patches that follow from them."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from ai4k8s_common.errors import NotFoundError
from ai4k8s_gateway.clusters import service as cluster_service
from ai4k8s_gateway.domain.sizes import Amounts, command_of, hpa_command, patch_of, unpatchable, yaml_of
from ai4k8s_gateway.sizing import repository
from ai4k8s_gateway.sizing.schemas import (
    ApplyView,
    ContainerSize,
    PatchView,
    ResourceSize,
    Saving,
    SizeList,
    WorkloadSizes,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Literal
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.sizing.schemas import FindingName

    Price = tuple[float, float, str]

HOURS_A_MONTH = 730.0
GIB = 2.0**30
# What hurts comes before what costs.
URGENT: tuple[FindingName, ...] = ("oom_killed", "oom_risk", "throttled", "noisy_neighbour", "under_provisioned")
FLEETING = frozenset({"Job", "CronJob"})
#: Running pods are resized since Kubernetes 1.33; whether the cluster does is for the scaler to find out.
RESIZES_SINCE = (1, 33)
_VERSION = re.compile(r"v?(\d+)\.(\d+)")


def list_sizes(connection: Connection, principal: Principal, cluster_id: UUID, finding: FindingName | None) -> SizeList:
    """Return a cluster's recommendations. Raises NotFoundError."""
    cluster_service.get(connection, principal, cluster_id)
    price = repository.price_of(connection, cluster_id)
    rows = repository.of_cluster(connection, cluster_id)
    every = [_view(members[0], members, price) for members in _grouped(rows)]
    items = [item for item in every if finding is None or finding in item.findings]
    items.sort(key=_weight)
    lowered = [(_positive(row.saved_cpu_millicores), _positive(row.saved_memory_bytes)) for row in rows]
    return SizeList(
        items=items,
        total=_saving(sum(cpu for cpu, _ in lowered), sum(memory for _, memory in lowered), price),
        reviewed_at=repository.reviewed_at(connection, cluster_id),
        ready=sum(item.status == "ready" for item in every),
        not_ready=sum(item.status != "ready" for item in every),
    )


def _grouped(rows: Iterable[Row[Any]]) -> list[list[Row[Any]]]:
    return [list(members) for _, members in groupby(rows, key=lambda row: row.workload_id)]


def show_sizes(connection: Connection, principal: Principal, workload_id: int) -> WorkloadSizes:
    """Return one workload's recommendation. Raises NotFoundError."""
    row = repository.workload(connection, principal, workload_id)
    if row is None:
        raise NotFoundError("there is no such workload", hint="It may be of a cluster that you may not see.")
    rows = repository.of_workload(connection, workload_id)
    price = None if row.core_hour is None or row.currency is None else (row.core_hour, row.gib_hour, row.currency)
    view = _view(row, rows, price, workload_id)
    if view.patch is None:
        return view
    version = repository.server_version(connection, row.cluster_id)
    may_apply = cluster_service.may_scale(principal, row.cluster_id, row.namespace)
    return view.model_copy(update={"apply": _how(row, version, may_apply=may_apply)})


def _how(row: Row[Any], version: str, *, may_apply: bool) -> ApplyView:
    """How a workload's sizes can be applied."""
    known = _VERSION.match(version)
    in_place = known is not None and (int(known[1]), int(known[2])) >= RESIZES_SINCE
    conflict = ""
    if row.hpa_name and row.hpa_cpu_target_percent is not None:
        conflict = (
            f"HPA {row.hpa_name} measures CPU against the request: moving that here would move its pods."
            " Apply memory alone, or run both commands below."
        )
    text = "This cluster cannot resize running pods: their template is changed, which rolls them."
    if in_place and known is not None:
        text = f"Kubernetes {known[1]}.{known[2]} resizes running pods: none is restarted, and new ones get the same."
    return ApplyView(in_place=in_place, conflict=conflict, text=text, may_apply=may_apply)


def _weight(item: WorkloadSizes) -> tuple[int, float, str]:
    urgent = min((URGENT.index(one) for one in item.findings if one in URGENT), default=len(URGENT))
    saved = (item.saving.cpu_millicores or 0.0) / 1000 + (item.saving.memory_bytes or 0.0) / (8 * GIB)
    return urgent, -saved, f"{item.namespace}/{item.name}"


def _view(
    workload: Row[Any], rows: Sequence[Row[Any]], price: Price | None, workload_id: int | None = None
) -> WorkloadSizes:
    containers = [_container(row) for row in rows]
    ready = any(one.status == "ready" for one in containers)
    patch = _patch(workload, rows) if ready else None
    findings = {name: None for one in containers for name in one.findings}
    return WorkloadSizes(
        workload_id=workload.workload_id if workload_id is None else workload_id,
        cluster_id=str(workload.cluster_id),
        namespace=workload.namespace,
        kind=workload.kind,
        name=workload.name,
        replicas=workload.desired_replicas,
        made_at=max((row.made_at for row in rows), default=None),
        status=_status(workload, ready=ready, known=bool(rows)),
        detail=_detail(workload, containers, ready=ready),
        containers=containers,
        findings=list(findings),
        saving=_saving(_sum(rows, "saved_cpu_millicores"), _sum(rows, "saved_memory_bytes"), price),
        patch=patch,
        patch_detail=_patch_detail(workload, patch, ready=ready),
    )


def _status(workload: Row[Any], *, ready: bool, known: bool) -> Literal["ready", "not_ready", "not_available"]:
    if ready:
        return "ready"
    return "not_available" if workload.kind in FLEETING and not known else "not_ready"


def _detail(workload: Row[Any], containers: Sequence[ContainerSize], *, ready: bool) -> str:
    if ready:
        return ""
    if containers:
        return containers[0].detail
    if workload.kind in FLEETING:
        return f"Pods of a {workload.kind} end too soon for their use to be a level."
    return "Not looked at yet. Sizes are worked out by the hour; the first time within minutes of the first cycle."


def _container(row: Row[Any]) -> ContainerSize:
    return ContainerSize(
        container=row.container,
        status=row.status,
        detail=row.detail,
        sentence=row.sentence,
        findings=row.findings,
        reasons=row.reasons,
        history_days=row.history_days,
        readings=row.readings,
        per_pod=row.per_pod,
        cpu=ResourceSize(
            request=row.cpu_request_millicores,
            limit=row.cpu_limit_millicores,
            target=row.cpu_target_millicores,
            lower=row.cpu_lower_millicores,
            upper=row.cpu_upper_millicores,
            limit_target=row.cpu_limit_target_millicores,
            typical=row.cpu_p50_millicores,
            busy=row.cpu_p95_millicores,
            peak=row.cpu_max_millicores,
        ),
        memory=ResourceSize(
            request=row.memory_request_bytes,
            limit=row.memory_limit_bytes,
            target=row.memory_target_bytes,
            lower=row.memory_lower_bytes,
            upper=row.memory_upper_bytes,
            limit_target=row.memory_limit_target_bytes,
            typical=row.memory_p50_bytes,
            busy=row.memory_max_bytes,
            peak=row.memory_max_bytes,
        ),
        throttled_share=row.throttled_share,
        oom_kills=row.oom_kills,
        killed_at_bytes=row.killed_at_bytes,
        killed_at=row.killed_at,
        hpa_target_percent=row.hpa_target_percent,
    )


def _patch(workload: Row[Any], rows: Sequence[Row[Any]]) -> PatchView | None:
    sidecars = {one["name"] for one in workload.containers if one.get("init")}
    merge = patch_of(workload.kind, [_amounts(row, init=row.container in sidecars) for row in rows])
    if merge is None:
        return None
    target = next((row.hpa_target_percent for row in rows if row.hpa_target_percent is not None), None)
    hpa = workload.hpa_name
    return PatchView(
        merge=merge,
        command=command_of(workload.kind.lower(), workload.namespace, workload.name, merge),
        yaml=yaml_of(merge),
        hpa_command=None if target is None or hpa is None else hpa_command(workload.namespace, hpa, target),
    )


def _amounts(row: Row[Any], *, init: bool) -> Amounts:
    return Amounts(
        container=row.container,
        init=init,
        cpu_request=(row.cpu_request_millicores, row.cpu_target_millicores),
        cpu_limit=(row.cpu_limit_millicores, row.cpu_limit_target_millicores),
        memory_request=(row.memory_request_bytes, row.memory_target_bytes),
        memory_limit=(row.memory_limit_bytes, row.memory_limit_target_bytes),
    )


def _patch_detail(workload: Row[Any], patch: PatchView | None, *, ready: bool) -> str:
    if patch is not None or not ready:
        return ""
    return unpatchable(workload.kind) or "Everything fits: there is nothing to change."


def _sum(rows: Iterable[Row[Any]], name: str) -> float | None:
    known = [value for row in rows if (value := getattr(row, name)) is not None]
    return sum(known) if known else None


def _positive(value: float | None) -> float:
    return max(value or 0.0, 0.0)


def _saving(cpu: float | None, memory: float | None, price: Price | None) -> Saving:
    money = None
    if price is not None and (cpu is not None or memory is not None):
        money = ((cpu or 0.0) / 1000 * price[0] + (memory or 0.0) / GIB * price[1]) * HOURS_A_MONTH
    return Saving(
        cpu_millicores=cpu,
        memory_bytes=memory,
        money_per_month=money,
        currency=price[2] if money is not None and price is not None else None,
    )
