"""Pods and templates of pods: containers, ports, probes, volumes, resources, environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ai4k8s_rag.domain.findings import Problem, removing, setting
from ai4k8s_rag.domain.quantities import quantity
from ai4k8s_rag.domain.reading import as_int, as_list, as_map, as_text, dig, each_map
from ai4k8s_rag.domain.rules.objects import LABEL, mended_name, name_of_template_labels
from ai4k8s_rag.domain.scope import pod_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_rag.domain.documents import Thing
    from ai4k8s_rag.domain.findings import Path
    from ai4k8s_rag.domain.scope import Container, Pod, Scope

_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]([a-z0-9]|-(?!-))*(?<!-)")
_LONGEST_PORT_NAME = 15
_IMAGE = re.compile(
    r"(?:[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?)*(?::\d+)?/)?"
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?(?:@[a-z0-9]+:[0-9a-fA-F]{32,})?"
)
_LONGEST_IMAGE = 255
_HANDLERS = ("httpGet", "tcpSocket", "exec", "grpc")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_KNOWN_RESOURCES = frozenset({"cpu", "memory", "ephemeral-storage"})
_LEAST_MEMORY_BYTES = 1024 * 1024
_MOST_CORES = 512
_ENV_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")


def rules(thing: Thing, _: Scope) -> Iterator[Problem]:
    """Everything about the pod of one object."""
    pod = pod_of(thing)
    if pod is None:
        return
    yield from name_of_template_labels(pod.labels if pod.path else None, (*pod.path, "metadata", "labels"))
    yield from _containers(pod)
    yield from _ports(pod)
    yield from _volumes(pod, thing)
    yield from _placement(pod)
    for container in pod.containers():
        yield from _image(container)
        yield from _probes(container)
        yield from _resources(container)
        yield from _environment(container)


def _containers(pod: Pod) -> Iterator[Problem]:
    if pod.value.get("spec") is not None and not as_list(pod.spec.get("containers")):
        yield Problem("meaning.no-containers", (*pod.spec_path, "containers"), "a pod needs at least one container")
    seen: set[str] = set()
    for container in pod.containers():
        path = (*container.path, "name")
        if container.name and (not LABEL.fullmatch(container.name) or len(container.name) > 63):
            mend = mended_name(container.name)
            fix = setting(f"name it {mend}", path, mend) if mend else None
            why = f"'{container.name[:80]}' is no name for a container: lower-case letters, digits and '-'"
            yield Problem("meaning.container-name", path, why, fix)
        if container.name and container.name in seen and container.list_name != "containers":
            yield Problem("meaning.container-name", path, f"another container is named '{container.name}'")
        elif container.name and container.name in seen:
            yield Problem("meaning.container-name", path, f"'{container.name}' is the name of two containers")
        seen.add(container.name)


def _image(container: Container) -> Iterator[Problem]:
    image, path = container.value.get("image"), (*container.path, "image")
    if image is None or image == "":
        yield Problem("meaning.image", path, f"container '{container.name}' has no image")
    elif isinstance(image, str) and (len(image) > _LONGEST_IMAGE + 128 or not _IMAGE.fullmatch(image)):
        mend = image.strip().lower() if ":" not in image else image.strip()
        fix = setting(f"write {mend}", path, mend) if mend != image and _IMAGE.fullmatch(mend) else None
        yield Problem("meaning.image", path, f"'{image[:80]}' is no image reference", fix)


def _ports(pod: Pod) -> Iterator[Problem]:
    names: set[str] = set()
    host_ports: set[tuple[Any, str]] = set()
    for container in pod.containers("initContainers", "containers"):
        for path, port in each_map(container.value.get("ports"), (*container.path, "ports")):
            name = as_text(port.get("name"))
            if name and (not _PORT_NAME.fullmatch(name) or len(name) > _LONGEST_PORT_NAME):
                why = (
                    f"'{name[:80]}' is no port name: at most 15 lower-case letters, digits and '-', one letter at least"
                )
                mend = (mended_name(name) or "")[:_LONGEST_PORT_NAME].strip("-")
                fix = setting(f"name it {mend}", (*path, "name"), mend) if _PORT_NAME.fullmatch(mend) else None
                yield Problem("meaning.port-name", (*path, "name"), why, fix)
            if name and name in names:
                yield Problem("meaning.port-name", (*path, "name"), f"two ports are named '{name}'")
            names.add(name)
            host, protocol = as_int(port.get("hostPort")), as_text(port.get("protocol")) or "TCP"
            if host and (host, protocol) in host_ports:
                yield Problem(
                    "meaning.port-conflict", (*path, "hostPort"), f"{protocol} {host} of the host is taken twice"
                )
            if host:
                host_ports.add((host, protocol))
            if pod.spec.get("hostNetwork") is True and host and host != port.get("containerPort"):
                why = "on the host's network both ports must be the same"
                yield Problem("meaning.port-conflict", (*path, "hostPort"), why)


def port_names(container: Container) -> dict[str, int]:
    """Return the named ports of a container."""
    found = {}
    for _, port in each_map(container.value.get("ports"), ()):
        number = as_int(port.get("containerPort"))
        if as_text(port.get("name")) and number is not None:
            found[as_text(port["name"])] = number
    return found


def _probes(container: Container) -> Iterator[Problem]:
    for kind in _PROBES:
        probe, path = container.value.get(kind), (*container.path, kind)
        if not isinstance(probe, dict):
            continue
        handlers = [name for name in _HANDLERS if probe.get(name) is not None]
        if len(handlers) != 1:
            said = "none" if not handlers else " and ".join(handlers)
            yield Problem(
                "meaning.probe", path, f"a probe asks in one way (httpGet, tcpSocket, exec or grpc), not {said}"
            )
        if kind != "readinessProbe" and as_int(probe.get("successThreshold")) not in {None, 1}:
            where = (*path, "successThreshold")
            yield Problem("meaning.probe", where, f"a {kind} succeeds at once: 1", setting("write 1", where, 1))
        if container.list_name == "initContainers" and container.value.get("restartPolicy") != "Always":
            yield Problem(
                "meaning.probe", path, "an init container that ends has no probes", removing("remove it", path)
            )
        for handler in ("httpGet", "tcpSocket"):
            yield from _probe_port(container, (*path, handler, "port"), dig(probe, handler, "port"))


def _probe_port(container: Container, path: Path, port: Any) -> Iterator[Problem]:
    names = port_names(container)
    if isinstance(port, str) and not port.isdigit() and port not in names:
        known = f"; it has {', '.join(names)}" if names else ""
        fix = setting(f"write {next(iter(names))}", path, next(iter(names))) if len(names) == 1 else None
        yield Problem(
            "meaning.probe-port", path, f"container '{container.name}' has no port named '{port[:40]}'{known}", fix
        )
    elif isinstance(port, str) and port.isdigit():
        yield Problem(
            "meaning.probe-port", path, f"'{port}' in quotes is a name", setting("write a number", path, int(port))
        )


def _volumes(pod: Pod, thing: Thing) -> Iterator[Problem]:
    base = (*pod.spec_path, "volumes")
    known: set[str] = set()
    for path, volume in each_map(pod.spec.get("volumes"), base):
        name = as_text(volume.get("name"))
        if name and not LABEL.fullmatch(name):
            mend = mended_name(name)
            yield Problem(
                "meaning.volume-name",
                (*path, "name"),
                f"'{name[:80]}' is no name for a volume" + (f"; '{mend}' would be" if mend else ""),
            )
        known.add(name)
        sources = [key for key, value in volume.items() if key != "name" and value is not None]
        if len(sources) > 1:
            yield Problem("meaning.volume-source", path, f"volume '{name}' has several sources: {', '.join(sources)}")
    claims = {as_text(dig(each, "metadata", "name")) for each in as_list(thing.spec.get("volumeClaimTemplates"))}
    mounted: set[str] = set()
    for container in pod.containers():
        for list_name, key in (("volumeMounts", "mountPath"), ("volumeDevices", "devicePath")):
            paths: set[str] = set()
            for path, mount in each_map(container.value.get(list_name), (*container.path, list_name)):
                name = as_text(mount.get("name"))
                mounted.add(name)
                yield from _mount(container, path, mount, key, paths)
                if name and name not in known | claims:
                    yield Problem("meaning.volume-unknown", (*path, "name"), _unknown_volume(name, known | claims))
    for path, volume in each_map(pod.spec.get("volumes"), base):
        name = as_text(volume.get("name"))
        if name and name not in mounted:
            fix = removing("remove the volume", path)
            yield Problem("meaning.volume-unused", path, f"no container mounts volume '{name}'", fix)


def _unknown_volume(name: str, known: set[str]) -> str:
    there = f"; there are {', '.join(sorted(known - {''}))}" if known - {""} else ""
    return f"there is no volume '{name[:80]}'{there}"


def _mount(container: Container, path: Path, mount: dict[str, Any], key: str, paths: set[str]) -> Iterator[Problem]:
    place = mount.get(key)
    if isinstance(place, str):
        if place in paths:
            why = f"container '{container.name}' mounts two things at {place}"
            yield Problem("meaning.mount-path", (*path, key), why)
        if not place.startswith("/") or ":" in place:
            fix = setting(f"write /{place}", (*path, key), f"/{place}") if ":" not in place and place else None
            yield Problem("meaning.mount-path", (*path, key), f"'{place[:80]}' is no absolute path without ':'", fix)
        paths.add(place)
    inside = as_text(mount.get("subPath"))
    if inside.startswith("/") or ".." in inside.split("/"):
        why = f"'{inside[:80]}' must be a path inside the volume"
        yield Problem("meaning.mount-path", (*path, "subPath"), why)


def _resources(container: Container) -> Iterator[Problem]:
    resources, base = as_map(container.value.get("resources")), (*container.path, "resources")
    requests, limits = as_map(resources.get("requests")), as_map(resources.get("limits"))
    for part, amounts in (("requests", requests), ("limits", limits)):
        for name, written in amounts.items():
            path, amount = (*base, part, name), quantity(written)
            if name not in _KNOWN_RESOURCES and "/" not in name and not name.startswith("hugepages-"):
                yield Problem(
                    "meaning.resource-name",
                    path,
                    f"there is no resource '{name[:60]}'; cpu, memory and ephemeral-storage are",
                )
            elif amount is not None and amount < 0:
                yield Problem("meaning.resource-negative", path, f"{written} is less than nothing")
            elif amount is not None:
                yield from _suspicious(name, written, path)
    for name, written in requests.items():
        asked, most = quantity(written), quantity(limits.get(name))
        if asked is not None and most is not None and asked > most:
            path = (*base, "requests", name)
            fix = setting(f"request {limits[name]}", path, limits[name])
            why = f"{written} of {name} is requested and {limits[name]} is the limit: such a pod is refused"
            yield Problem("meaning.request-over-limit", path, why, fix)


def _suspicious(name: str, written: Any, path: Path) -> Iterator[Problem]:
    amount = quantity(written)
    if amount is None or amount == 0:
        return
    if name == "memory" and amount < _LEAST_MEMORY_BYTES:
        text = str(written)
        mend = text.rstrip("m") + "Mi" if text.rstrip("m").isdigit() else None
        fix = setting(f"write {mend}", path, mend) if mend else None
        yield Problem(
            "meaning.resource-suspicious",
            path,
            f"{written} of memory is less than one MiB; was {mend or 'Mi'} meant?",
            fix,
        )
    if name == "cpu" and amount > _MOST_CORES:
        mend = f"{written}m"
        yield Problem(
            "meaning.resource-suspicious",
            path,
            f"{written} are whole cores; was {mend} meant?",
            setting(f"write {mend}", path, mend),
        )


def _environment(container: Container) -> Iterator[Problem]:
    seen: set[str] = set()
    for path, variable in each_map(container.value.get("env"), (*container.path, "env")):
        name = as_text(variable.get("name"))
        if name and not _ENV_NAME.fullmatch(name):
            yield Problem("meaning.env", (*path, "name"), f"'{name[:80]}' is no name for an environment variable")
        if name and name in seen:
            fix = removing("remove the second", path)
            yield Problem("meaning.env-duplicate", (*path, "name"), f"'{name}' is set before; the last one counts", fix)
        seen.add(name)
        source = variable.get("valueFrom")
        if variable.get("value") not in {None, ""} and source is not None:
            yield Problem("meaning.env", path, f"'{name}' has both a value and a source")
        if isinstance(source, dict) and len([key for key, value in source.items() if value is not None]) != 1:
            yield Problem("meaning.env", (*path, "valueFrom"), f"'{name}' comes from exactly one source")


def _placement(pod: Pod) -> Iterator[Problem]:
    for path, each in each_map(pod.spec.get("tolerations"), (*pod.spec_path, "tolerations")):
        if each.get("operator") == "Exists" and each.get("value") not in {None, ""}:
            where = (*path, "value")
            yield Problem("meaning.toleration", where, "Exists takes no value", removing("remove the value", where))
        if not each.get("key") and each.get("operator") != "Exists":
            yield Problem("meaning.toleration", path, "without a key only Exists tolerates anything")
    base = (*pod.spec_path, "topologySpreadConstraints")
    for path, each in each_map(pod.spec.get("topologySpreadConstraints"), base):
        if each.get("labelSelector") is None and not each.get("matchLabelKeys"):
            fix = (
                setting("spread these pods", (*path, "labelSelector"), {"matchLabels": dict(pod.labels)})
                if pod.labels
                else None
            )
            yield Problem("meaning.spread", path, "without a labelSelector no pods are counted", fix)
