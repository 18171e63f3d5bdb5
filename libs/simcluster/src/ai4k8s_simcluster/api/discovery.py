"""Discovery: what is served, in the unaggregated form that every client still reads."""

from ai4k8s_simcluster.registry import GROUPS, TYPES, ResourceType
from ai4k8s_simcluster.schema import KUBERNETES_MINOR
from ai4k8s_simcluster.types import Obj

GIT_VERSION = f"v1.{KUBERNETES_MINOR}.0+simcluster"


def version_info() -> Obj:
    """Return /version; the build metadata says plainly what this is."""
    return {
        "major": "1",
        "minor": str(KUBERNETES_MINOR),
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


def _group(name: str) -> Obj:
    versions = [{"groupVersion": f"{name}/{version}", "version": version} for group, version in GROUPS if group == name]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def group_list() -> Obj:
    """Return /apis."""
    names = [group for group, _ in GROUPS if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name) for name in names]}


def group(name: str) -> Obj | None:
    """Return /apis/<group>, None when there is no such group."""
    if not any(found == name for found, _ in GROUPS if found):
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name)}


def _entries(resource: ResourceType) -> list[Obj]:
    entry: Obj = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": [str(verb) for verb in resource.verbs],
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
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


def resource_list(group_name: str, version: str) -> Obj | None:
    """Return /api/v1 or /apis/<group>/<version>, None when that is not served."""
    if (group_name, version) not in GROUPS:
        return None
    found = [resource for resource in TYPES if (resource.group, resource.version) == (group_name, version)]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group_name}/{version}" if group_name else version,
        "resources": [entry for resource in found for entry in _entries(resource)],
    }
