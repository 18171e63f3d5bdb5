"""The Pod Security Standards, checked on pods and on the templates of whatever makes pods.

Which level counts is a matter of the namespace's labels. The wording is the real admission plugin's, as clients show
it to people.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.types import Obj

_PREFIX = "pod-security.kubernetes.io/"
_LEVELS = ("privileged", "baseline", "restricted")
_CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
        "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    }
)  # fmt: skip
_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
        "net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat",
    }
)  # fmt: skip
_VOLUMES = frozenset(
    {
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected",
        "secret",
    }
)  # fmt: skip
_SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
_SECCOMP_TYPES = frozenset({"Localhost", "RuntimeDefault"})
_APPARMOR_TYPES = frozenset({"Localhost", "RuntimeDefault"})
_APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"


class Mode(StrEnum):
    """What happens to a pod that does not meet the level."""

    ENFORCE = "enforce"
    AUDIT = "audit"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Level:
    """A level, and the Kubernetes version whose idea of it counts."""

    name: str = "privileged"
    version: str = "latest"

    def __str__(self) -> str:
        """Write the level as messages do."""
        return f"{self.name}:{self.version}"


def level_for(labels: Obj, mode: Mode) -> Level:
    """Return the level that a namespace's labels set.

    Of labels that cannot be read, enforcing counts as the strictest and the others as none. Where nothing is said of
    warnings, they follow what is enforced.
    """
    key = _PREFIX + mode
    enforced = labels.get(_PREFIX + Mode.ENFORCE)
    if mode is Mode.WARN and key not in labels and enforced in _LEVELS:
        fallback = level_for(labels, Mode.ENFORCE)
        return Level(fallback.name, labels.get(f"{key}-version", fallback.version))
    name = labels.get(key, "privileged")
    unread = "restricted" if mode is Mode.ENFORCE else "privileged"
    return Level(name if name in _LEVELS else unread, labels.get(f"{key}-version", "latest"))


def label_causes(labels: Obj) -> list[Cause]:
    """Return what is wrong with a namespace's labels of this kind."""
    causes: list[Cause] = []
    for mode in Mode:
        key = _PREFIX + mode
        if key in labels and labels[key] not in _LEVELS:
            causes.append(Cause.invalid(f"metadata.labels[{key}]", labels[key], f"must be one of {', '.join(_LEVELS)}"))
        key = f"{key}-version"
        value = labels.get(key, "latest")
        if value != "latest" and not _is_version(value):
            detail = 'must be "latest" or "v1.x"'
            causes.append(Cause.invalid(f"metadata.labels[{key}]", value, detail))
    return causes


def _is_version(text: str) -> bool:
    return text.startswith("v1.") and text[3:].isdigit()


def violations(level: Level, metadata: Obj, spec: Obj) -> list[tuple[str, str]]:
    """Return what keeps a pod from a level: reason and detail of each failed check."""
    checks = {"privileged": (), "baseline": _BASELINE, "restricted": _RESTRICTED}[level.name]
    minor = int(level.version[3:]) if _is_version(level.version) else 1000
    pod = _Pod(metadata, spec, minor)
    return [found for check in checks if (found := check(pod)) is not None]


def describe(found: Iterable[tuple[str, str]]) -> str:
    """Write failed checks as messages do."""
    return ", ".join(f"{reason} ({detail})" for reason, detail in found)


@dataclass(frozen=True, slots=True)
class _Pod:
    metadata: Obj
    spec: Obj
    minor: int

    @property
    def security(self) -> Obj:
        return self.spec.get("securityContext") or {}

    @property
    def windows(self) -> bool:
        return self.minor >= 25 and (self.spec.get("os") or {}).get("name") == "windows"

    @property
    def own_users(self) -> bool:
        return self.minor >= 35 and self.spec.get("hostUsers") is False

    def containers(self) -> Iterator[tuple[str, Obj, Obj]]:
        """Yield name, container and its security context."""
        for part in ("initContainers", "containers", "ephemeralContainers"):
            for container in self.spec.get(part) or ():
                yield str(container.get("name", "")), container, container.get("securityContext") or {}


_Found = tuple[str, str] | None
_Check = Callable[[_Pod], _Found]


def _quoted(items: Iterable[str]) -> str:
    return ", ".join(f'"{item}"' for item in items)


def _plural(word: str, items: list[str]) -> str:
    return word if len(items) == 1 else word + "s"


def _named(containers: list[str]) -> str:
    return f"{_plural('container', containers)} {_quoted(containers)}"


def _setters(pod_too: bool, containers: list[str]) -> str:
    return " and ".join([*(["pod"] if pod_too else []), *([_named(containers)] if containers else [])])


def _privilege_escalation(pod: _Pod) -> _Found:
    bad = [name for name, _, security in pod.containers() if security.get("allowPrivilegeEscalation") is not False]
    if pod.windows or not bad:
        return None
    return "allowPrivilegeEscalation != false", f"{_named(bad)} must set securityContext.allowPrivilegeEscalation=false"


