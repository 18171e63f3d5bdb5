"""A person asks for a number of replicas: the same hand, the same bounds, the same ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.contracts.scaler import ScaleWorkload
from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.store.base import JobStatus
from ai4k8s_common.store.scaler import Actuator
from ai4k8s_scaler import commands
from ai4k8s_scaler.policies import ONLY_SCHEDULED, effective_policy

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_scaler.context import Context

WORDS = {
    Actuator.REPLICAS: "replicas",
    Actuator.HPA_FLOOR: "pods at least, as a floor under its HPA",
    Actuator.EXTERNAL_METRIC: "pods at least, as a metric",
}


def scale_workload(tx: Transaction, context: Context, message: ScaleWorkload) -> None:
    """Set a workload to the number asked for, on the version read a moment before.

    Where an HPA owns the replicas, the number is a floor under it. Raises InvalidInputError outside of the policy's
    bounds, NotFoundError, ConflictError and UnavailableError: the person sees it and asks again.
    """
    row = commands.workload(tx, message.cluster_id, message.workload_id)
    limits = (effective_policy(row) or ONLY_SCHEDULED).limits
    low, high = limits.min_replicas, limits.max_replicas
    if not low <= message.replicas <= high:
        raise InvalidInputError(
            f"{message.replicas} replicas are outside of the policy's bounds {low} to {high}",
            hint="Change the policy first.",
        )
    target = commands.present_target(tx, context, row)
    most = target.owner_maximum
    if target.actuator is Actuator.HPA_FLOOR and most is not None and not 1 <= message.replicas <= most:
        raise InvalidInputError(
            f"{message.replicas} is outside of 1 to {most}, the bounds of HPA {target.object_name}",
            hint="Change the HPA first.",
        )
    words = WORDS[target.actuator]
    ask = commands.Ask(
        message.replicas, f"Asked for by a person: {message.replicas} {words}.", message.job_id, message.requested_by
    )
    commands.carry_out(tx, context, row, target, ask)
    report = JobReport(
        message.job_id,
        ScaleWorkload.name,
        JobStatus.COMPLETED,
        100,
        f"{row.namespace}/{row.name} set to {message.replicas} {words}",
        {"from_replicas": target.current, "to_replicas": message.replicas, "actuator": target.actuator.value},
    )
    tx.report_job(report)
