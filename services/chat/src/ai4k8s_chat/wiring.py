"""What a process of chat is made of: ways to clusters, tools, plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from ai4k8s_chat.adapters.cluster import SealedClusterOpener
from ai4k8s_chat.adapters.writing import SealedWriteOpener
from ai4k8s_chat.domain.modes import ModeRule, ToolMode
from ai4k8s_chat.executing import Toolbox
from ai4k8s_chat.planning import Manifests, Plans
from ai4k8s_chat.plans.context import PlanContext, Vault
from ai4k8s_common.clock import utc_now
from ai4k8s_common.kube.access import Credentials
from ai4k8s_common.kube.transport import Timeouts
from ai4k8s_common.settings import ClusterAccessSettings, UnsealSettings
from ai4k8s_common.store.chat import tool_modes
from ai4k8s_common.store.rights import read_rights

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_common.bus.transaction import Bus


def modes_of(connection: Connection, cluster_id: UUID, user_id: UUID) -> list[ModeRule]:
    """Return what is set for the installation, a cluster and a person."""
    m = tool_modes.c
    rows = connection.execute(
        select(m.mode, m.tools).where(
            or_(m.cluster_id.is_(None), m.cluster_id == cluster_id), or_(m.user_id.is_(None), m.user_id == user_id)
        )
    )
    return [ModeRule(ToolMode(row.mode), frozenset(row.tools)) for row in rows]


def make_plan_context() -> PlanContext:
    """Read the settings that plans need."""
    unseal = UnsealSettings()
    return PlanContext(
        open_cluster=SealedWriteOpener(Credentials.of(unseal, ClusterAccessSettings()), Timeouts()),
        vault=Vault(unseal.credentials_private_key),
        rights_of=read_rights,
        clock=utc_now,
    )


def make_toolbox(bus: Bus, plans: PlanContext | None = None) -> Toolbox:
    """Read the settings that tools need."""
    credentials = Credentials.of(UnsealSettings(), ClusterAccessSettings())
    return Toolbox(
        open_cluster=SealedClusterOpener(credentials, Timeouts()),
        planner=Plans(plans or make_plan_context()),
        writer=Manifests(bus),
        modes=modes_of,
        clock=utc_now,
    )