def _app_armor(pod: _Pod) -> _Found:
    def bad_type(security: Obj) -> str | None:
        profile = security.get("appArmorProfile")
        return str(profile.get("type")) if profile and profile.get("type") not in _APPARMOR_TYPES else None

    of_pod = bad_type(pod.security)
    bad = [(name, value) for name, _, security in pod.containers() if (value := bad_type(security)) is not None]
    annotations = sorted(
        f'{key}="{value}"'
        for key, value in (pod.metadata.get("annotations") or {}).items()
        if key.startswith(_APPARMOR_ANNOTATION)
        and value not in {"", "runtime/default"}
        and not value.startswith("localhost/")
    )
    values = sorted({value for _, value in bad} | ({of_pod} if of_pod is not None else set())) + annotations
    if not values:
        return None
    setters = [_setters(of_pod is not None, [name for name, _ in bad])] if bad or of_pod is not None else []
    setters += [_plural("annotation", annotations)] if annotations else []
    detail = f"{' and '.join(setters)} must not set AppArmor profile type to {_quoted(values)}"
    return _plural("forbidden AppArmor profile", values), detail


def _added_capabilities(pod: _Pod, allowed: frozenset[str]) -> tuple[list[str], list[str]]:
    bad: list[str] = []
    added: set[str] = set()
    for name, _, security in pod.containers():
        extra = set((security.get("capabilities") or {}).get("add") or ()) - allowed
        if extra:
            bad.append(name)
            added |= extra
    return bad, sorted(added)


def _capabilities_baseline(pod: _Pod) -> _Found:
    bad, added = _added_capabilities(pod, _CAPABILITIES)
    if not bad:
        return None
    return (
        "non-default capabilities",
        f"{_named(bad)} must not include {_quoted(added)} in securityContext.capabilities.add",
    )


def _capabilities_restricted(pod: _Pod) -> _Found:
    if pod.windows:
        return None
    bad, added = _added_capabilities(pod, frozenset({"NET_BIND_SERVICE"}))
    kept = [
        name
        for name, _, security in pod.containers()
        if "ALL" not in ((security.get("capabilities") or {}).get("drop") or ())
    ]
    details = [f'{_named(kept)} must set securityContext.capabilities.drop=["ALL"]'] if kept else []
    if bad:
        details.append(f"{_named(bad)} must not include {_quoted(added)} in securityContext.capabilities.add")
    return ("unrestricted capabilities", "; ".join(details)) if details else None


def _host_namespaces(pod: _Pod) -> _Found:
    shared = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if pod.spec.get(name)]
    return ("host namespaces", ", ".join(shared)) if shared else None


def _host_paths(pod: _Pod) -> _Found:
    bad = [str(volume.get("name")) for volume in pod.spec.get("volumes") or () if volume.get("hostPath") is not None]
    return ("hostPath volumes", f"{_plural('volume', bad)} {_quoted(bad)}") if bad else None


def _host_ports(pod: _Pod) -> _Found:
    used = {
        name: {str(port["hostPort"]) for port in container.get("ports") or () if port.get("hostPort")}
        for name, container, _ in pod.containers()
    }
    bad = [name for name, ports in used.items() if ports]
    if not bad:
        return None
    ports = sorted(set().union(*used.values()))
    verb = "uses" if len(bad) == 1 else "use"
    return "hostPort", f"{_named(bad)} {verb} {_plural('hostPort', ports)} {', '.join(ports)}"


def _hosts_in(handler: Obj | None) -> set[str]:
    handler = handler or {}
    return {host for kind in ("httpGet", "tcpSocket") if (host := (handler.get(kind) or {}).get("host"))}


def _host_probes(pod: _Pod) -> _Found:
    if pod.minor < 34:
        return None
    used: dict[str, set[str]] = {}
    for name, container, _ in pod.containers():
        lifecycle = container.get("lifecycle") or {}
        handlers = [container.get(probe) for probe in ("livenessProbe", "readinessProbe", "startupProbe")]
        handlers += [lifecycle.get("postStart"), lifecycle.get("preStop")]
        hosts = set().union(*(_hosts_in(handler) for handler in handlers))
        if hosts:
            used[name] = hosts
    if not used:
        return None
    hosts_used = sorted(set().union(*used.values()))
    verb = "uses" if len(used) == 1 else "use"
    what = _plural("probe or lifecycle host", hosts_used)
    return "probe or lifecycle host", f"{_named(sorted(used))} {verb} {what} {_quoted(hosts_used)}"


def _privileged(pod: _Pod) -> _Found:
    bad = [name for name, _, security in pod.containers() if security.get("privileged")]
    return ("privileged", f"{_named(bad)} must not set securityContext.privileged=true") if bad else None


def _proc_mount(pod: _Pod) -> _Found:
    found = {name: security.get("procMount") for name, _, security in pod.containers()}
    bad = [name for name, value in found.items() if value not in {None, "Default"}]
    if not bad:
        return None
    values = sorted({str(found[name]) for name in bad})
    return "procMount", f"{_named(bad)} must not set securityContext.procMount to {_quoted(values)}"


def _proc_mount_baseline(pod: _Pod) -> _Found:
    return None if pod.own_users else _proc_mount(pod)


