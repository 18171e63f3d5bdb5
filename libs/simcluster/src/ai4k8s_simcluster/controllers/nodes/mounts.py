"""What a kubelet must have before it can start a pod: the ConfigMaps and Secrets behind its volumes.

A pod whose Secret is not there yet stays in ContainerCreating and starts by itself once it is: installations rely on
that order, and people debug it by the events told here. Only pods that ask for it by their annotation wait, though:
Secrets are often made by programs that run in the cluster (by hooks, say), and programs do not run here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ai4k8s_simcluster.controllers.context import condition
from ai4k8s_simcluster.controllers.nodes.programs import PREFIX, annotation
from ai4k8s_simcluster.registry import CONFIG_MAPS, SECRETS, ResourceType
from ai4k8s_simcluster.store import Store
from ai4k8s_simcluster.types import Obj

REQUIRE = PREFIX + "require-mounts"
_FIRST_RETRY = 0.5
_LONGEST_RETRY = 122.0
_WORDS = {SECRETS.key: ("secret", "secret"), CONFIG_MAPS.key: ("configmap", "config")}


@dataclass
class Mounting:
    """How far a kubelet is with a pod's volumes; retries are half a second apart, then twice as long each time."""

    done: bool = False
    next_at: float = 0.0
    pause: float = 0.0

    def attempt(self, store: Store, pod: Obj, now: float) -> list[str]:
        """Try what is due; return what went wrong. What was mounted once stays so, whatever is deleted."""
        sandbox = condition(pod, "PodReadyToStartContainers")
        begun = sandbox is not None and sandbox["status"] == "True"
        self.done = self.done or begun or annotation(pod, REQUIRE) != "true"
        if self.done or now < self.next_at:
            return []
        problems = mount_problems(store, pod)
        self.done = not problems
        self.pause = min(self.pause * 2, _LONGEST_RETRY) or _FIRST_RETRY
        self.next_at = now + self.pause
        return problems


def mount_problems(store: Store, pod: Obj) -> list[str]:
    """Return a message, as events tell it, for every volume that cannot be mounted; none when all can."""
    found: list[str] = []
    for volume in pod["spec"].get("volumes") or ():
        problems = [text for text in (_problem(store, pod, *source) for source in _sources(volume)) if text]
        if problems:
            said = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
            found.append(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {said}')
    return found


def _sources(volume: Obj) -> Iterator[tuple[ResourceType, str, Obj]]:
    if volume.get("secret"):
        yield SECRETS, volume["secret"].get("secretName", ""), volume["secret"]
    if volume.get("configMap"):
        yield CONFIG_MAPS, volume["configMap"].get("name", ""), volume["configMap"]
    for source in (volume.get("projected") or {}).get("sources") or ():
        for field, resource in (("secret", SECRETS), ("configMap", CONFIG_MAPS)):
            if source.get(field):
                yield resource, source[field].get("name", ""), source[field]


def _problem(store: Store, pod: Obj, resource: ResourceType, name: str, source: Obj) -> str:
    if source.get("optional"):
        return ""
    kind, short = _WORDS[resource.key]
    stored = store.get(resource, pod["metadata"]["namespace"], name)
    if stored is None:
        return f'{kind} "{name}" not found'
    keys = {*(stored.obj.get("data") or ()), *(stored.obj.get("binaryData") or ())}
    missing = [item["key"] for item in source.get("items") or () if item["key"] not in keys]
    return f"references non-existent {short} key: {missing[0]}" if missing else ""
