"""What a rule may look at: one object, the others of its text, the version and the profile."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ai4k8s_rag.domain.reading import as_list, as_map, as_text, dig, each_map

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_rag.domain.documents import Thing
    from ai4k8s_rag.domain.findings import Path


class Profile(StrEnum):
    """The Pod Security Standard that pods are held to."""

    PRIVILEGED = "privileged"
    BASELINE = "baseline"
    RESTRICTED = "restricted"


_TEMPLATES: dict[str, Path] = {
    "Deployment": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
LASTING = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController"})
LISTS = ("initContainers", "containers", "ephemeralContainers")


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod and where it stands."""

    path: Path
    value: dict[str, Any]
    list_name: str

    @property
    def name(self) -> str:
        """Empty without."""
        return as_text(self.value.get("name"))


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod, or the template of one."""

    path: Path  # of the template, or of the pod
    value: dict[str, Any]
    owner: Thing

    @property
    def spec_path(self) -> Path:
        """Where its spec stands."""
        return (*self.path, "spec")

    @property
    def spec(self) -> dict[str, Any]:
        """Never None."""
        return as_map(self.value.get("spec"))

    @property
    def labels(self) -> dict[str, Any]:
        """Never None."""
        return as_map(dig(self.value, "metadata", "labels"))

    def containers(self, *lists: str) -> Iterator[Container]:
        """Yield the containers, of all lists without a choice."""
        for name in lists or LISTS:
            for path, value in each_map(self.spec.get(name), (*self.spec_path, name)):
                yield Container(path, value, name)


def pod_of(thing: Thing) -> Pod | None:
    """Return the pod that an object is or makes; None for others."""
    if thing.kind == "Pod" and thing.api_version == "v1":
        return Pod((), thing.value, thing)
    path = _TEMPLATES.get(thing.kind)
    if path is None or thing.group not in {"", "apps", "batch"}:
        return None
    template = dig(thing.value, *path)
    return Pod(path, template, thing) if isinstance(template, dict) else None


@dataclass
class Scope:
    """The whole text, for rules that look from one object to another."""

    things: list[Thing]
    minor: int
    profile: Profile = Profile.BASELINE
    _pods: list[Pod] | None = field(default=None, repr=False)

    def of_kind(self, *kinds: str, namespace: str | None = None) -> list[Thing]:
        """Return the objects of some kinds, in one namespace or in all."""
        return [
            thing
            for thing in self.things
            if thing.kind in kinds and (namespace is None or thing.namespace == namespace)
        ]

    def named(self, kind: str, name: str, namespace: str | None) -> Thing | None:
        """Return one object."""
        return next((thing for thing in self.of_kind(kind, namespace=namespace) if thing.name == name), None)

    def pods(self, namespace: str) -> list[Pod]:
        """Return the pods and templates of a namespace."""
        if self._pods is None:
            self._pods = [pod for thing in self.things if (pod := pod_of(thing)) is not None]
        return [pod for pod in self._pods if pod.owner.namespace == namespace]


def selects(selector: Any, labels: dict[str, Any]) -> bool:
    """Whether a label selector (matchLabels and matchExpressions) selects these labels."""
    if any(labels.get(key) != value for key, value in as_map(dig(selector, "matchLabels")).items()):
        return False
    return all(_expression_holds(each, labels) for each in as_list(dig(selector, "matchExpressions")))


def _expression_holds(expression: Any, labels: dict[str, Any]) -> bool:
    key, operator = dig(expression, "key"), dig(expression, "operator")
    values = as_list(dig(expression, "values"))
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    if operator == "Exists":
        return key in labels
    return key not in labels if operator == "DoesNotExist" else True
