"""Clusters."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter

from ai4k8s_common.clock import utc_now
from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.identity import refreshed
from ai4k8s_gateway.access.rules import Scope, require
from ai4k8s_gateway.clusters import service
from ai4k8s_gateway.clusters.schemas import ClusterList, ClusterSettings, ClusterView, MonitoringAct, NewCluster
from ai4k8s_gateway.dependencies import Tx, User, Wired
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.jobs.schemas import JobView
from ai4k8s_gateway.nodes import service as node_service
from ai4k8s_gateway.nodes.schemas import NodeList
from ai4k8s_gateway.workloads import service as workload_service
from ai4k8s_gateway.workloads.schemas import WorkloadList

router = APIRouter(prefix="/clusters", tags=["clusters"], responses=responses_for(HTTPStatus.UNAUTHORIZED))


@router.get("", dependencies=[require(Permission.CLUSTER_READ, Scope.SEEN)])
def list_clusters(user: User, tx: Tx, wiring: Wired) -> ClusterList:
    """The clusters you may see, by name, each with what needs your attention."""
    return ClusterList(items=service.list_views(tx.connection, wiring.clusters, user, utc_now()))


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=responses_for(HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[require(Permission.CLUSTER_MANAGE, Scope.BODY)],
)
def add_cluster(body: NewCluster, user: User, tx: Tx, wiring: Wired) -> ClusterView:
    """Add a cluster: by kubeconfig, address and token, the operator's directory or in-cluster; or through a bastion."""
    cluster_id = service.add(tx, wiring.clusters, user, body)
    return service.view(tx.connection, wiring.clusters, refreshed(tx.connection, user), cluster_id, utc_now())


@router.get(
    "/{cluster_id}", responses=responses_for(HTTPStatus.NOT_FOUND), dependencies=[require(Permission.CLUSTER_READ)]
)
def get_cluster(cluster_id: UUID, user: User, tx: Tx, wiring: Wired) -> ClusterView:
    """One cluster."""
    return service.view(tx.connection, wiring.clusters, user, cluster_id, utc_now())


@router.patch(
    "/{cluster_id}",
    responses=responses_for(
        HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY
    ),
    dependencies=[require(Permission.CLUSTER_MANAGE)],
)
def change_cluster(cluster_id: UUID, body: ClusterSettings, user: User, tx: Tx, wiring: Wired) -> ClusterView:
    """Change settings; what is left out stays as it is."""
    service.change_settings(tx, wiring.clusters, user, cluster_id, body)
    return service.view(tx.connection, wiring.clusters, user, cluster_id, utc_now())


@router.post(
    "/{cluster_id}/monitoring/{act}",
    responses=responses_for(HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT),
    dependencies=[require(Permission.CLUSTER_MANAGE)],
)
def set_monitoring(cluster_id: UUID, act: MonitoringAct, user: User, tx: Tx, wiring: Wired) -> ClusterView:
    """Start, pause or resume watching a cluster. Nothing is scaled while it is not watched."""
    service.set_monitoring(tx, user, cluster_id, act, utc_now())
    return service.view(tx.connection, wiring.clusters, user, cluster_id, utc_now())


@router.delete(
    "/{cluster_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=responses_for(HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN),
    dependencies=[require(Permission.CLUSTER_MANAGE)],
)
def remove_cluster(cluster_id: UUID, user: User, tx: Tx) -> None:
    """Forget a cluster, its credential and its policies. Nothing in the cluster itself changes."""
    service.remove(tx, user, cluster_id)


@router.post(
    "/{cluster_id}/test",
    status_code=HTTPStatus.ACCEPTED,
    responses=responses_for(HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN),
    dependencies=[require(Permission.CLUSTER_MANAGE)],
)
def check_connection(cluster_id: UUID, user: User, tx: Tx) -> JobView:
    """Try the connection step by step; follow the job for what works and what does not."""
    return service.check_connection(tx, user, cluster_id)


@router.get(
    "/{cluster_id}/workloads",
    responses=responses_for(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    dependencies=[require(Permission.CLUSTER_READ)],
)
def list_workloads(cluster_id: UUID, user: User, tx: Tx, wiring: Wired) -> WorkloadList:
    """A cluster's workloads, each with a sentence on what it will need."""
    items = workload_service.list_views(tx.connection, wiring.clusters, user, cluster_id, utc_now())
    return WorkloadList(items=items)


@router.get(
    "/{cluster_id}/nodes",
    responses=responses_for(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    dependencies=[require(Permission.CLUSTER_READ)],
)
def list_nodes(cluster_id: UUID, user: User, tx: Tx) -> NodeList:
    """A cluster's nodes, each with its latest sample."""
    return NodeList(items=node_service.list_views(tx.connection, user, cluster_id))
