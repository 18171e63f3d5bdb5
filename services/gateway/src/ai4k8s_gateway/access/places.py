"""Which cluster, namespace or team an address means, by the ids in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import null, select

from ai4k8s_common.errors import InvalidInputError, NotFoundError
from ai4k8s_common.rights import LEAST_ROLE
from ai4k8s_common.store.anomalies import incidents
from ai4k8s_common.store.collector import workloads
from ai4k8s_common.store.gateway import freezes, schedules
from ai4k8s_common.store.plans import plans
from ai4k8s_common.store.rights import refusal
from ai4k8s_common.store.rights import require as require_right
from ai4k8s_common.store.scaler import decisions

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from sqlalchemy import Connection, Select

    from ai4k8s_common.rights import Permission, Rights

CLUSTER, NAMESPACE, TEAM = "cluster_id", "namespace", "team_id"

# Things that have a cluster and a namespace: how to find those.
_THINGS: dict[str, tuple[type[UUID | int], Any, Select[Any]]] = {
    "workload_id": (int, workloads.c.id, select(workloads.c.cluster_id, workloads.c.namespace)),
    "decision_id": (
        UUID,
        decisions.c.id,
        select(decisions.c.cluster_id, workloads.c.namespace).outerjoin(
            workloads, workloads.c.id == decisions.c.workload_id
        ),
    ),
    "incident_id": (int, incidents.c.id, select(incidents.c.cluster_id, incidents.c.namespace)),
    "schedule_id": (UUID, schedules.c.id, select(schedules.c.cluster_id, schedules.c.namespace)),
    "plan_id": (UUID, plans.c.id, select(plans.c.cluster_id, null().label("namespace"))),
    "freeze_id": (UUID, freezes.c.id, select(freezes.c.cluster_id, freezes.c.namespace)),
}


def named_in(parameters: Container[str]) -> bool:
    """Whether an address with these parameters names a place."""
    return any(name in parameters for name in (CLUSTER, TEAM, *_THINGS))


def check(connection: Connection, rights: Rights, permission: Permission, path: Mapping[str, Any]) -> None:
    """Refuse what is not allowed in the place that a path names.

    Raises NotFoundError where there is nothing to see, ForbiddenError with the reason, InvalidInputError.
    """
    if TEAM in path:
        _check_team(rights, permission, _parsed(UUID, path[TEAM], TEAM))
        return
    if CLUSTER in path:
        cluster_id: UUID | None = _parsed(UUID, path[CLUSTER], CLUSTER)
        namespace = path.get(NAMESPACE)
    else:
        cluster_id, namespace = _place_of_thing(connection, path)
    if cluster_id is not None and rights.role_in(cluster_id) is None:
        raise NotFoundError("there is no such cluster", hint="Choose one of the clusters you may see.")
    require_right(rights, permission, cluster_id, namespace)


def refuse(rights: Rights, permission: Permission, path: Mapping[str, Any]) -> None:
    """Refuse what is allowed nowhere. Raises NotFoundError, ForbiddenError."""
    if is_hidden(rights, path):
        raise NotFoundError("there is no such cluster", hint="Choose one of the clusters you may see.")
    raise refusal(rights, permission, rights.highest, LEAST_ROLE[permission])


def is_hidden(rights: Rights, path: Mapping[str, Any]) -> bool:
    """Whether a path names a cluster that is not there for whoever asks."""
    return CLUSTER in path and rights.role_in(_parsed(UUID, path[CLUSTER], CLUSTER)) is None


def _check_team(rights: Rights, permission: Permission, team_id: UUID) -> None:
    role = rights.team_role(team_id)
    if role is None:
        raise NotFoundError("there is no such team", hint="Choose one of your teams.")
    if not rights.may_in_team(permission, team_id):
        raise refusal(rights, permission, role, LEAST_ROLE[permission])


def _place_of_thing(connection: Connection, path: Mapping[str, Any]) -> tuple[UUID | None, str | None]:
    for name, (kind, column, query) in _THINGS.items():
        if name in path:
            row = connection.execute(query.where(column == _parsed(kind, path[name], name))).one_or_none()
            if row is None:
                word = name.removesuffix("_id")
                raise NotFoundError(f"there is no such {word}", hint="It may be gone, or not for you to see.")
            return row.cluster_id, row.namespace
    raise NotFoundError("this address names no place")


def _parsed(kind: type[Any], raw: object, name: str) -> Any:
    try:
        value = kind(str(raw))
    except ValueError:
        raise InvalidInputError(f"'{name}' is none", hint="Take it from a list.") from None
    if kind is int and not 0 < value < 2**63:
        raise InvalidInputError(f"'{name}' is none", hint="Take it from a list.")
    return value
