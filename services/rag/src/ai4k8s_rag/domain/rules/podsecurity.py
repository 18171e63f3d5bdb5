"""Pod Security Standards, baseline and restricted. Source: kubernetes.io, Pod Security Standards.

Under the baseline the restricted rules are advice; under the restricted profile they are errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_rag.domain.findings import Act, Edit, Fix, Problem, Severity, removing, setting
from ai4k8s_rag.domain.reading import as_list, as_map, as_text, dig, each_map
from ai4k8s_rag.domain.scope import Profile, pod_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_rag.domain.documents import Thing
    from ai4k8s_rag.domain.findings import Path
    from ai4k8s_rag.domain.scope import Container, Pod, Scope

_CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
_SELINUX = frozenset({None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    }
)
_VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
        "image",
    }
)
_HOST_PARTS = ("hostNetwork", "hostPID", "hostIPC")


def rules(thing: Thing, scope: Scope) -> Iterator[Problem]:
    """Everything that the profile says of one object's pod."""
    pod = pod_of(thing)
    if pod is None or scope.profile is Profile.PRIVILEGED or as_text(dig(pod.spec, "os", "name")) == "windows":
        return
    yield from _pod_baseline(pod)
    for container in pod.containers():
        yield from _container_baseline(container)
    for problem in _restricted(pod):
        severity = Severity.ERROR if scope.profile is Profile.RESTRICTED else Severity.INFO
        yield Problem(problem.rule, problem.path, problem.why, problem.fix, severity)


def _pod_baseline(pod: Pod) -> Iterator[Problem]:
    base = pod.spec_path
    for name in _HOST_PARTS:
        if pod.spec.get(name) is True:
            where = (*base, name)
            yield Problem(
                "policy.host-namespaces", where, f"{name} opens the host to the pod", removing("remove it", where)
            )
    for path, volume in each_map(pod.spec.get("volumes"), (*base, "volumes")):
        if volume.get("hostPath") is not None:
            said = as_text(dig(volume, "hostPath", "path"))
            more = ": whoever reaches the runtime's socket owns the node" if said.endswith(".sock") else ""
            yield Problem("policy.host-path", (*path, "hostPath"), f"the host's {said[:80]} is mounted{more}")
    for path, each in each_map(dig(pod.spec, "securityContext", "sysctls"), (*base, "securityContext", "sysctls")):
        if each.get("name") not in _SYSCTLS:
            yield Problem("policy.sysctl", (*path, "name"), f"{str(each.get('name'))[:60]} changes the node for others")
    yield from _context(as_map(pod.spec.get("securityContext")), (*base, "securityContext"))
    for key, value in as_map(dig(pod.value, "metadata", "annotations")).items():
        if key.startswith("container.apparmor.security.beta.kubernetes.io/") and value == "unconfined":
            where = (*pod.path, "metadata", "annotations", key)
            yield Problem("policy.apparmor-unconfined", where, "AppArmor is switched off", removing("remove it", where))


def _context(context: dict[str, Any], path: Path) -> Iterator[Problem]:
    if dig(context, "seccompProfile", "type") == "Unconfined":
        where = (*path, "seccompProfile", "type")
        why = "all calls to the kernel are allowed"
        yield Problem("policy.seccomp-unconfined", where, why, setting("write RuntimeDefault", where, "RuntimeDefault"))
    if dig(context, "appArmorProfile", "type") == "Unconfined":
        where = (*path, "appArmorProfile", "type")
        fix = setting("write RuntimeDefault", where, "RuntimeDefault")
        yield Problem("policy.apparmor-unconfined", where, "AppArmor is switched off", fix)
    selinux = as_map(context.get("seLinuxOptions"))
    kind = selinux.get("type")
    if (isinstance(kind, str) and kind not in _SELINUX) or selinux.get("user") or selinux.get("role"):
        yield Problem("policy.selinux", (*path, "seLinuxOptions"), "this SELinux type, user or role is not allowed")
    if dig(context, "windowsOptions", "hostProcess") is True:
        yield Problem(
            "policy.windows-host-process", (*path, "windowsOptions", "hostProcess"), "it runs on the host itself"
        )


