"""Runs one tool for one person: their rights, the mode, the cluster, and then the tool itself.

Chat, models and MCP clients all come through here. What a tool needs is in the catalogue; words have no say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import ValidationError
from sqlalchemy import select

from ai4k8s_chat import knowledge
from ai4k8s_chat.domain import arguments as a
from ai4k8s_chat.domain.modes import may_plan
from ai4k8s_chat.domain.tools import BY_NAME, Access, Tool
from ai4k8s_chat.drafting import DRAFTERS
from ai4k8s_chat.reading import diagnose, events, logs, objects, rollouts, tables, top
from ai4k8s_chat.reading.scope import Scope
from ai4k8s_chat.understanding import Names
from ai4k8s_common.errors import ForbiddenError, InvalidInputError, NotFoundError
from ai4k8s_common.rights import LEAST_ROLE, Permission
from ai4k8s_common.store.gateway import cluster_credentials, clusters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Row, Select

    from ai4k8s_chat.adapters.cluster import ClusterOpener, KubeReads
    from ai4k8s_chat.domain.modes import ModeRule
    from ai4k8s_chat.domain.results import ToolResult
    from ai4k8s_chat.domain.writes import Draft
    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.plans import PlanOrigin
    from ai4k8s_common.rights import Rights


@dataclass(frozen=True)
class Caller:
    """For whom a tool runs, and through which door they came."""

    rights: Rights
    origin: PlanOrigin
    token_id: UUID | None = None


class Planner(Protocol):
    """Makes a plan of a draft: dry-run, difference, effects. Nothing is changed."""

    def __call__(self, tx: Transaction, caller: Caller, cluster_id: UUID, draft: Draft) -> ToolResult:
        """Prepare. Raises Ai4k8sError when the cluster refuses the dry-run or the person lacks a right."""
        ...


class Writer(Protocol):
    """Has a manifest written by whoever writes manifests."""

    def __call__(self, caller: Caller, cluster_id: UUID, wish: a.ManifestGenerate) -> ToolResult:
        """Ask, and wait for the answer."""
        ...


@dataclass(frozen=True)
class Toolbox:
    """What tools are run with. `modes` returns what is set for a cluster and a person."""

    open_cluster: ClusterOpener
    planner: Planner
    writer: Writer
    modes: Callable[[Connection, UUID, UUID], Sequence[ModeRule]]
    clock: Callable[[], datetime]
    names: Names = field(default_factory=Names)


_CLUSTER_TOOLS: dict[str, Callable[[KubeReads, Scope, Any], ToolResult]] = {
    "pods_list": tables.pods_list,
    "pods_get": objects.pods_get,
    "pods_log": logs.pods_log,
    "pods_top": top.pods_top,
    "namespaces_list": tables.namespaces_list,
    "nodes_top": top.nodes_top,
    "resources_list": lambda kube, scope, wish: tables.resources_list(
        kube, scope, objects.resolve_kind(kube, wish.kind), wish
    ),
    "resources_get": lambda kube, scope, wish: objects.resources_get(
        kube, scope, objects.resolve_kind(kube, wish.kind), wish
    ),
    "rollout_status": rollouts.rollout_status,
    "rollout_history": rollouts.rollout_history,
}
_TIMED_TOOLS: dict[str, Callable[[KubeReads, Scope, Any, datetime], ToolResult]] = {
    "events_list": events.events_list,
    "diagnose": diagnose.diagnose,
}
_STORE_TOOLS: dict[str, Callable[[Connection, UUID, Scope, Any], ToolResult]] = {
    "forecast": knowledge.forecast,
    "anomalies": knowledge.anomalies,
    "recommendations": knowledge.recommendations,
    "decisions_explain": knowledge.decisions_explain,
}


def run(tx: Transaction, box: Toolbox, caller: Caller, name: str, given: Mapping[str, Any]) -> ToolResult:
    """Run a tool. Raises Ai4k8sError: NotFoundError, InvalidInputError, ForbiddenError, AmbiguousError, KubeError."""
    tool, wish = read_call(name, given)
    cluster = find_cluster(tx.connection, caller.rights, wish.cluster)
    scope = scope_of(caller.rights, tool, cluster)
    if tool.access is Access.PRIVILEGED:
        raise ForbiddenError(
            f"{tool.name} is switched off: it runs things inside pods", hint="Use kubectl, with your own credentials."
        )
    if tool.access is Access.WRITE and not may_plan(
        tool.name, box.modes(tx.connection, cluster.id, caller.rights.user_id)
    ):
        raise ForbiddenError(
            f"{tool.name} may not be used here: tools are set to read only, or to a list without it",
            hint="An administrator can change the mode of this cluster.",
        )
    if tool.name in _STORE_TOOLS:
        return _STORE_TOOLS[tool.name](tx.connection, cluster.id, scope, wish)
    if isinstance(wish, a.ManifestGenerate):
        return box.writer(caller, cluster.id, wish)
    with box.open_cluster(cluster.id, cluster.sealed) as kube:
        if tool.name in _TIMED_TOOLS:
            return _TIMED_TOOLS[tool.name](kube, scope, wish, box.clock())
        if tool.name in _CLUSTER_TOOLS:
            return _CLUSTER_TOOLS[tool.name](kube, scope, wish)
        draft = DRAFTERS[tool.name](kube, scope, wish, box.clock())
    return box.planner(tx, caller, cluster.id, draft)


def read_call(name: str, given: Mapping[str, Any]) -> tuple[Tool, a.Arguments]:
    """Check a call's form. Raises NotFoundError, InvalidInputError."""
    tool = BY_NAME.get(name)
    if tool is None:
        raise NotFoundError(f"there is no tool '{name[:80]}'", hint="List the tools.")
    try:
        return tool, tool.arguments.model_validate(given)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc'])) or 'arguments'}: {one['msg']}" for one in error.errors()[:5]]
        raise InvalidInputError(f"{name}: {'; '.join(problems)}", hint="See the tool's arguments.") from None


