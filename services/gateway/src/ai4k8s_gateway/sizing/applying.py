"""Recommended sizes, ordered: as they stand at the click, by the scaler's hand."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from ai4k8s_common.contracts.scaler import ResizeWorkload
from ai4k8s_common.errors import InvalidInputError
from ai4k8s_gateway.autoscaling import service as autoscaling
from ai4k8s_gateway.jobs import service as jobs
from ai4k8s_gateway.sizing import service

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.jobs.schemas import JobView
    from ai4k8s_gateway.sizing.schemas import ApplySizes


def apply_sizes(tx: Transaction, principal: Principal, workload_id: int, body: ApplySizes) -> JobView:
    """Order what is recommended now. Raises NotFoundError, ForbiddenError, InvalidInputError."""
    row = autoscaling.workload_to_change(tx.connection, principal, workload_id)
    sizes = service.show_sizes(tx.connection, principal, workload_id)
    changes = _changes({} if sizes.patch is None else sizes.patch.merge, frozenset(body.resources))
    if not changes:
        detail = sizes.detail or sizes.patch_detail or "nothing of what was chosen would change"
        raise InvalidInputError("there is nothing to apply", hint=detail)
    command = ResizeWorkload(
        job_id=uuid.uuid4(),
        cluster_id=row.cluster_id,
        workload_id=row.id,
        changes=changes,
        rolls=body.rolls,
        requested_by=principal.user_id,
    )
    return jobs.start(tx, principal, command, row.cluster_id, namespace=row.namespace)


def _changes(merge: dict[str, Any], resources: frozenset[str]) -> dict[str, Any]:
    """A patch's amounts by container, section and resource."""
    spec = ((merge.get("spec") or {}).get("template") or {}).get("spec") or {}
    found = {}
    for container in (one for name in ("containers", "initContainers") for one in spec.get(name) or ()):
        sections = {
            section: kept
            for section, amounts in container["resources"].items()
            if (kept := {name: amount for name, amount in amounts.items() if name in resources})
        }
        if sections:
            found[container["name"]] = sections
    return found
