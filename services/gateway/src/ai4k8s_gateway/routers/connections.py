"""Ways to connect a cluster. Before the routes of single clusters: their addresses begin alike."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from ai4k8s_common.kube.opt_ins import OptIn
from ai4k8s_common.kube.rights import Access
from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import Scope, caller, require
from ai4k8s_gateway.clusters import connections
from ai4k8s_gateway.clusters.access_schemas import (
    AccountCommands,
    BastionAddress,
    ConnectionView,
    ContextList,
    KubeconfigText,
    NewAccess,
    OfferList,
)
from ai4k8s_gateway.clusters.schemas import NAMESPACE
from ai4k8s_gateway.dependencies import Tx, User, Wired
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.jobs.schemas import JobView

router = APIRouter(prefix="/clusters", tags=["clusters"], responses=responses_for(HTTPStatus.UNAUTHORIZED))


@router.post(
    "/kubeconfig-contexts",
    responses=responses_for(HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[require(Permission.CLUSTER_MANAGE, Scope.SEEN)],
)
def list_kubeconfig_contexts(body: KubeconfigText, user: User, wiring: Wired) -> ContextList:  # noqa: ARG001
    """Look into a kubeconfig: its contexts, and why some cannot be used. Nothing of it is kept."""
    return connections.contexts(wiring.clusters, body)


@router.get("/offers", dependencies=[require(Permission.CLUSTER_READ, Scope.SEEN)])
def list_offers(user: User, tx: Tx) -> OfferList:
    """Clusters that an administrator can add without giving a credential; empty for everybody else."""
    return connections.offered(tx.connection, user)


@router.get("/account-commands", dependencies=[caller("commands to read; nothing of any cluster")])
def get_account_commands(
    user: User,  # noqa: ARG001  # whoever is logged in
    access: Access = Access.SCALE,
    namespaces: Annotated[
        list[Annotated[str, Query(pattern=NAMESPACE)]] | None, Query(max_length=50, description="none for all")
    ] = None,
    opt_ins: Annotated[
        list[OptIn] | None, Query(max_length=len(OptIn), description="what is in no role otherwise; see docs/rights.md")
    ] = None,
    *,
    network: Annotated[bool, Query(description="also network usage from kubelets")] = False,
) -> AccountCommands:
    """Commands to paste that make a service account with exactly the rights needed, and print a kubeconfig for it."""
    return connections.commands(access, namespaces or [], opt_ins or [], network=network)


@router.post(
    "/bastion-host-key",
    status_code=HTTPStatus.ACCEPTED,
    responses=responses_for(HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[require(Permission.CLUSTER_MANAGE, Scope.SEEN)],
)
def read_bastion_host_key(body: BastionAddress, user: User, tx: Tx, wiring: Wired) -> JobView:
    """Read a bastion's host key; the job's result has it with its fingerprint, to be confirmed by a person."""
    return connections.read_host_key(tx, wiring.clusters, user, body)


@router.get(
    "/{cluster_id}/connection",
    responses=responses_for(HTTPStatus.NOT_FOUND),
    dependencies=[require(Permission.CLUSTER_READ)],
)
def get_connection(cluster_id: UUID, user: User, tx: Tx) -> ConnectionView:
    """How a cluster is connected, and what its latest test found, line by line."""
    return connections.view(tx.connection, user, cluster_id)


@router.put(
    "/{cluster_id}/credential",
    status_code=HTTPStatus.ACCEPTED,
    responses=responses_for(HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[require(Permission.CLUSTER_MANAGE)],
)
def replace_credential(cluster_id: UUID, body: NewAccess, user: User, tx: Tx, wiring: Wired) -> JobView:
    """Give a cluster another credential, with the bastion's key that was confirmed. Its history stays; it is tested."""
    return connections.replace_credential(tx, wiring.clusters, user, cluster_id, body)