def _selinux(pod: _Pod) -> _Found:
    types: set[str] = set()
    others: set[str] = set()

    def bad(security: Obj) -> bool:
        options = security.get("seLinuxOptions") or {}
        wrong_type = options.get("type", "") not in _SELINUX_TYPES
        if wrong_type:
            types.add(options["type"])
        set_here = {name for name in ("user", "role") if options.get(name)}
        others.update(set_here)
        return wrong_type or bool(set_here)

    of_pod = bad(pod.security)
    containers = [name for name, _, security in pod.containers() if bad(security)]
    if not of_pod and not containers:
        return None
    listed = sorted(types)
    data = [f"{_plural('type', listed)} {_quoted(listed)}"] if listed else []
    data += [f"{name} may not be set" for name in ("user", "role") if name in others]
    setters = _setters(of_pod, containers)
    return "seLinuxOptions", f"{setters} set forbidden securityContext.seLinuxOptions: {'; '.join(data)}"


def _bad_seccomp(pod: _Pod) -> _Found:
    def bad_type(security: Obj) -> str | None:
        profile = security.get("seccompProfile")
        return str(profile.get("type", "")) if profile and profile.get("type") not in _SECCOMP_TYPES else None

    of_pod = bad_type(pod.security)
    bad = [(name, value) for name, _, security in pod.containers() if (value := bad_type(security)) is not None]
    values = sorted({value for _, value in bad} | ({of_pod} if of_pod is not None else set()))
    if not values:
        return None
    setters = _setters(of_pod is not None, [name for name, _ in bad])
    return "seccompProfile", f"{setters} must not set securityContext.seccompProfile.type to {_quoted(values)}"


def _seccomp_restricted(pod: _Pod) -> _Found:
    if pod.windows:
        return None
    if found := _bad_seccomp(pod):
        return found
    bare = [name for name, _, security in pod.containers() if not security.get("seccompProfile")]
    if pod.security.get("seccompProfile") or not bare:
        return None
    wanted = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return "seccompProfile", f"pod or {_named(bare)} {wanted}"


def _sysctls(pod: _Pod) -> _Found:
    bad = [str(found["name"]) for found in pod.security.get("sysctls") or () if found.get("name") not in _SYSCTLS]
    return ("forbidden sysctls", ", ".join(bad)) if bad else None


def _host_process(pod: _Pod) -> _Found:
    def bad(security: Obj) -> bool:
        return bool((security.get("windowsOptions") or {}).get("hostProcess"))

    of_pod = bad(pod.security)
    containers = [name for name, _, security in pod.containers() if bad(security)]
    if not of_pod and not containers:
        return None
    return (
        "hostProcess",
        f"{_setters(of_pod, containers)} must not set securityContext.windowsOptions.hostProcess=true",
    )


def _volumes(pod: _Pod) -> _Found:
    bad = [volume for volume in pod.spec.get("volumes") or () if not _VOLUMES & volume.keys()]
    if not bad:
        return None
    kinds = sorted({next((key for key in volume if key != "name"), "unknown") for volume in bad})
    names = [str(volume.get("name")) for volume in bad]
    verb = "uses" if len(bad) == 1 else "use"
    what = _plural("restricted volume type", kinds)
    return "restricted volume types", f"{_plural('volume', names)} {_quoted(names)} {verb} {what} {_quoted(kinds)}"


def _non_root(pod: _Pod) -> _Found:
    if pod.own_users:
        return None
    of_pod = pod.security.get("runAsNonRoot")
    found = {name: security.get("runAsNonRoot") for name, _, security in pod.containers()}
    bad = [name for name, value in found.items() if value is False]
    if bad or of_pod is False:
        return (
            "runAsNonRoot != true",
            f"{_setters(of_pod is False, bad)} must not set securityContext.runAsNonRoot=false",
        )
    bare = [name for name, value in found.items() if value is None]
    if of_pod or not bare:
        return None
    return "runAsNonRoot != true", f"pod or {_named(bare)} must set securityContext.runAsNonRoot=true"


def _non_zero_user(pod: _Pod) -> _Found:
    of_pod = pod.security.get("runAsUser") == 0
    bad = [name for name, _, security in pod.containers() if security.get("runAsUser") == 0]
    if pod.own_users or not (bad or of_pod):
        return None
    return "runAsUser=0", f"{_setters(of_pod, bad)} must not set runAsUser=0"


# In the order in which the plugin reports them: by the names of its checks, baseline first.
_BASELINE: tuple[_Check, ...] = (
    _app_armor, _capabilities_baseline, _host_namespaces, _host_paths, _host_ports, _host_probes, _privileged,
    _proc_mount_baseline, _selinux, _bad_seccomp, _sysctls, _host_process,
)  # fmt: skip
_RESTRICTED: tuple[_Check, ...] = (
    _app_armor, _host_namespaces, _host_ports, _host_probes, _privileged, _selinux, _sysctls, _host_process,
    _privilege_escalation, _capabilities_restricted, _proc_mount, _volumes, _non_root, _non_zero_user,
    _seccomp_restricted,
)  # fmt: skip
