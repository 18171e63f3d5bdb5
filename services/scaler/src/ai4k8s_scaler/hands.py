"""The three ways in which a decision reaches a workload, behind one Protocol.

Each reads how things stand, writes what was decided on the version that was planned on, and gives back what was there
before us. What was there before us is kept in annotations, for whoever comes after us.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from ai4k8s_common.kube.errors import KubeConflictError, KubeError
from ai4k8s_scaler.adapters.cluster import FIELD_MANAGER
from ai4k8s_scaler.adapters.hpa import object_path, spec_managers
from ai4k8s_scaler.targets import DEFAULT_MINIMUM, ORIGINAL_MAXIMUM, ORIGINAL_MINIMUM

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from ai4k8s_common.kube.protocols import KubeScaler
    from ai4k8s_common.kube.types import WorkloadRef

LAST_DECISION = "ai4k8s.io/last-decision"
ORIGINAL_REPLICAS = "ai4k8s.io/original-replicas"
FLOOR_EXPIRES = "ai4k8s.io/floor-expires-at"
FLOOR_NOTES = (ORIGINAL_MINIMUM, ORIGINAL_MAXIMUM, FLOOR_EXPIRES)
#: An HPA's status moves its version every few seconds: reading and writing again is no overwriting of anybody's wish.
TRIES = 4

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Standing:
    """How things stand in the cluster.

    Attributes:
        replicas: the number that we move.
        maximum: the HPA's, where there is one.
        resource_version: of the object that was read.
        managers: who else sets it.
    """

    replicas: int
    maximum: int | None
    resource_version: str
    managers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Order:
    """What shall be written.

    Attributes:
        decision_id, reason: noted on the object.
        replicas, maximum: the numbers; None leaves a maximum alone.
        planned_from, planned_maximum: how things stood when it was planned.
        planned_version: the version that was planned on.
        original: what was there before us.
        expires_at: when a floor ends by itself; None: when it is given back.
    """

    decision_id: UUID
    reason: str
    replicas: int
    maximum: int | None
    planned_from: int
    planned_maximum: int | None
    planned_version: str
    original: dict[str, Any]
    expires_at: datetime | None


class Hand(Protocol):
    """Moves one workload's size."""

    def standing(self) -> Standing:
        """Read how things stand. Raises KubeError."""
        ...

    def carry_out(self, order: Order) -> dict[str, Any]:
        """Write it; the API's answer in short. Raises KubeConflictError when the plan's ground has changed."""
        ...

    def give_back(self, original: dict[str, Any]) -> Standing:
        """Restore what was there before us, and take our notes off. Raises KubeError."""
        ...


@dataclass(frozen=True)
class ReplicasHand:
    """We own spec.replicas."""

    cluster: KubeScaler
    ref: WorkloadRef
    annotate: bool

    def standing(self) -> Standing:
        """Read the scale subresource."""
        scale = self.cluster.get_scale(self.ref)
        return Standing(scale.desired_replicas, None, scale.resource_version)

    def carry_out(self, order: Order) -> dict[str, Any]:
        """Patch the scale subresource on the version planned on."""
        scale = self.cluster.patch_scale(self.ref, order.replicas, resource_version=order.planned_version)
        self._note({LAST_DECISION: note(order), ORIGINAL_REPLICAS: str(order.original["replicas"])})
        return {"resource_version": scale.resource_version, "replicas": scale.desired_replicas}

    def give_back(self, original: dict[str, Any]) -> Standing:
        """Set the number that was there before us."""
        scale = self.cluster.get_scale(self.ref)
        replicas = int(original["replicas"])
        if scale.desired_replicas != replicas:
            scale = self.cluster.patch_scale(self.ref, replicas, resource_version=scale.resource_version)
        self._note({LAST_DECISION: None, ORIGINAL_REPLICAS: None})
        return Standing(scale.desired_replicas, None, scale.resource_version)

    def _note(self, annotations: dict[str, str | None]) -> None:
        """For people with kubectl. The scaling is done: a failure here changes nothing about it."""
        if not self.annotate:
            return
        try:
            self.cluster.patch_annotations(self.ref, annotations)
        except KubeError as error:
            log.warning("annotation_failed", workload=f"{self.ref.namespace}/{self.ref.name}", error=error.detail)


