"""The HorizontalPodAutoscaler: every fifteen seconds, from metrics to a size, with the reasons in its conditions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from ai4k8s_simcluster.controllers.autoscaling.behavior import (
    Bounds,
    History,
    Said,
    decide,
)
from ai4k8s_simcluster.controllers.autoscaling.metrics import (
    Absent,
    ResourceMetrics,
    absent_metric,
    to_milli,
    to_pod,
    write_milli,
)
from ai4k8s_simcluster.controllers.autoscaling.replicas import (
    DEFAULT_TOLERANCE,
    MetricError,
    Proposal,
    Tolerances,
    amount_replicas,
    utilization_replicas,
)
from ai4k8s_simcluster.controllers.autoscaling.scales import (
    Scale,
    ScaleError,
    find_scale,
    pods_of_scale,
    set_replicas,
)
from ai4k8s_simcluster.controllers.context import Context
from ai4k8s_simcluster.controllers.reconciler import Handler, Key, Reconciler
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.quantity import parse_quantity
from ai4k8s_simcluster.registry import AUTOSCALERS
from ai4k8s_simcluster.store import Change, ChangeKind, Stored
from ai4k8s_simcluster.types import Obj

SYNC_SECONDS = 15.0
_ABLE, _ACTIVE, _LIMITED = "AbleToScale", "ScalingActive", "ScalingLimited"
_GOT_SCALE = Said("SucceededGetScale", "the HPA controller was able to get the target's current scale")
_DISABLED = Said("ScalingDisabled", "scaling is disabled since the replica count of the target is zero")


@dataclass
class _Sync:
    """One look at one HPA: what its status will say."""

    hpa: Obj
    conditions: list[Obj]
    metrics: list[Obj] = field(default_factory=list)


class _MetricTroubleError(Exception):
    """One metric does not say anything: what the condition says, and the error (its text)."""

    def __init__(self, said: Said, error: str) -> None:
        super().__init__(error)
        self.said = said


class _AllMetricsError(Exception):
    """No size can be worked out; the text says from how many metrics."""


def tolerances_of(behavior: Obj | None) -> Tolerances:
    """Return the tolerances that an HPA sets for each direction; the usual tenth where it does not."""

    def one(rules: Obj | None) -> float:
        value = (rules or {}).get("tolerance")
        return DEFAULT_TOLERANCE if value is None else float(parse_quantity(value))

    rules = behavior or {}
    return Tolerances(one(rules.get("scaleUp")), one(rules.get("scaleDown")))


class HorizontalPodAutoscalerController(Reconciler):
    """Looks at every HPA every fifteen seconds."""

    resource: ClassVar = AUTOSCALERS
    component: ClassVar = "horizontal-pod-autoscaler"

    def __init__(self, context: Context, metrics: ResourceMetrics) -> None:
        super().__init__(context)
        self._metrics = metrics
        self._histories: dict[Key, History] = {}
        self._next_at: dict[Key, float] = {}

    def watches(self) -> Mapping[str, Handler]:
        """Follow HPAs; a new one gets its first look after fifteen seconds, as all further ones."""
        return {AUTOSCALERS.key: self.on_own_change}

    def on_own_change(self, change: Change) -> None:
        """Plan the first look at a new HPA, and drop what is known of one that went."""
        key = (change.stored.namespace, change.stored.name)
        if change.kind is ChangeKind.DELETED:
            self._histories.pop(key, None)
            self._next_at.pop(key, None)
            self.queue.forget(key)
        elif key not in self._next_at:
            self._plan(change.stored)

    def start(self) -> None:
        """Plan a look at every HPA."""
        for stored in self.store.values(AUTOSCALERS):
            self._plan(stored)

    def _plan(self, stored: Stored) -> None:
        key = (stored.namespace, stored.name)
        self._next_at[key] = self.context.clock.now() + SYNC_SECONDS
        self.queue.add(key, self._next_at[key])

    def reconcile(self, stored: Stored) -> None:
        """Look at one HPA, and plan the next look."""
        self._plan(stored)
        hpa = stored.obj
        sync = _Sync(hpa, list((hpa.get("status") or {}).get("conditions") or []))
        try:
            scale = find_scale(self.context, hpa["spec"]["scaleTargetRef"], stored.namespace)
        except ScaleError as error:
            message = f"the HPA controller was unable to get the target's current scale: {error}"
            self.event(hpa, "Warning", "FailedGetScale", str(error))
            self._set(sync, _ABLE, "False", Said("FailedGetScale", message))
            self._write(stored, sync, None, None)
            return
        self._set(sync, _ABLE, "True", _GOT_SCALE)
        self._scale(stored, sync, scale)

    def _history(self, stored: Stored) -> History:
        return self._histories.setdefault((stored.namespace, stored.name), History())

    def _scale(self, stored: Stored, sync: _Sync, scale: Scale) -> None:
        spec, current = sync.hpa["spec"], scale.replicas
        bounds = Bounds(int(spec.get("minReplicas", 1)), int(spec["maxReplicas"]))
        history = self._history(stored)
        history.begin(current, self.context.clock.now())
        if current == 0 and bounds.least != 0:
            self._set(sync, _ACTIVE, "False", _DISABLED)
            self._write(stored, sync, current, 0)
            return
        if current > bounds.most:
            wanted, reason = bounds.most, "Current number of replicas above Spec.MaxReplicas"
        elif current < bounds.least:
            wanted, reason = bounds.least, "Current number of replicas below Spec.MinReplicas"
        else:
            try:
                wanted, reason = self._by_metrics(sync, scale, bounds, history)
            except _AllMetricsError as error:
                self.event(sync.hpa, "Warning", "FailedComputeMetricsReplicas", str(error))
                self._write(stored, sync, current, None)
                return
        if wanted == current:
            self._write(stored, sync, current, wanted)
        else:
            self._rescale(stored, sync, scale, wanted, reason)

    def _rescale(self, stored: Stored, sync: _Sync, scale: Scale, wanted: int, reason: str) -> None:
        current = scale.replicas
        try:
            set_replicas(self.context, scale, wanted)
        except ApiError as error:
            text = f"New size: {wanted}; reason: {reason}; error: {error.message}"
            self.event(sync.hpa, "Warning", "FailedRescale", text)
            message = f"the HPA controller was unable to update the target scale: {error.message}"
            self._set(sync, _ABLE, "False", Said("FailedUpdateScale", message))
            self._write(stored, sync, current, None)
            return
        message = f"the HPA controller was able to update the target scale to {wanted}"
        self._set(sync, _ABLE, "True", Said("SucceededRescale", message))
        self.event(sync.hpa, "Normal", "SuccessfulRescale", f"New size: {wanted}; reason: {reason}")
        behavior = sync.hpa["spec"].get("behavior")
        if behavior is not None:
            self._history(stored).note_change(current, wanted, self.context.clock.now(), behavior)
        self._write(stored, sync, current, wanted, rescaled=True)

    def _by_metrics(self, sync: _Sync, scale: Scale, bounds: Bounds, history: History) -> tuple[int, str]:
        """Return the size that the metrics call for, held back as behaviour and bounds say, and the reason."""
        wanted, name = self._proposed(sync, scale)
        current = scale.replicas
        reason = ""
        if wanted > current:
            reason = f"{name} above target"
        elif wanted < current:
            reason = "All metrics below target"
        decision = decide(current, wanted, bounds, sync.hpa["spec"].get("behavior"), history, self.context.clock.now())
        self._set(sync, _ABLE, "True", decision.able)
        self._set(sync, _LIMITED, "True" if decision.limited else "False", decision.limit)
        return decision.replicas, reason

    def _proposed(self, sync: _Sync, scale: Scale) -> tuple[int, str]:
        """Return the largest size that any metric calls for, and that metric's name. Raises _AllMetricsError."""
        specs = sync.hpa["spec"].get("metrics") or []
        if not scale.selector:
            self.event(sync.hpa, "Warning", "SelectorRequired", "selector is required")
            said = Said("InvalidSelector", "the HPA target's scale is missing a selector")
            self._set(sync, _ACTIVE, "False", said)
            raise _AllMetricsError("selector is required")
        best, name = 0, ""
        troubles: list[tuple[Said, str]] = []
        for metric in specs:
            try:
                replicas, found = self._one_metric(sync, scale, metric)
            except _MetricTroubleError as trouble:
                troubles.append((trouble.said, str(trouble)))
                sync.metrics.append({"type": ""})
                continue
            if best == 0 or replicas > best:
                best, name = replicas, found
        if troubles and (len(troubles) >= len(specs) or best < scale.replicas):
            said, error = troubles[0]
            self._set(sync, _ACTIVE, "False", said)
            raise _AllMetricsError(
                f"invalid metrics ({len(troubles)} invalid out of {len(specs)}), first error is: {error}"
            )
        message = f"the HPA was able to successfully calculate a replica count from {name}"
        self._set(sync, _ACTIVE, "True", Said("ValidMetricFound", message))
        return best, name

    def _one_metric(self, sync: _Sync, scale: Scale, metric: Obj) -> tuple[int, str]:
        """Return the size that one metric calls for, and its name. Raises _MetricTroubleError."""
        if metric["type"] not in {"Resource", "ContainerResource"}:
            absent = absent_metric(metric, scale.stored.namespace)
            raise self._trouble(sync, absent)
        part = "resource" if metric["type"] == "Resource" else "containerResource"
        source = metric[part]
        resource, container = source["name"], source.get("container", "")
        by_percent = source["target"].get("averageUtilization") is not None
        try:
            proposal = self._measure(sync, scale, source, by_percent=by_percent)
        except MetricError as error:
            kind = "utilization" if by_percent else "usage"
            message = f"failed to get {resource} {kind}: {error}"
            reason = "FailedGetResourceMetric" if part == "resource" else "FailedGetContainerResourceMetric"
            outer = f"failed to get {container or resource} {'container' if container else 'resource'} metric value"
            raise self._trouble(sync, Absent(reason, message, f"{outer}: {message}")) from error
        current: Obj = {"averageValue": write_milli(proposal.mean, resource)}
        if proposal.utilization is not None:
            current["averageUtilization"] = proposal.utilization
        shown = {"name": resource, "current": current, **({"container": container} if container else {})}
        sync.metrics.append({"type": metric["type"], part: shown})
        name = f"{resource} resource"
        return proposal.replicas, f"{name} utilization (percentage of request)" if by_percent else name

    def _measure(self, sync: _Sync, scale: Scale, source: Obj, *, by_percent: bool) -> Proposal:
        """Return what a resource metric calls for. Raises MetricError."""
        resource, container = source["name"], source.get("container", "")
        found = pods_of_scale(self.context, scale)
        samples = self._metrics.samples(resource, found, container)
        pods = [to_pod(pod, resource) for pod in found]
        tolerances = tolerances_of(sync.hpa["spec"].get("behavior"))
        now, current = self.context.clock.now(), scale.replicas
        if by_percent:
            target = int(source["target"]["averageUtilization"])
            return utilization_replicas(current, target, resource, pods, samples, tolerances, now, container)
        target = to_milli(source["target"]["averageValue"])
        return amount_replicas(current, target, resource, pods, samples, tolerances, now)

    def _trouble(self, sync: _Sync, absent: Absent) -> _MetricTroubleError:
        """Say what is wrong with a metric in an event, and return it to be raised."""
        self.event(sync.hpa, "Warning", absent.reason, absent.message)
        message = f"the HPA was unable to compute the replica count: {absent.message}"
        return _MetricTroubleError(Said(absent.reason, message), absent.error)

    def _set(self, sync: _Sync, kind: str, status: str, said: Said) -> None:
        """Set a condition where it stood; the time of transition moves only with its status."""
        now = self.context.timestamp()
        new = {
            "type": kind, "status": status, "lastTransitionTime": now, "reason": said.reason, "message": said.message,
        }  # fmt: skip
        for at, old in enumerate(sync.conditions):
            if old["type"] == kind:
                if old["status"] == status:
                    new["lastTransitionTime"] = old["lastTransitionTime"]
                sync.conditions[at] = new
                return
        sync.conditions.append(new)

    def _write(
        self, stored: Stored, sync: _Sync, current: int | None, wanted: int | None, *, rescaled: bool = False
    ) -> None:
        """Write the status; None keeps what it said before."""
        old = sync.hpa.get("status") or {}
        replicas = old.get("currentReplicas", 0) if current is None else current
        status: Obj = {"currentReplicas": replicas} if replicas else {}
        status["desiredReplicas"] = old.get("desiredReplicas", 0) if wanted is None else wanted
        if rescaled:
            status["lastScaleTime"] = self.context.timestamp()
        elif old.get("lastScaleTime"):
            status["lastScaleTime"] = old["lastScaleTime"]
        known = old.get("currentMetrics") if current is None else None
        status["currentMetrics"] = sync.metrics or known
        status["conditions"] = sync.conditions
        fresh = self.fresh(stored)
        if fresh is not None:
            self.writer.set_status(AUTOSCALERS, fresh, status)
