"""What is wrong with the containers of a pod."""

import re
from typing import Any

from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.validation import rules
from ai4k8s_simcluster.validation.resources import check_resources

_PROTOCOLS = ("SCTP", "TCP", "UDP")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("FallbackToLogsOnError", "File")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_LIFECYCLE_HANDLERS = ("exec", "httpGet", "tcpSocket", "sleep")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_ENV_NAME = re.compile(r"[ -<>-~]+")
_MAX_PORT = 65535


def check_containers(path: str, containers: list[Obj], volumes: set[str], taken: set[str]) -> rules.Causes:
    """Check containers of one list.

    volumes: the names that mounts may use; taken: the names of containers seen so far, which grows.
    """
    causes: rules.Causes = []
    for at, container in enumerate(containers):
        where, name = f"{path}[{at}]", container.get("name", "")
        causes += _common(where, container, volumes)
        if name and name in taken:
            causes.append(Cause.duplicate(f"{where}.name", name))
        taken.add(name)
        causes += _lifecycle(f"{where}.lifecycle", container.get("lifecycle") or {})
        for probe in _PROBES:
            causes += _probe(f"{where}.{probe}", probe, container.get(probe))
    return causes + _host_ports(path, containers)


def _common(where: str, container: Obj, volumes: set[str]) -> rules.Causes:
    name, image = container.get("name", ""), container.get("image", "")
    causes = rules.refused(f"{where}.name", name, rules.label(name)) if name else [Cause.required(f"{where}.name")]
    if not image:
        causes.append(Cause.required(f"{where}.image"))
    elif image != image.strip():
        causes.append(Cause.invalid(f"{where}.image", image, "must not have leading or trailing whitespace"))
    policy = container.get("terminationMessagePolicy")
    causes += rules.one_of(f"{where}.terminationMessagePolicy", policy, _MESSAGE_POLICIES)
    causes += _ports(f"{where}.ports", container.get("ports") or [])
    causes += _variables(f"{where}.env", container.get("env") or [])
    causes += _mounts(f"{where}.volumeMounts", container.get("volumeMounts") or [], volumes)
    causes += rules.one_of(f"{where}.imagePullPolicy", container.get("imagePullPolicy"), _PULL_POLICIES)
    return causes + check_resources(f"{where}.resources", container.get("resources") or {})


def _ports(path: str, ports: list[Obj]) -> rules.Causes:
    causes: rules.Causes = []
    names: set[str] = set()
    for at, port in enumerate(ports):
        where, name = f"{path}[{at}]", port.get("name")
        if name:
            wrong = rules.refused(f"{where}.name", name, rules.port_name(name))
            causes += wrong or ([Cause.duplicate(f"{where}.name", name)] if name in names else [])
            names.add(name)
        if not port.get("containerPort"):
            causes.append(Cause.required(f"{where}.containerPort"))
        else:
            causes += rules.port(f"{where}.containerPort", port["containerPort"])
        if port.get("hostPort"):
            causes += rules.port(f"{where}.hostPort", port["hostPort"])
        causes += rules.one_of(f"{where}.protocol", port.get("protocol"), _PROTOCOLS)
    return causes


def _host_ports(path: str, containers: list[Obj]) -> rules.Causes:
    causes: rules.Causes = []
    taken: set[tuple[str, str, int]] = set()
    for at, container in enumerate(containers):
        for number, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            key = (port.get("protocol", "TCP"), port.get("hostIP", ""), port["hostPort"])
            if key in taken:
                where = f"{path}[{at}].ports[{number}].hostPort"
                causes.append(
                    Cause.duplicate(where, f"{key[2]}/{key[0]}//" if not key[1] else f"{key[0]}/{key[1]}/{key[2]}")
                )
            taken.add(key)
    return causes


