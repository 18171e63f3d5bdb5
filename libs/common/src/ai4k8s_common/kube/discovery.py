"""Which kinds of a cluster can be scaled, as its API server says: whatever has a scale subresource."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from ai4k8s_common.kube.objects import CustomWorkload
from ai4k8s_common.kube.types import Page, Resource, Struct

#: One answer for all groups. Servers that do not know it answer with a plain list of groups, which is then seen.
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
#: Read by themselves, with types of their own.
_KNOWN_GROUPS = frozenset({"apps", "batch", "autoscaling", "metrics.k8s.io"})


class _Kind(Struct, frozen=True):
    kind: str = ""


class _Subresource(Struct, frozen=True):
    subresource: str = ""


class _DiscoveredResource(Struct, frozen=True):
    resource: str = ""
    response_kind: _Kind = _Kind()
    scope: str = ""
    subresources: list[_Subresource] | None = None


class _Version(Struct, frozen=True):
    version: str = ""
    resources: list[_DiscoveredResource] | None = None


class _Group(Struct, frozen=True):
    metadata: dict[str, object] = msgspec.field(default_factory=dict)
    versions: list[_Version] | None = None


class Discovery(Struct, frozen=True):
    """The aggregated answer. `kind` tells it from the older form."""

    kind: str = ""
    items: list[_Group] | None = None


@dataclass(frozen=True)
class ScalableKind:
    """A kind of a custom resource whose objects have a scale subresource."""

    group: str
    version: str
    plural: str
    kind: str

    @property
    def api_version(self) -> str:
        """As objects say it."""
        return f"{self.group}/{self.version}"

    @property
    def resource(self) -> Resource[CustomWorkload]:
        """Its list."""
        return Resource(f"/apis/{self.api_version}/{self.plural}", f"{self.kind}List", Page[CustomWorkload])


def scalable_kinds(found: Discovery) -> list[ScalableKind]:
    """Return the namespaced custom kinds with a scale subresource, each in the version its group prefers."""
    result: dict[tuple[str, str], ScalableKind] = {}
    for group in found.items or ():
        name = str(group.metadata.get("name", ""))
        if not name or name in _KNOWN_GROUPS:
            continue
        for version in group.versions or ():
            for one in version.resources or ():
                scales = any(sub.subresource == "scale" for sub in one.subresources or ())
                if scales and one.scope == "Namespaced" and one.response_kind.kind:
                    kind = ScalableKind(name, version.version, one.resource, one.response_kind.kind)
                    # Versions come with the preferred one first.
                    result.setdefault((name, one.resource), kind)
    return list(result.values())