def _container_baseline(container: Container) -> Iterator[Problem]:
    context, base = as_map(container.value.get("securityContext")), (*container.path, "securityContext")
    yield from _context(context, base)
    if context.get("privileged") is True:
        where = (*base, "privileged")
        why = f"container '{container.name}' may do to the node whatever it likes"
        yield Problem("policy.privileged", where, why, setting("write false", where, False))
    added = as_list(dig(context, "capabilities", "add"))
    for index, name in enumerate(added):
        if isinstance(name, str) and name.upper().removeprefix("CAP_") not in _CAPABILITIES:
            where = (*base, "capabilities", "add", index)
            yield Problem(
                "policy.capabilities",
                where,
                f"{name[:40]} goes beyond the baseline",
                removing(f"remove {name[:40]}", where),
            )
    if context.get("procMount") not in {None, "Default"}:
        where = (*base, "procMount")
        yield Problem("policy.proc-mount", where, "/proc is not masked", removing("remove it", where))
    for path, port in each_map(container.value.get("ports"), (*container.path, "ports")):
        if port.get("hostPort") not in {None, 0}:
            where = (*path, "hostPort")
            yield Problem("policy.host-port", where, "the port is taken from the host", removing("remove it", where))
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        for handler in ("httpGet", "tcpSocket"):
            if dig(container.value, kind, handler, "host"):
                where = (*container.path, kind, handler, "host")
                yield Problem(
                    "policy.host-probe", where, "the kubelet would ask another host", removing("remove it", where)
                )


def _restricted(pod: Pod) -> Iterator[Problem]:
    own = as_map(pod.spec.get("securityContext"))
    for path, volume in each_map(pod.spec.get("volumes"), (*pod.spec_path, "volumes")):
        for kind in volume.keys() - _VOLUMES - {"name", "hostPath"}:
            yield Problem("policy.volume-type", (*path, kind), f"volumes of kind {kind[:40]} are not allowed")
    for container in pod.containers():
        context, base = as_map(container.value.get("securityContext")), (*container.path, "securityContext")
        said = f"container '{container.name}'"
        yield from _root(pod, own, context, base, said)
        if context.get("allowPrivilegeEscalation") is not False:
            where = (*base, "allowPrivilegeEscalation")
            yield Problem(
                "policy.privilege-escalation",
                where,
                f"{said} may gain privileges",
                setting("write false", where, False),
            )
        dropped = as_list(dig(context, "capabilities", "drop"))
        if "ALL" not in dropped:
            where = (*base, "capabilities", "drop")
            yield Problem(
                "policy.drop-capabilities", where, f"{said} keeps capabilities", setting("drop ALL", where, ["ALL"])
            )
        for index, name in enumerate(as_list(dig(context, "capabilities", "add"))):
            if isinstance(name, str) and name in _CAPABILITIES - {"NET_BIND_SERVICE"}:
                where = (*base, "capabilities", "add", index)
                yield Problem("policy.drop-capabilities", where, f"{name} is added", removing(f"remove {name}", where))
        profile = dig(context, "seccompProfile", "type") or dig(own, "seccompProfile", "type")
        if profile is None:
            where = (*pod.spec_path, "securityContext", "seccompProfile", "type")
            fix = setting("write RuntimeDefault", where, "RuntimeDefault")
            yield Problem(
                "policy.seccomp-missing", (*pod.spec_path, "securityContext"), f"{said} has no seccomp profile", fix
            )


def _root(pod: Pod, own: dict[str, Any], context: dict[str, Any], base: Path, said: str) -> Iterator[Problem]:
    user = context.get("runAsUser", own.get("runAsUser"))
    if user == 0 and user is not False:
        where = (*base, "runAsUser") if "runAsUser" in context else (*pod.spec_path, "securityContext", "runAsUser")
        yield Problem("policy.run-as-root", where, f"{said} runs as root (user 0)", removing("remove it", where))
    if context.get("runAsNonRoot", own.get("runAsNonRoot")) is not True:
        where = (
            (*base, "runAsNonRoot")
            if "runAsNonRoot" in context
            else (*pod.spec_path, "securityContext", "runAsNonRoot")
        )
        edits = (Edit(Act.SET, where, True),)
        yield Problem("policy.run-as-root", where, f"{said} may run as root", Fix("require another user", edits))