def _variables(path: str, variables: list[Obj]) -> rules.Causes:
    causes: rules.Causes = []
    for at, variable in enumerate(variables):
        where, name = f"{path}[{at}]", variable.get("name", "")
        if not name:
            causes.append(Cause.required(f"{where}.name"))
        elif not _ENV_NAME.fullmatch(name):
            rule = "a valid environment variable name must consist only of printable ASCII characters other than '='"
            causes.append(Cause.invalid(f"{where}.name", name, rule))
        source = variable.get("valueFrom")
        if isinstance(source, dict):
            causes += _source(f"{where}.valueFrom", source, has_value=bool(variable.get("value")))
    return causes


def _source(path: str, source: Obj, *, has_value: bool) -> rules.Causes:
    given = [name for name in _SOURCES if source.get(name) is not None]
    if has_value and given:
        return [Cause.invalid(path, "", "may not be specified when `value` is not empty")]
    if not given:
        listed = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        return [Cause.invalid(path, "", listed)]
    if len(given) > 1:
        return [Cause.invalid(path, "", "may not have more than one field specified at a time")]
    causes: rules.Causes = []
    for name in ("configMapKeyRef", "secretKeyRef"):
        reference = source.get(name)
        if reference is not None:
            causes += [] if reference.get("name") else [Cause.required(f"{path}.{name}.name")]
            causes += [] if reference.get("key") else [Cause.required(f"{path}.{name}.key")]
    return causes


def _mounts(path: str, mounts: list[Obj], volumes: set[str]) -> rules.Causes:
    causes: rules.Causes = []
    paths: set[str] = set()
    for at, mount in enumerate(mounts):
        where, name, place = f"{path}[{at}]", mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            causes.append(Cause.required(f"{where}.name"))
        elif name not in volumes:
            causes.append(Cause.not_found(f"{where}.name", name))
        if not place:
            causes.append(Cause.required(f"{where}.mountPath"))
        elif place in paths:
            causes.append(Cause.invalid(f"{where}.mountPath", place, "must be unique"))
        paths.add(place)
    return causes


def _handler(path: str, handler: Obj, kinds: tuple[str, ...]) -> rules.Causes:
    given = [kind for kind in kinds if handler.get(kind) is not None]
    if not given:
        return [Cause.required(path, "must specify a handler type")]
    causes = _handler_details(f"{path}.{given[0]}", given[0], handler[given[0]])
    detail = "may not specify more than 1 handler type"
    return causes + [Cause.forbidden(f"{path}.{kind}", detail) for kind in given[1:]]


def _handler_details(path: str, kind: str, details: Obj) -> rules.Causes:
    if kind == "exec":
        return [] if details.get("command") else [Cause.required(f"{path}.command")]
    if kind == "sleep":
        return []
    causes: rules.Causes = []
    if kind == "httpGet":
        causes += [] if details.get("path") else [Cause.required(f"{path}.path")]
    causes += rules.port_or_name(f"{path}.port", details.get("port", 0))
    if kind == "httpGet":
        causes += rules.one_of(f"{path}.scheme", details.get("scheme"), ("HTTP", "HTTPS"))
    return causes


def _lifecycle(path: str, lifecycle: Obj) -> rules.Causes:
    causes: rules.Causes = []
    for moment in ("postStart", "preStop"):
        if lifecycle.get(moment) is not None:
            causes += _handler(f"{path}.{moment}", lifecycle[moment], _LIFECYCLE_HANDLERS)
    return causes


def _probe(path: str, kind: str, probe: Any) -> rules.Causes:
    if probe is None:
        return []
    causes = _handler(path, probe, _HANDLERS)
    for field in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        causes += rules.not_negative(f"{path}.{field}", probe.get(field))
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        causes.append(Cause.invalid(f"{path}.terminationGracePeriodSeconds", grace, "must be greater than 0"))
    if kind != "readinessProbe" and probe.get("successThreshold", 1) != 1:
        causes.append(Cause.invalid(f"{path}.successThreshold", probe["successThreshold"], "must be 1"))
    if kind == "readinessProbe" and grace is not None:
        detail = "must not be set for readinessProbes"
        causes.append(Cause.invalid(f"{path}.terminationGracePeriodSeconds", grace, detail))
    return causes
