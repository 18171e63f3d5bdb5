"""Use cases around connecting: look into a kubeconfig, see what is offered, get commands, replace a credential."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import structlog

from ai4k8s_common.contracts.collector import CheckConnection, ReadHostKey
from ai4k8s_common.kube.direct import DEPRECATED
from ai4k8s_common.kube.hostkey import check_bastion_address
from ai4k8s_common.kube.kubeconfig import list_contexts
from ai4k8s_common.kube.manifests import account_commands
from ai4k8s_common.kube.rights import WARNINGS, Feature, rights_for
from ai4k8s_common.security.sealed import seal
from ai4k8s_common.store.gateway import ConnectionKind
from ai4k8s_gateway.clusters import offers, repository, service
from ai4k8s_gateway.clusters.access import check_access
from ai4k8s_gateway.clusters.access_schemas import (
    AccountCommands,
    BastionView,
    CheckLine,
    ConnectionView,
    ContextChoice,
    ContextList,
    OfferList,
    OfferView,
    RightView,
)
from ai4k8s_gateway.jobs import service as jobs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.kube.opt_ins import OptIn
    from ai4k8s_common.kube.rights import Access
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.clusters.access_schemas import BastionAddress, KubeconfigText, NewAccess
    from ai4k8s_gateway.clusters.service import ClusterRules
    from ai4k8s_gateway.jobs.schemas import JobView

log = structlog.stdlib.get_logger(__name__)


def contexts(rules: ClusterRules, given: KubeconfigText) -> ContextList:
    """Return what can be chosen from a kubeconfig, and what is wrong with the rest. Raises InvalidInputError."""
    policy = rules.policy(behind_bastion=given.through_bastion)
    return ContextList(
        items=[
            ContextChoice(
                name=found.name,
                server=found.server,
                namespace=found.namespace,
                current=found.current,
                problem=found.problem,
                hint=found.hint,
                cloud=found.cloud,
                deprecated=found.password,
            )
            for found in list_contexts(given.kubeconfig.get_secret_value(), policy)
        ]
    )


def offered(connection: Connection, principal: Principal) -> OfferList:
    """Return what an administrator can add without a credential; nothing for others, who cannot."""
    rows = offers.all_of_them(connection) if principal.is_admin else []
    return OfferList(
        items=[
            OfferView(
                file=row.file, context=row.context, server=row.server, namespace=row.namespace, problem=row.problem
            )
            for row in rows
        ],
        looked_at=max((row.seen_at for row in rows), default=None),
    )


def commands(
    access: Access, namespaces: Sequence[str], chosen: Sequence[OptIn] = (), *, network: bool = False
) -> AccountCommands:
    """Return kubectl commands that make an account with exactly the rights that a variant needs."""
    opt_ins = frozenset(one.feature for one in chosen) | (frozenset({Feature.NETWORK}) if network else frozenset())
    make, show = account_commands(access, namespaces, opt_ins)
    rights = rights_for(access, namespaced=bool(namespaces), opt_ins=opt_ins)
    return AccountCommands(
        access=access,
        make=make,
        show=show,
        rights=[
            RightView(
                feature=right.feature.value,
                rule=right.name,
                verbs=list(right.verbs),
                loss=f"{right.loss}; {WARNINGS[right.feature]}" if right.feature in WARNINGS else right.loss,
            )
            for right in rights
        ],
    )


def read_host_key(tx: Transaction, rules: ClusterRules, principal: Principal, bastion: BastionAddress) -> JobView:
    """Ask the collector for a bastion's host key; a person confirms it before it is believed."""
    host = bastion.host.strip()
    check_bastion_address(host, rules.access)
    return jobs.start(tx, principal, ReadHostKey(job_id=uuid.uuid4(), host=host, port=bastion.port), cluster_id=None)


def replace_credential(
    tx: Transaction, rules: ClusterRules, principal: Principal, cluster_id: UUID, new: NewAccess
) -> JobView:
    """Seal another credential for a cluster, and test it. Its history stays; the answer is the test's job."""
    service.require_manage(tx.connection, principal, cluster_id)
    checked = check_access(tx.connection, principal, rules.access, new)
    sealed = seal(rules.seal_public_key, checked.stored.to_json(), str(cluster_id))
    repository.replace_access(tx.connection, cluster_id, checked, sealed)
    log.info("credential_replaced", cluster_id=str(cluster_id), kind=checked.kind.value)
    return jobs.start(tx, principal, CheckConnection(job_id=uuid.uuid4(), cluster_id=cluster_id), cluster_id=cluster_id)


def view(connection: Connection, principal: Principal, cluster_id: UUID) -> ConnectionView:
    """Return how a cluster is connected. Raises NotFoundError."""
    service.get(connection, principal, cluster_id)
    row = repository.connection_of(connection, cluster_id)
    return ConnectionView(
        cluster_id=cluster_id,
        kind=row.kind,
        api_url=row.api_url,
        bastion=None if row.bastion is None else BastionView(**row.bastion),
        deprecated=DEPRECATED if row.kind == ConnectionKind.PASSWORD.value else "",
        credential_updated_at=row.updated_at,
        checked_at=row.checked_at,
        ok=None if row.checked_at is None else row.ok,
        summary=row.summary or "",
        lines=[CheckLine(**line) for line in row.lines or ()],
    )
