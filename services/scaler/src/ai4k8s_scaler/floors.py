"""Floors end by themselves: renewed while we live, withdrawn by the next of us that lives when we were silent."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from ai4k8s_common.contracts.scaler import WithdrawFloor
from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_common.kube.errors import KubeNotFoundError
from ai4k8s_common.store.scaler import Actuator
from ai4k8s_scaler import repository, surroundings
from ai4k8s_scaler.adapters.cluster import ref_of
from ai4k8s_scaler.hands import FloorHand, ReplicasHand, Standing

if TYPE_CHECKING:
    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.scaler import RenewFloor
    from ai4k8s_scaler.context import Context

log = structlog.stdlib.get_logger(__name__)


def renew_floor(tx: Transaction, context: Context, message: RenewFloor) -> None:
    """Let a floor stand for longer. A cluster that does not answer is asked again in the next cycle."""
    claim = surroundings.claim_of(tx.connection, message.workload_id)
    if claim is None or claim.actuator != Actuator.HPA_FLOOR.value:
        return
    row = repository.workload_and_credential(tx.connection, message.workload_id)
    if row is None or row.sealed is None:
        return
    expires_at = context.clock() + timedelta(seconds=context.settings.floor_seconds)
    try:
        with context.open_cluster(claim.cluster_id, row.sealed) as cluster:
            FloorHand(cluster, row.namespace, claim.object_name).renew(expires_at)
    except KubeNotFoundError:
        surroundings.drop_claim(tx.connection, message.workload_id)
    except Ai4k8sError as error:
        log.warning("floor_not_renewed", workload_id=message.workload_id, error=error.detail)
    else:
        surroundings.renew_claim(tx.connection, message.workload_id, expires_at)


def withdraw_expired(tx: Transaction, context: Context) -> None:
    """Send for each floor that nobody renewed."""
    for claim in surroundings.expired_claims(tx.connection, context.clock()):
        if claim.actuator == Actuator.EXTERNAL_METRIC.value:
            surroundings.drop_claim(tx.connection, claim.workload_id)
        else:
            tx.send(WithdrawFloor(workload_id=claim.workload_id))


def withdraw_floor(tx: Transaction, context: Context, message: WithdrawFloor) -> None:
    """Give an HPA its owner's bounds back, unless the floor was renewed meanwhile."""
    claim = surroundings.claim_of(tx.connection, message.workload_id)
    if claim is None or claim.expires_at is None or claim.expires_at >= context.clock():
        return
    row = repository.workload_and_credential(tx.connection, message.workload_id)
    if row is None or row.sealed is None:
        surroundings.drop_claim(tx.connection, message.workload_id)
        return
    try:
        give_back(tx, context, row, claim)
    except Ai4k8sError as error:
        # The claim stays: the next tick tries again.
        log.warning("floor_not_withdrawn", workload_id=message.workload_id, error=error.detail)
        return
    log.info("floor_withdrawn", workload=f"{row.namespace}/{row.name}", floor=claim.held_replicas)


def give_back(tx: Transaction, context: Context, row: Row[Any], claim: Row[Any]) -> Standing | None:
    """Restore what was there before us and hold nothing any more; None where there was nothing in the cluster."""
    standing = None
    if claim.actuator != Actuator.EXTERNAL_METRIC.value:
        ref = ref_of(row)
        with context.open_cluster(claim.cluster_id, row.sealed) as cluster:
            floor = claim.actuator == Actuator.HPA_FLOOR.value
            hand = (
                FloorHand(cluster, row.namespace, claim.object_name)
                if floor
                else ReplicasHand(cluster, ref, context.settings.annotate)
            )
            try:
                standing = hand.give_back(claim.original)
            except KubeNotFoundError:
                log.info("nothing_to_give_back_to", workload=f"{row.namespace}/{row.name}")
        if floor and standing is not None:
            bounds = (standing.replicas, standing.maximum)
            hpa = (row.namespace, claim.object_name)
            surroundings.note_bounds(tx.connection, claim.cluster_id, hpa, bounds, context.clock())
    surroundings.drop_claim(tx.connection, row.id)
    return standing