@dataclass(frozen=True)
class FloorHand:
    """The HPA owns spec.replicas; its minimum is ours for a while, and its maximum where a schedule lowers it."""

    cluster: KubeScaler
    namespace: str
    name: str

    def standing(self) -> Standing:
        """Read the HPA."""
        return _standing(self.cluster.read(self._path))

    def carry_out(self, order: Order) -> dict[str, Any]:
        """Patch it on a version whose bounds are the ones that were planned on."""
        ends = order.expires_at is None
        notes: dict[str, str | None] = dict.fromkeys((LAST_DECISION, *FLOOR_NOTES))
        if not ends:
            notes = {LAST_DECISION: note(order), **_notes(order.original, order.expires_at)}
        written = self._write(order.replicas, order.maximum, notes, (order.planned_from, order.planned_maximum))
        return {"resource_version": written.resource_version, "min_replicas": written.replicas}

    def renew(self, expires_at: datetime) -> Standing:
        """The floor stands for longer."""
        written = self.cluster.patch(self._path, {"metadata": {"annotations": {FLOOR_EXPIRES: expires_at.isoformat()}}})
        return _standing(written)

    def give_back(self, original: dict[str, Any]) -> Standing:
        """Set the bounds that were there before us."""
        notes: dict[str, str | None] = dict.fromkeys((LAST_DECISION, *FLOOR_NOTES))
        return self._write(int(original["min_replicas"]), original.get("max_replicas"), notes, None)

    def _write(
        self, minimum: int, maximum: int | None, notes: dict[str, str | None], planned: tuple[int, int | None] | None
    ) -> Standing:
        for _ in range(TRIES - 1):
            try:
                return self._write_once(minimum, maximum, notes, planned)
            except _VersionMovedError:
                continue
        return self._write_once(minimum, maximum, notes, planned)

    def _write_once(
        self, minimum: int, maximum: int | None, notes: dict[str, str | None], planned: tuple[int, int | None] | None
    ) -> Standing:
        found = _standing(self.cluster.read(self._path))
        if planned is not None and (found.replicas, found.maximum) != planned:
            raise KubeConflictError(f"HPA {self.name} has bounds {found.replicas} to {found.maximum} now")
        spec = {"minReplicas": minimum} | ({} if maximum is None else {"maxReplicas": maximum})
        body = {"metadata": {"resourceVersion": found.resource_version, "annotations": notes}, "spec": spec}
        try:
            return _standing(self.cluster.patch(self._path, body))
        except KubeConflictError as error:
            raise _VersionMovedError(error.detail) from error

    @property
    def _path(self) -> str:
        return object_path("hpa", self.namespace, self.name)


class _VersionMovedError(KubeConflictError):
    """Between reading and writing somebody wrote; most likely the HPA controller its status."""


@dataclass(frozen=True)
class MetricHand:
    """Nothing in the cluster is written: KEDA asks the gateway for the floor, and its HPA takes the maximum."""

    held: int

    def standing(self) -> Standing:
        """What is served now."""
        return Standing(self.held, None, "")

    def carry_out(self, order: Order) -> dict[str, Any]:
        """The record is the act."""
        return {"served": order.replicas}

    def give_back(self, original: dict[str, Any]) -> Standing:
        """Without a record nothing is served."""
        return Standing(int(original.get("replicas", 0)), None, "")


def note(order: Order) -> str:
    """What is written onto the object."""
    return json.dumps({"id": str(order.decision_id), "reason": order.reason})


def _notes(original: dict[str, Any], expires_at: datetime | None) -> dict[str, str | None]:
    return {
        ORIGINAL_MINIMUM: str(original["min_replicas"]),
        ORIGINAL_MAXIMUM: str(original["max_replicas"]),
        FLOOR_EXPIRES: None if expires_at is None else expires_at.isoformat(),
    }


def _standing(hpa: dict[str, Any]) -> Standing:
    spec = hpa["spec"]
    others = [name for name in spec_managers(hpa, ("minReplicas", "maxReplicas")) if name != FIELD_MANAGER]
    return Standing(
        int(spec.get("minReplicas") or DEFAULT_MINIMUM),
        int(spec["maxReplicas"]),
        str(hpa["metadata"].get("resourceVersion", "")),
        tuple(others),
    )
