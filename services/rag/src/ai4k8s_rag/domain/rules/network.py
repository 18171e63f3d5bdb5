"""Services, Ingresses, routes and network policies."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

from ai4k8s_rag.domain.findings import Problem, Severity, removing, setting
from ai4k8s_rag.domain.reading import as_int, as_list, as_map, as_text, dig, each_map
from ai4k8s_rag.domain.rules.pods import port_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_rag.domain.documents import Thing
    from ai4k8s_rag.domain.findings import Path
    from ai4k8s_rag.domain.scope import Pod, Scope

_NODE_PORTS = range(30_000, 32_768)
_HOST = re.compile(r"(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SPEC: Path = ("spec",)


def rules(thing: Thing, scope: Scope) -> Iterator[Problem]:
    """Everything about the network that one object says."""
    if thing.kind == "Service" and thing.api_version == "v1":
        yield from _service(thing)
        yield from _selected(thing, scope)
    elif thing.kind == "Ingress":
        yield from _ingress(thing, scope)
    elif thing.kind in {"HTTPRoute", "GRPCRoute", "TLSRoute"}:
        yield from _route(thing, scope)
    elif thing.kind == "NetworkPolicy":
        yield from _network_policy(thing)


def _service(thing: Thing) -> Iterator[Problem]:
    spec = thing.spec
    kind = as_text(spec.get("type")) or "ClusterIP"
    ports = list(each_map(spec.get("ports"), (*_SPEC, "ports")))
    if kind == "ExternalName":
        if not spec.get("externalName"):
            yield Problem("meaning.service-type", (*_SPEC, "externalName"), "ExternalName needs an externalName")
        return
    if not ports and spec.get("clusterIP") != "None":
        yield Problem("meaning.service-port", (*_SPEC, "ports"), "a Service needs at least one port")
    if spec.get("clusterIP") == "None" and kind != "ClusterIP":
        yield Problem(
            "meaning.service-type", (*_SPEC, "clusterIP"), f"a headless Service is of type ClusterIP, not {kind}"
        )
    if kind == "ClusterIP" and spec.get("externalTrafficPolicy") is not None:
        where = (*_SPEC, "externalTrafficPolicy")
        yield Problem(
            "meaning.service-type",
            where,
            "only NodePort and LoadBalancer have outside traffic",
            removing("remove it", where),
        )
    seen: set[tuple[Any, str]] = set()
    names: set[str] = set()
    for path, port in ports:
        name, protocol = as_text(port.get("name")), as_text(port.get("protocol")) or "TCP"
        if len(ports) > 1 and not name:
            fix = setting("name it", (*path, "name"), f"port-{port.get('port')}")
            yield Problem("meaning.service-port", path, "with several ports each needs a name", fix)
        if name and (not _LABEL.fullmatch(name) or name in names):
            yield Problem(
                "meaning.service-port", (*path, "name"), f"'{name[:60]}' is no name for a port, or used twice"
            )
        number = port.get("port")
        if isinstance(number, int) and (number, protocol) in seen:
            yield Problem("meaning.service-port", (*path, "port"), f"{protocol} {number} is there twice")
        if isinstance(number, int):
            seen.add((number, protocol))
        names.add(name)
        yield from _node_port(kind, port, path)


def _node_port(kind: str, port: dict[str, Any], path: Path) -> Iterator[Problem]:
    number, where = as_int(port.get("nodePort")), (*path, "nodePort")
    if number is None or number == 0:
        return
    if kind == "ClusterIP":
        why = "a ClusterIP has no port on the nodes"
        yield Problem("meaning.service-type", where, why, removing("remove nodePort", where))
    elif number not in _NODE_PORTS:
        why = f"{number} is not within 30000 to 32767, the usual range of node ports"
        yield Problem("meaning.service-port", where, why, removing("let Kubernetes choose", where))


def _selected(thing: Thing, scope: Scope) -> Iterator[Problem]:
    selector, pods = as_map(thing.spec.get("selector")), scope.pods(thing.namespace)
    lasting = [pod for pod in pods if pod.owner.kind not in {"Job", "CronJob"}]
    if not selector or not lasting or thing.spec.get("type") == "ExternalName":
        return
    chosen = [pod for pod in pods if selector.items() <= pod.labels.items()]
    if not chosen:
        only = lasting[0].labels if len(lasting) == 1 else {}
        fix = setting("select the pods of this text", (*_SPEC, "selector"), dict(only)) if only else None
        said = ", ".join(f"{key}={value}" for key, value in selector.items())
        why = f"no pod of this text has the labels {said}"
        yield Problem("meaning.service-selects-nothing", (*_SPEC, "selector"), why, fix)
        return
    for path, port in each_map(thing.spec.get("ports"), (*_SPEC, "ports")):
        yield from _target_port(port, path, chosen)


def _target_port(port: dict[str, Any], path: Path, pods: list[Pod]) -> Iterator[Problem]:
    target = port.get("targetPort", port.get("port"))
    where = (*path, "targetPort") if "targetPort" in port else (*path, "port")
    names: dict[str, int] = {}
    for pod in pods:
        for container in pod.containers("containers", "initContainers"):
            names |= port_names(container)
    numbers = {
        number
        for pod in pods
        for container in pod.containers("containers", "initContainers")
        for _, each in each_map(container.value.get("ports"), ())
        if (number := as_int(each.get("containerPort"))) is not None
    }
    known = [*names, *(str(number) for number in sorted(numbers - set(names.values())))]
    only = next(iter(numbers)) if len(numbers) == 1 else None
    fix = setting(f"write {only}", (*path, "targetPort"), only) if only is not None else None
    there = f"; they have {', '.join(known)}" if known else ""
    if isinstance(target, str) and not target.isdigit() and target not in names:
        why = f"the pods have no port named '{target[:40]}'{there}"
        yield Problem("meaning.service-target-port", where, why, fix, Severity.ERROR)
    elif isinstance(target, int) and numbers and target not in numbers:
        yield Problem("meaning.service-target-port", where, f"the pods do not open {target}{there}", fix)


def _ingress(thing: Thing, scope: Scope) -> Iterator[Problem]:
    spec, hosts = thing.spec, []
    if thing.api_version != "networking.k8s.io/v1":
        return
    if not as_list(spec.get("rules")) and spec.get("defaultBackend") is None:
        yield Problem("meaning.ingress", _SPEC, "an Ingress needs rules or a defaultBackend")
    yield from _backend(spec.get("defaultBackend"), (*_SPEC, "defaultBackend"), thing, scope)
    for path, rule in each_map(spec.get("rules"), (*_SPEC, "rules")):
        host = rule.get("host")
        if isinstance(host, str):
            hosts.append(host)
            yield from _host(host, (*path, "host"))
        base = (*path, "http", "paths")
        for where, each in each_map(dig(rule, "http", "paths"), base):
            yield from _path(each, where)
            yield from _backend(each.get("backend"), (*where, "backend"), thing, scope)
    for path, each in each_map(spec.get("tls"), (*_SPEC, "tls")):
        for index, host in enumerate(as_list(each.get("hosts"))):
            if hosts and isinstance(host, str) and not any(_covers(host, one) for one in hosts):
                why = f"no rule serves '{host[:80]}'"
                yield Problem("meaning.host", (*path, "hosts", index), why, None, Severity.WARNING)


def _covers(certificate: str, host: str) -> bool:
    return certificate == host or (certificate.startswith("*.") and host.partition(".")[2] == certificate[2:])


def _host(host: str, path: Path) -> Iterator[Problem]:
    if not _HOST.fullmatch(host) or len(host) > 253:
        bare = re.sub(r"^[a-z]+://", "", host.lower()).partition("/")[0].partition(":")[0]
        fix = setting(f"write {bare}", path, bare) if bare != host and _HOST.fullmatch(bare) else None
        why = f"'{host[:80]}' is no host name (no scheme, port or path)"
        yield Problem("meaning.host", path, why, fix)


def _path(each: dict[str, Any], where: Path) -> Iterator[Problem]:
    path, kind = each.get("path"), each.get("pathType")
    if kind in {"Exact", "Prefix"} and (not isinstance(path, str) or not path.startswith("/")):
        text = f"/{path}" if isinstance(path, str) else "/"
        yield Problem(
            "meaning.ingress",
            (*where, "path"),
            "a path begins with '/'",
            setting(f"write {text}", (*where, "path"), text),
        )


def _backend(backend: Any, path: Path, thing: Thing, scope: Scope) -> Iterator[Problem]:
    if not isinstance(backend, dict):
        return
    service = backend.get("service")
    if service is None and backend.get("resource") is None:
        yield Problem("meaning.ingress", path, "a backend names a service or a resource")
    port = as_map(dig(service, "port"))
    if service is not None and (port.get("name") is None) == (port.get("number") is None):
        yield Problem("meaning.ingress", (*path, "service", "port"), "a backend's port is either a name or a number")
        return
    target = scope.named("Service", as_text(dig(service, "name")), thing.namespace)
    if target is not None:
        yield from _service_port(target, port, (*path, "service", "port"))


def _service_port(service: Thing, port: dict[str, Any], path: Path) -> Iterator[Problem]:
    ports = [each for _, each in each_map(service.spec.get("ports"), ())]
    names, numbers = [as_text(each.get("name")) for each in ports], [each.get("port") for each in ports]
    known = ", ".join([*filter(None, names), *map(str, numbers)])
    if port.get("name") is not None and port["name"] not in names:
        yield Problem(
            "meaning.ingress-port",
            (*path, "name"),
            f"Service '{service.name}' has no port '{port['name']}'; it has {known}",
        )
    number = port.get("number")
    if isinstance(number, int) and number not in numbers:
        only = numbers[0] if len(numbers) == 1 else None
        fix = setting(f"write {only}", (*path, "number"), only) if only is not None else None
        yield Problem(
            "meaning.ingress-port",
            (*path, "number"),
            f"Service '{service.name}' has no port {number}; it has {known}",
            fix,
        )


def _route(thing: Thing, scope: Scope) -> Iterator[Problem]:
    for index, host in enumerate(as_list(thing.spec.get("hostnames"))):
        if isinstance(host, str):
            yield from _host(host, (*_SPEC, "hostnames", index))
    for path, rule in each_map(thing.spec.get("rules"), (*_SPEC, "rules")):
        for where, backend in each_map(rule.get("backendRefs"), (*path, "backendRefs")):
            kind = backend.get("kind", "Service")
            if kind == "Service" and backend.get("port") is None:
                yield Problem("meaning.ingress", where, "a Service as backend needs a port")
            service = scope.named(
                "Service", as_text(backend.get("name")), as_text(backend.get("namespace")) or thing.namespace
            )
            if kind == "Service" and service is not None and as_int(backend.get("port")) is not None:
                for problem in _service_port(service, {"number": backend["port"]}, where):
                    place = (*where, "port")
                    yield Problem(problem.rule, place, problem.why)


def _network_policy(thing: Thing) -> Iterator[Problem]:
    spec = thing.spec
    types = as_list(spec.get("policyTypes"))
    for direction, kind in (("ingress", "Ingress"), ("egress", "Egress")):
        base = (*_SPEC, direction)
        if types and spec.get(direction) is not None and kind not in types:
            fix = setting(f"add {kind} to policyTypes", (*_SPEC, "policyTypes"), [*types, kind])
            yield Problem(
                "meaning.network-policy-type", base, f"policyTypes leaves {kind} out, so these rules mean nothing", fix
            )
        for path, rule in each_map(spec.get(direction), base):
            side = "from" if direction == "ingress" else "to"
            wrong = "to" if side == "from" else "from"
            if rule.get(wrong) is not None:
                yield Problem("meaning.network-policy", (*path, wrong), f"{direction} rules say '{side}'")
            for where, port in each_map(rule.get("ports"), (*path, "ports")):
                yield from _policy_port(port, where)
            for where, peer in each_map(rule.get(side), (*path, side)):
                yield from _peer(peer, where)


def _policy_port(port: dict[str, Any], path: Path) -> Iterator[Problem]:
    end, first = as_int(port.get("endPort")), port.get("port")
    if end is not None and (not isinstance(first, int) or end < first):
        yield Problem("meaning.network-policy", (*path, "endPort"), "endPort needs a port number that is not above it")


def _peer(peer: dict[str, Any], path: Path) -> Iterator[Problem]:
    block = peer.get("ipBlock")
    if block is None:
        return
    if peer.get("podSelector") is not None or peer.get("namespaceSelector") is not None:
        yield Problem("meaning.network-policy", path, "ipBlock stands alone; give the selectors a peer of their own")
    whole = _net(dig(block, "cidr"))
    if whole is None and isinstance(dig(block, "cidr"), str):
        yield Problem(
            "meaning.cidr",
            (*path, "ipBlock", "cidr"),
            f"'{str(dig(block, 'cidr'))[:60]}' is no address range like 10.0.0.0/8",
        )
    for index, each in enumerate(as_list(dig(block, "except"))):
        part, where = _net(each), (*path, "ipBlock", "except", index)
        if part is None or (whole is not None and (part.version != whole.version or not part.subnet_of(whole))):  # type: ignore[arg-type]  # same version
            yield Problem("meaning.cidr", where, f"'{str(each)[:60]}' is no part of the range")


def _net(text: Any) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if isinstance(text, str) and "/" in text else None
    except ValueError:
        return None