def find_cluster(connection: Connection, rights: Rights, wanted: str) -> Row[Any]:
    """Find a cluster that the person may see, by name or id. Raises NotFoundError, also for what they may not see."""
    query: Select[Any] = select(
        clusters.c.id,
        clusters.c.name,
        clusters.c.namespaces,
        clusters.c.default_namespace,
        cluster_credentials.c.sealed,
    ).outerjoin(cluster_credentials, cluster_credentials.c.cluster_id == clusters.c.id)
    rows = [row for row in connection.execute(query.order_by(clusters.c.created_at)) if sees(rights, row.id)]
    found = [row for row in rows if wanted in {str(row.id), row.name}]
    if not found:
        names = ", ".join(row.name for row in rows[:10]) or "none"
        raise NotFoundError(f"there is no cluster '{wanted[:80]}'", hint=f"You may see: {names}.")
    return found[0]


def sees(rights: Rights, cluster_id: UUID) -> bool:
    """Whether any of a cluster is the person's to see."""
    return rights.may(Permission.CLUSTER_READ, cluster_id) or any(
        grant.cluster_id == cluster_id and rights.may(Permission.CLUSTER_READ, cluster_id, grant.namespace)
        for grant in rights.grants
    )


def scope_of(rights: Rights, tool: Tool, cluster: Row[Any]) -> Scope:
    """Return where a tool may look for a person. Raises ForbiddenError."""
    chosen = tuple(cluster.namespaces or ())
    if rights.may(tool.permission, cluster.id):
        return Scope(chosen or None)
    allowed = {
        grant.namespace
        for grant in rights.grants
        if grant.cluster_id == cluster.id
        and grant.namespace is not None
        and rights.may(tool.permission, cluster.id, grant.namespace)
    }
    namespaces = tuple(sorted(name for name in allowed if not chosen or name in chosen))
    if not rights.has_scope(tool.permission):
        raise ForbiddenError(
            f"{tool.name} needs the scope '{tool.permission.value}', and this token was made without it",
            hint="Make a token with that scope.",
        )
    if not namespaces:
        least = LEAST_ROLE[tool.permission].value
        raise ForbiddenError(
            f"{tool.name} needs the role '{least}' in {cluster.name}", hint="Ask an administrator of the team."
        )
    return Scope(namespaces)
