"""What a process in a container would see: its environment and its few files, as the pod's spec sets them."""

import base64
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ai4k8s_simcluster.pods.containers import Container
from ai4k8s_simcluster.registry import CONFIG_MAPS, SECRETS, ResourceType
from ai4k8s_simcluster.store import Store
from ai4k8s_simcluster.types import Obj

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_DIRECTORIES = (
    "bin", "dev", "etc", "home", "lib", "proc", "root", "run", "sbin", "sys", "tmp", "usr", "var",
)  # fmt: skip
_DNS = "10.96.0.10"

TokenMaker = Callable[[Obj, Obj], str]
"""Make the token that a pod's projected volume holds, from the pod and the projection."""


@dataclass(frozen=True, slots=True)
class Inside:
    """The environment and the files of one container; directories are those that files imply, and the usual ones."""

    hostname: str
    environment: Mapping[str, str]
    files: Mapping[str, str]
    directories: frozenset[str] = field(default_factory=frozenset)

    def listing(self, path: str) -> list[str] | None:
        """Return the names in a directory; None when there is no such directory."""
        if path not in self.directories:
            return None
        prefix = path.rstrip("/") + "/"
        every = [*self.files, *self.directories]
        return sorted({found.removeprefix(prefix).split("/")[0] for found in every if found.startswith(prefix)} - {""})


def look_inside(store: Store, container: Container, make_token: TokenMaker) -> Inside:
    """Return what a process in the container sees now."""
    pod = container.pod
    hostname = str(pod["spec"].get("hostname") or pod["metadata"]["name"])
    files = dict(_system_files(pod, hostname))
    for volume, mount in _mounts(pod, container.spec):
        for name, text in _volume_files(store, pod, volume, make_token):
            if mount.get("subPath") in (None, "", name):
                target = mount["mountPath"] if mount.get("subPath") else posixpath.join(mount["mountPath"], name)
                files[posixpath.normpath(target)] = text
    usual = {"/", "/root", "/tmp", *(f"/{name}" for name in _DIRECTORIES)}  # noqa: S108 - a name in a made-up listing
    implied = {parent for path in files for parent in _parents(path)}
    return Inside(hostname, _environment(store, container, hostname), files, frozenset(usual | implied))


def _system_files(pod: Obj, hostname: str) -> Iterator[tuple[str, str]]:
    namespace = pod["metadata"]["namespace"]
    address = (pod.get("status") or {}).get("podIP", "")
    yield "/etc/hostname", f"{hostname}\n"
    yield "/etc/hosts", f"# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n{address}\t{hostname}\n"
    search = f"{namespace}.svc.cluster.local svc.cluster.local cluster.local"
    yield "/etc/resolv.conf", f"search {search}\nnameserver {_DNS}\noptions ndots:5\n"


def _mounts(pod: Obj, spec: Obj) -> Iterator[tuple[Obj, Obj]]:
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or []}
    for mount in spec.get("volumeMounts") or []:
        if mount["name"] in volumes:
            yield volumes[mount["name"]], mount


def _volume_files(store: Store, pod: Obj, volume: Obj, make_token: TokenMaker) -> Iterator[tuple[str, str]]:
    if "configMap" in volume:
        yield from _keys(store, CONFIG_MAPS, pod, volume["configMap"].get("name", ""), volume["configMap"])
    elif "secret" in volume:
        yield from _keys(store, SECRETS, pod, volume["secret"].get("secretName", ""), volume["secret"])
    for source in (volume.get("projected") or {}).get("sources") or []:
        if "configMap" in source:
            yield from _keys(store, CONFIG_MAPS, pod, source["configMap"].get("name", ""), source["configMap"])
        elif "secret" in source:
            yield from _keys(store, SECRETS, pod, source["secret"].get("name", ""), source["secret"])
        elif "serviceAccountToken" in source:
            yield source["serviceAccountToken"]["path"], make_token(pod, source["serviceAccountToken"])
        yield from _downward(pod, source.get("downwardAPI") or {})
    yield from _downward(pod, volume.get("downwardAPI") or {})


def _downward(pod: Obj, source: Obj) -> Iterator[tuple[str, str]]:
    for item in source.get("items") or []:
        path = (item.get("fieldRef") or {}).get("fieldPath", "")
        yield item["path"], field_value(pod, path)


def _keys(store: Store, resource: ResourceType, pod: Obj, name: str, source: Obj) -> Iterator[tuple[str, str]]:
    values = data_of(store, resource, pod["metadata"]["namespace"], name)
    items = source.get("items")
    chosen = {item["key"]: item["path"] for item in items} if items else {key: key for key in values}
    for key, path in chosen.items():
        if key in values:
            yield path, values[key]


def data_of(store: Store, resource: ResourceType, namespace: str, name: str) -> dict[str, str]:
    """Return the texts that a ConfigMap or Secret holds; none when it is not there."""
    stored = store.get(resource, namespace, name)
    data = (stored.obj.get("data") if stored else None) or {}
    if resource is SECRETS:
        return {key: base64.b64decode(value).decode("utf-8", "replace") for key, value in data.items()}
    return {key: str(value) for key, value in data.items()}


def field_value(pod: Obj, path: str) -> str:
    """Return what the downward API says of a field."""
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    known = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.podIP": status.get("podIP", ""),
        "status.hostIP": status.get("hostIP", ""),
    }
    for kind in ("labels", "annotations"):
        pairs = metadata.get(kind) or {}
        known[f"metadata.{kind}"] = "\n".join(f'{key}="{value}"' for key, value in sorted(pairs.items()))
        known |= {f"metadata.{kind}['{key}']": value for key, value in pairs.items()}
    return str(known.get(path, ""))


def _environment(store: Store, container: Container, hostname: str) -> dict[str, str]:
    found = {
        "PATH": _PATH,
        "HOSTNAME": hostname,
        "HOME": "/root",
        "KUBERNETES_SERVICE_HOST": "10.96.0.1",
        "KUBERNETES_SERVICE_PORT": "443",
    }
    namespace = container.pod["metadata"]["namespace"]
    for source in container.spec.get("envFrom") or []:
        for key, resource in (("configMapRef", CONFIG_MAPS), ("secretRef", SECRETS)):
            if key in source:
                values = data_of(store, resource, namespace, source[key].get("name", ""))
                found |= {source.get("prefix", "") + name: value for name, value in values.items()}
    for entry in container.spec.get("env") or []:
        value = _variable(store, container.pod, entry)
        if value is not None:
            found[entry["name"]] = value
    return found


def _variable(store: Store, pod: Obj, entry: Obj) -> str | None:
    source = entry.get("valueFrom")
    if not source:
        return str(entry.get("value", ""))
    if "fieldRef" in source:
        return field_value(pod, source["fieldRef"].get("fieldPath", ""))
    for key, resource in (("configMapKeyRef", CONFIG_MAPS), ("secretKeyRef", SECRETS)):
        if key in source:
            values = data_of(store, resource, pod["metadata"]["namespace"], source[key].get("name", ""))
            return values.get(source[key].get("key", ""))
    return None


def _parents(path: str) -> Iterator[str]:
    while path not in ("/", ""):
        path = posixpath.dirname(path)
        yield path
