"""Discovery: what is served, in the aggregated form that new clients ask for and the older one group by group."""

import base64
import hashlib

from ai4k8s_simcluster.registry import Catalogue, ResourceType, Subresource
from ai4k8s_simcluster.schema import KUBERNETES_MINOR
from ai4k8s_simcluster.types import Obj

GIT_VERSION = f"v1.{KUBERNETES_MINOR}.0+simcluster"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def version_info() -> Obj:
    """Return /version; the build metadata says plainly what this is."""
    minor = str(KUBERNETES_MINOR)
    return {
        "major": "1",
        "minor": minor,
        "emulationMajor": "1",
        "emulationMinor": minor,
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": str(KUBERNETES_MINOR - 1),
        "gitVersion": GIT_VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": "linux/amd64",
    }


def core_versions(address: str) -> Obj:
    """Return /api."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def wants_aggregated(accept: str) -> bool:
    """Say whether the first form the client accepts is the aggregated one."""
    first = accept.partition(",")[0]
    parts = {part.strip() for part in first.split(";")}
    return {"application/json", "g=apidiscovery.k8s.io", "v=v2", "as=APIGroupDiscoveryList"} <= parts


def _storage_hash(resource: ResourceType) -> str:
    kept = resource.storage
    digest = hashlib.sha256(f"{kept.group}/{kept.version}/{kept.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


class Discovery:
    """Describes what one cluster serves at the moment."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def _names(self) -> list[str]:
        return list(dict.fromkeys(group for group, _ in self._catalogue.groups if group))

    def _group(self, name: str) -> Obj:
        versions = [
            {"groupVersion": f"{name}/{version}", "version": version}
            for group, version in self._catalogue.groups
            if group == name
        ]
        return {"name": name, "versions": versions, "preferredVersion": versions[0]}

    def group_list(self) -> Obj:
        """Return /apis."""
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [self._group(name) for name in self._names()]}

    def group(self, name: str) -> Obj | None:
        """Return /apis/<group>, None when there is no such group."""
        if name not in self._names():
            return None
        return {"kind": "APIGroup", "apiVersion": "v1", **self._group(name)}

    def resource_list(self, group_name: str, version: str) -> Obj | None:
        """Return /api/v1 or /apis/<group>/<version>, None when that is not served."""
        found = self._resources(group_name, version)
        if not found:
            return None
        head: Obj = {"kind": "APIResourceList"}
        if group_name:
            head["apiVersion"] = "v1"
        return {
            **head,
            "groupVersion": f"{group_name}/{version}" if group_name else version,
            "resources": [entry for resource in found for entry in _entries(resource)],
        }

    def aggregated(self, *, core: bool) -> Obj:
        """Return /api or /apis in the aggregated form."""
        items: list[Obj] = []
        for name in [""] if core else self._names():
            versions = [version for group, version in self._catalogue.groups if group == name]
            described = [
                {
                    "version": version,
                    "resources": [_aggregated(resource) for resource in self._resources(name, version)],
                    "freshness": "Current",
                }
                for version in versions
            ]
            items.append({"metadata": {"name": name} if name else {}, "versions": described})
        return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}

    def _resources(self, group: str, version: str) -> list[ResourceType]:
        found = [r for r in self._catalogue.types if (r.group, r.version) == (group, version)]
        return sorted(found, key=lambda resource: resource.plural)


def _entries(resource: ResourceType) -> list[Obj]:
    entry: Obj = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": [str(verb) for verb in resource.verbs],
        **_names_of(resource),
    }
    if resource.stored:
        entry["storageVersionHash"] = _storage_hash(resource)
    entries = [entry]
    for sub in resource.subresources:
        inner: Obj = {
            "name": f"{resource.plural}/{sub.name}",
            "singularName": "",
            "namespaced": resource.namespaced,
        }
        if sub.group:
            inner |= {"group": sub.group, "version": sub.version}
        entries.append({**inner, "kind": sub.kind, "verbs": [str(verb) for verb in sub.verbs]})
    return entries


def _names_of(resource: ResourceType) -> Obj:
    found: Obj = {}
    if resource.short_names:
        found["shortNames"] = list(resource.short_names)
    if resource.categories:
        found["categories"] = list(resource.categories)
    return found


def _aggregated(resource: ResourceType) -> Obj:
    entry: Obj = {
        "resource": resource.plural,
        "responseKind": {"group": "", "version": "", "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": [str(verb) for verb in resource.verbs],
        **_names_of(resource),
    }
    if resource.subresources:
        entry["subresources"] = [_aggregated_part(sub) for sub in resource.subresources]
    return entry


def _aggregated_part(sub: Subresource) -> Obj:
    return {
        "subresource": sub.name,
        "responseKind": {"group": sub.group, "version": sub.version, "kind": sub.kind},
        "verbs": [str(verb) for verb in sub.verbs],
    }
