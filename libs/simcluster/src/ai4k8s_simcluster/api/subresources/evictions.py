"""`pods/eviction`: a deletion that asks the disruption budgets first."""

from starlette.responses import Response

from ai4k8s_simcluster import errors
from ai4k8s_simcluster.api.bodies import media_type, read_object
from ai4k8s_simcluster.api.rendering import json_response
from ai4k8s_simcluster.api.requests import parse_dry_run
from ai4k8s_simcluster.api.resources import Call
from ai4k8s_simcluster.clock import Clock, rfc3339
from ai4k8s_simcluster.controllers.context import condition, is_ready, is_terminating, set_condition
from ai4k8s_simcluster.disruption import allowed_condition, budgets_of
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import DISRUPTION_BUDGETS, PODS
from ai4k8s_simcluster.store import Store, Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import DeleteOptions, Writer

_REFUSAL = "Cannot evict pod as it would violate the pod's disruption budget."
_TOO_MANY = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
_BUSY_SECONDS = 10
_UNGUARDED_PHASES = {"Succeeded", "Failed", "Pending"}


class Evictions:
    """Evicts pods."""

    def __init__(self, store: Store, writer: Writer, clock: Clock) -> None:
        self._store = store
        self._writer = writer
        self._clock = clock

    def create(self, call: Call) -> Response:
        """Evict one pod. Raises ApiError: 404, 409, 429 when the budget is used up, 500 when there are two."""
        target = call.target
        body = read_object(call.body, media_type(call.headers), "Eviction")
        if (body.get("metadata") or {}).get("name", "") != target.name:
            raise errors.bad_request("name in URL does not match name in Eviction object")
        pod = self._store.get(PODS, target.namespace, target.name)
        if pod is None:
            raise errors.not_found(PODS, target.name)
        options: Obj = body.get("deleteOptions") or {}
        dry_run = parse_dry_run(call.query, options)
        self._writer.delete(PODS, pod, _delete_options(options, dry_run=True))  # says whether preconditions hold
        if not _unguarded(pod.obj):
            self._ask_budget(pod, dry_run=dry_run)
        if not dry_run:
            self._evict(pod, _delete_options({**options, "preconditions": None}, dry_run=False))
        return json_response(
            {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201
        )

    def _ask_budget(self, pod: Stored, *, dry_run: bool) -> None:
        budgets = budgets_of(self._store, pod.obj)
        if len(budgets) > 1:
            raise errors.internal(_TOO_MANY)
        if not budgets:
            return
        budget = budgets[0]
        status: Obj = budget.obj.get("status") or {}
        if not is_ready(pod.obj) and _harmless(budget.obj.get("spec") or {}, status):
            return
        if status.get("observedGeneration", 0) < budget.obj["metadata"].get("generation", 0):
            why = f"The disruption budget {budget.name} is still being processed by the server."
            raise _refused(why, _BUSY_SECONDS)
        allowed = status.get("disruptionsAllowed", 0)
        if allowed <= 0:
            needs, has = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
            raise _refused(f"The disruption budget {budget.name} needs {needs} healthy pods and has {has} currently", 0)
        if not dry_run:
            self._spend(budget, pod, allowed - 1)

    def _spend(self, budget: Stored, pod: Stored, left: int) -> None:
        now = rfc3339(self._clock.now())
        status: Obj = dict(budget.obj["status"])
        status["disruptionsAllowed"] = left
        status["disruptedPods"] = {**(status.get("disruptedPods") or {}), pod.name: now}
        if left == 0:
            status["conditions"] = set_condition(
                list(status.get("conditions") or []), allowed_condition(budget.obj, allowed=0), now
            )
        self._writer.set_status(DISRUPTION_BUDGETS, budget, status, manager="kube-apiserver")

    def _evict(self, pod: Stored, options: DeleteOptions) -> None:
        if not is_terminating(pod.obj) and condition(pod.obj, "DisruptionTarget") is None:
            status: Obj = dict(pod.obj.get("status") or {})
            reason = {"reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}
            told = {"type": "DisruptionTarget", "status": "True", "lastProbeTime": None, **reason}
            now = rfc3339(self._clock.now())
            status["conditions"] = set_condition(list(status.get("conditions") or []), told, now)
            pod = self._store.put(PODS, {**pod.obj, "status": status})
        self._writer.delete(PODS, pod, options)


def _unguarded(pod: Obj) -> bool:
    """Say whether no budget is asked: the pod does no work any more, or not yet."""
    return is_terminating(pod) or (pod.get("status") or {}).get("phase") in _UNGUARDED_PHASES


def _harmless(spec: Obj, status: Obj) -> bool:
    """Say whether a pod that is not ready may go because its absence changes nothing."""
    if spec.get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    desired = status.get("desiredHealthy", 0)
    return bool(desired > 0 and status.get("currentHealthy", 0) >= desired)


def _delete_options(options: Obj, *, dry_run: bool) -> DeleteOptions:
    preconditions = options.get("preconditions") or {}
    return DeleteOptions(
        str(options.get("propagationPolicy") or "Background"),
        options.get("gracePeriodSeconds"),
        str(preconditions.get("uid") or ""),
        str(preconditions.get("resourceVersion") or ""),
        dry_run,
    )


def _refused(why: str, retry_seconds: int) -> ApiError:
    details: Obj = {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    headers = {}
    if retry_seconds:
        details["retryAfterSeconds"] = retry_seconds
        headers["Retry-After"] = str(retry_seconds)
    return ApiError(429, "TooManyRequests", _REFUSAL, details, headers)
