"""Entry point, one shot: `python -m ai4k8s_gateway.bootstrap`. The first administrator, and the demo's cluster.

Prints one JSON object. A password is in it once, when the administrator is made; it is stored nowhere. Running it
again makes nothing twice; the demo cluster's address and credential are brought up to date.
"""

from __future__ import annotations

import json
import secrets
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ai4k8s_common.bus.transaction import Bus
from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_common.kube.addresses import AccessPolicy
from ai4k8s_common.kube.kubeconfig import parse_kubeconfig
from ai4k8s_common.security.sealed import seal
from ai4k8s_common.services import Service
from ai4k8s_common.settings import BusSettings, ClusterAccessSettings, LogSettings, SealSettings, StoreSettings
from ai4k8s_common.store.gateway import PolicyMode, UserRole
from ai4k8s_common.store.isolation import see_everything
from ai4k8s_common.telemetry.logs import configure_logs
from ai4k8s_gateway.accounts import repository as accounts
from ai4k8s_gateway.accounts.passwords import Passwords
from ai4k8s_gateway.clusters import repository as clusters
from ai4k8s_gateway.teams import repository as teams
from ai4k8s_gateway.workloads import repository as workloads

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_common.bus.transaction import Transaction

ADMIN_NAME = "admin"
ADMIN_EMAIL = "admin@localhost"
DEMO_NAME = "demo"
DEMO_MAX_REPLICAS = 40


class DemoSettings(BaseSettings):
    """The simulated cluster, where there is one."""

    model_config = SettingsConfigDict(env_prefix="AI4K8S_DEMO_", frozen=True, extra="ignore")

    kubeconfig: Path | None = Field(default=None, description="file")
    prometheus_url: str | None = None
    auto_workloads: tuple[str, ...] = Field(
        default=(), description="NAMESPACE/NAME of Deployments to scale from the start (JSON list)"
    )


@dataclass(frozen=True)
class Administrator:
    """The first administrator; `password` only when just made."""

    id: UUID
    username: str
    password: str | None


def ensure_administrator(tx: Transaction, passwords: Passwords) -> Administrator:
    """Make the first administrator unless there is one."""
    known = accounts.first_admin(tx.connection)
    if known is not None:
        return Administrator(known.id, known.username, None)
    password = secrets.token_urlsafe(15)
    user_id = accounts.add_user(tx.connection, ADMIN_NAME, ADMIN_EMAIL, passwords.hash(password), UserRole.ADMIN)
    if user_id is None:
        # Somebody registered under that name before: they must not become administrator by it.
        name = f"{ADMIN_NAME}-{secrets.token_hex(3)}"
        user_id = accounts.add_user(tx.connection, name, f"{name}@localhost", passwords.hash(password), UserRole.ADMIN)
        assert user_id is not None  # noqa: S101  # a random name
        return Administrator(user_id, name, password)
    return Administrator(user_id, ADMIN_NAME, password)


def ensure_demo(
    connection: Connection, demo: DemoSettings, seal_settings: SealSettings, access: AccessPolicy, owner_id: UUID
) -> UUID | None:
    """Register the simulated cluster, or bring it up to date. Raises InvalidInputError for a bad kubeconfig."""
    if demo.kubeconfig is None:
        return None
    parsed = parse_kubeconfig(demo.kubeconfig.read_text(encoding="utf-8"), policy=access)
    cluster_id = clusters.find_demo(connection) or uuid.uuid4()
    clusters.put_demo(
        connection,
        clusters.ClusterValues(
            id=cluster_id,
            owner_id=owner_id,
            team_id=teams.personal_of(connection, owner_id) or teams.add_personal(connection, owner_id, ADMIN_NAME),
            name=DEMO_NAME,
            api_url=parsed.credential.server,
            prometheus_url=demo.prometheus_url,
            default_namespace=parsed.namespace,
            interval_seconds=None,
            demo=True,
            sealed_credential=seal(seal_settings.credentials_public_key, parsed.credential.to_json(), str(cluster_id)),
        ),
    )
    for workload in demo.auto_workloads:
        namespace, _, name = workload.partition("/")
        key = workloads.PolicyKey(cluster_id, namespace, "Deployment", name)
        workloads.set_policy_unless_set(
            connection,
            key,
            {
                "mode": PolicyMode.AUTO.value,
                "min_replicas": 1,
                "max_replicas": DEMO_MAX_REPLICAS,
                # Costs less where rises recur, as the demo's do; the default of 80 is safer where they do not.
                "target_utilization_percent": 90,
            },
        )
    return cluster_id


def main() -> None:
    """Entry point."""
    configure_logs("bootstrap", LogSettings())
    bus = Bus.open(Service.GATEWAY, StoreSettings(), BusSettings())
    try:
        with bus.transaction() as tx:
            see_everything(tx.connection)
            administrator = ensure_administrator(tx, Passwords())
            access = AccessPolicy.of(ClusterAccessSettings())
            cluster_id = ensure_demo(tx.connection, DemoSettings(), SealSettings(), access, administrator.id)
    except (Ai4k8sError, OSError) as error:
        sys.exit(json.dumps({"error": str(error), "hint": getattr(error, "hint", "")}))
    finally:
        bus.close()
    answer = {
        "username": administrator.username,
        "password": administrator.password,
        "created": administrator.password is not None,
    }
    sys.stdout.write(json.dumps({**answer, "demo_cluster_id": str(cluster_id) if cluster_id else None}) + "\n")


if __name__ == "__main__":
    main()
