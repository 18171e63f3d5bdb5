"""The recommender of the VerticalPodAutoscaler: samples once a minute, advice in the status of every VPA."""

from collections.abc import Mapping

from ai4k8s_simcluster.controllers.autoscaling.metrics import write_milli
from ai4k8s_simcluster.controllers.autoscaling.recommender import Amounts, ContainerUse, Recommendation, recommend
from ai4k8s_simcluster.controllers.autoscaling.scales import ScaleError, find_scale, pods_of_scale
from ai4k8s_simcluster.controllers.context import Context, set_condition
from ai4k8s_simcluster.controllers.reconciler import Handler
from ai4k8s_simcluster.controllers.usage import UsageReader
from ai4k8s_simcluster.quantity import cores, parse_quantity
from ai4k8s_simcluster.registry import ResourceType
from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import Obj

_GROUP, _VERSION, _PLURAL = "autoscaling.k8s.io", "v1", "verticalpodautoscalers"
_EVERY_SECONDS = 60.0
_IDLE_BYTES = 4 * 2**20
_MOST = 100e12  # an upper bound of which nothing is known is cut here


class VerticalPodAutoscalerRecommender:
    """Watches what the pods of VPAs use, and advises."""

    def __init__(self, context: Context, usage: UsageReader) -> None:
        self._context = context
        self._usage = usage
        self._uses: dict[tuple[str, str], ContainerUse] = {}
        self._restarts: dict[tuple[str, str], int] = {}
        self._next_at = float("-inf")

    def watches(self) -> Mapping[str, Handler]:
        """Follow nothing: it looks once a minute."""
        return {}

    def start(self) -> None:
        """Begin with the next look."""

    def _type(self) -> ResourceType | None:
        return self._context.store.catalogue.find(_GROUP, _VERSION, _PLURAL)

    def work(self, now: float) -> bool:
        """Look at every VPA when it is time; say whether it was."""
        resource = self._type()
        if now < self._next_at or resource is None:
            return False
        self._next_at = now + _EVERY_SECONDS
        for stored in self._context.store.listing(resource):
            self._look(resource, stored, now)
        return True

    def _look(self, resource: ResourceType, stored: Stored, now: float) -> None:
        reference = stored.obj["spec"].get("targetRef") or {}
        try:
            pods = pods_of_scale(self._context, find_scale(self._context, reference, stored.namespace))
        except (ScaleError, KeyError):
            pods = []
        for pod in pods:
            self._sample(stored, pod, now)
        names = list(dict.fromkeys(c["name"] for pod in pods for c in pod.obj["spec"].get("containers") or ()))
        advice = [found for name in names if (found := self._advice(stored, name, len(names))) is not None]
        self._write(resource, stored, advice, matched=bool(pods))

    def _sample(self, stored: Stored, pod: Stored, now: float) -> None:
        sample = self._usage.pod_usage(pod.uid)
        for at, container in enumerate(pod.obj["spec"].get("containers") or ()):
            use = self._uses.setdefault((stored.uid, container["name"]), ContainerUse())
            self._notice_oom(use, pod, container, now)
            if sample is None:
                continue
            requests = (container.get("resources") or {}).get("requests") or {}
            asked = cores(requests["cpu"]) if "cpu" in requests else 0.0
            used = (0.0, float(_IDLE_BYTES)) if at else (sample.cpu_cores, sample.memory_bytes)
            use.add(pod.uid, *used, asked, sample.measured_at)

    def _notice_oom(self, use: ContainerUse, pod: Stored, container: Obj, now: float) -> None:
        """Count a kill by the kernel, once: the limit was all that the container could use."""
        statuses = (pod.obj.get("status") or {}).get("containerStatuses") or ()
        status = next((found for found in statuses if found["name"] == container["name"]), None)
        if status is None:
            return
        key = (pod.uid, container["name"])
        restarts = int(status.get("restartCount", 0))
        last = (status.get("lastState") or {}).get("terminated") or (status.get("state") or {}).get("terminated") or {}
        limit = ((container.get("resources") or {}).get("limits") or {}).get("memory")
        if restarts > self._restarts.get(key, 0) and last.get("reason") == "OOMKilled" and limit is not None:
            use.add_oom(pod.uid, float(parse_quantity(limit)), now)
        self._restarts[key] = restarts

    def _advice(self, stored: Stored, name: str, containers: int) -> Obj | None:
        policy = _policy(stored.obj, name)
        use = self._uses.get((stored.uid, name))
        if use is None or policy.get("mode") == "Off":
            return None
        found = recommend(use, containers)
        return None if found is None else _shown(name, found, policy)

    def _write(self, resource: ResourceType, stored: Stored, advice: list[Obj], *, matched: bool) -> None:
        status = dict(stored.obj.get("status") or {})
        conditions = list(status.get("conditions") or [])
        now = self._context.timestamp()
        provided = {"type": "RecommendationProvided", "status": "True" if advice else "False"}
        conditions = set_condition(conditions, provided, now)
        if not matched:
            new = {
                "type": "NoPodsMatched",
                "status": "True",
                "reason": "NoPodsMatched",
                "message": "No pods match this VPA object",
            }
            conditions = set_condition(conditions, new, now)
        else:
            conditions = [found for found in conditions if found["type"] != "NoPodsMatched"]
        status["conditions"] = conditions
        if advice:
            status["recommendation"] = {"containerRecommendations": advice}
        self._context.writer.set_status(resource, stored, status)


def _policy(vpa: Obj, name: str) -> Obj:
    """Return the policy for a container: its own, else the one for all."""
    policies = (vpa["spec"].get("resourcePolicy") or {}).get("containerPolicies") or ()
    for wanted in (name, "*"):
        for policy in policies:
            if policy.get("containerName", "*") == wanted:
                found: Obj = policy
                return found
    return {}


def _capped(amounts: Amounts, policy: Obj) -> Amounts:
    """Return amounts within the bounds of a policy."""
    least, most = policy.get("minAllowed") or {}, policy.get("maxAllowed") or {}

    def bounded(value: float, name: str) -> float:
        if name in least:
            value = max(value, float(parse_quantity(least[name])))
        return min(value, float(parse_quantity(most[name]))) if name in most else value

    return Amounts(bounded(amounts.cores, "cpu"), bounded(amounts.memory_bytes, "memory"))


def _written(amounts: Amounts, controlled: set[str]) -> Obj:
    found: Obj = {}
    if "cpu" in controlled:
        found["cpu"] = write_milli(round(min(amounts.cores, _MOST) * 1_000), "cpu")
    if "memory" in controlled:
        found["memory"] = write_milli(int(min(amounts.memory_bytes, _MOST)) * 1_000, "cpu")
    return found


def _shown(name: str, found: Recommendation, policy: Obj) -> Obj:
    controlled = set(policy.get("controlledResources") or ("cpu", "memory"))
    return {
        "containerName": name,
        "lowerBound": _written(_capped(found.lower, policy), controlled),
        "target": _written(_capped(found.target, policy), controlled),
        "uncappedTarget": _written(found.target, controlled),
        "upperBound": _written(_capped(found.upper, policy), controlled),
    }
