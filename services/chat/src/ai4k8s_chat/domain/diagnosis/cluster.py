"""Rules about nodes, certificates and API versions that will be gone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain.diagnosis.state import Finding, Severity, condition, named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ai4k8s_chat.domain.diagnosis.state import State

_PRESSURES = {
    "MemoryPressure": ("memory", "Its pods use more memory than they request.", "Evict or move the largest of them."),
    "DiskPressure": ("disk", "Images, logs or emptyDirs fill its disk.", "Clean up images and logs, or enlarge it."),
    "PIDPressure": ("process ids", "Its pods start too many processes.", "Find the pod that forks without end."),
    "NetworkUnavailable": ("network", "Its network is not set up.", "Look at the network plugin's pod on it."),
}
CERTIFICATE_WARNING = timedelta(days=30)
CERTIFICATE_CRITICAL = timedelta(days=7)

# When an API version is (or was) no longer served: from the deprecation guide of Kubernetes.
REMOVED_IN: dict[str, str] = {
    "extensions/v1beta1": "1.22",
    "apps/v1beta1": "1.16",
    "apps/v1beta2": "1.16",
    "networking.k8s.io/v1beta1": "1.22",
    "rbac.authorization.k8s.io/v1beta1": "1.22",
    "apiextensions.k8s.io/v1beta1": "1.22",
    "admissionregistration.k8s.io/v1beta1": "1.22",
    "scheduling.k8s.io/v1beta1": "1.22",
    "batch/v1beta1": "1.25",
    "discovery.k8s.io/v1beta1": "1.25",
    "policy/v1beta1": "1.25",
    "autoscaling/v2beta1": "1.25",
    "autoscaling/v2beta2": "1.26",
    "storage.k8s.io/v1beta1": "1.27",
    "flowcontrol.apiserver.k8s.io/v1beta2": "1.29",
    "flowcontrol.apiserver.k8s.io/v1beta3": "1.32",
}


def nodes(state: State) -> Iterator[Finding]:
    """Nodes that are away or short of something."""
    for node in state.nodes:
        subject, ready = f"node {named(node)}", condition(node, "Ready")
        if ready and ready.get("status") != "True":
            silent = ready.get("status") == "Unknown"
            yield Finding(
                "node-not-ready",
                Severity.CRITICAL,
                subject,
                "is not ready",
                (f"Ready={ready.get('status')}: {ready.get('reason')}: {ready.get('message')}",),
                "Its kubelet has stopped reporting: the machine or its network is down."
                if silent
                else "Its kubelet says it cannot run pods.",
                "Look at the machine; drain the node if it does not come back.",
            )
        for kind, (what, cause, step) in _PRESSURES.items():
            pressure = condition(node, kind)
            if pressure.get("status") == "True":
                yield Finding(
                    "pressure",
                    Severity.CRITICAL if kind != "PIDPressure" else Severity.WARNING,
                    subject,
                    f"has {what} pressure" if kind != "NetworkUnavailable" else "has no network",
                    (f"{kind}: {pressure.get('message')}",),
                    cause,
                    step,
                )
        if (node.get("spec") or {}).get("unschedulable"):
            yield Finding(
                "cordoned",
                Severity.INFO,
                subject,
                "takes no new pods",
                ("spec.unschedulable is true",),
                "Somebody cordoned it.",
                "Uncordon it when its maintenance is over.",
            )


def certificates(state: State) -> Iterator[Finding]:
    """Certificates that end soon, or have ended."""
    for certificate in state.certificates:
        left = certificate.not_after - state.now
        if left > CERTIFICATE_WARNING:
            continue
        over = left <= timedelta(0)
        yield Finding(
            "certificate",
            Severity.CRITICAL if left <= CERTIFICATE_CRITICAL else Severity.WARNING,
            certificate.subject,
            "its certificate has ended" if over else f"its certificate ends in {left.days} days",
            (f"valid until {certificate.not_after.isoformat()}",),
            "Nobody renewed it.",
            "Renew it; whoever relies on it refuses connections after that.",
        )


def deprecated(state: State) -> Iterator[Finding]:
    """Objects that somebody still writes in an API version that is going or gone."""
    writers: dict[tuple[str, str], list[str]] = {}
    for found in (*state.workloads, *state.autoscalers, *state.services):
        for version, manager in _versions(found):
            writers.setdefault((version, manager), []).append(f"{str(found.get('kind', '')).lower()} {named(found)}")
    for (version, manager), objects in sorted(writers.items()):
        others = f" and {len(objects) - 1} more" if len(objects) > 1 else ""
        yield Finding(
            "deprecated-api",
            Severity.WARNING,
            f"{objects[0]}{others}",
            f"is written as {version}, which Kubernetes {REMOVED_IN[version]} no longer serves",
            (f"last written in that version by {manager}",),
            "A chart, manifest or program still uses the old version.",
            "Change the apiVersion in its source before the cluster is upgraded.",
        )


def _versions(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """API versions that an object was last written in, and by whom."""
    for entry in found["metadata"].get("managedFields") or ():
        if str(entry.get("apiVersion")) in REMOVED_IN:
            yield str(entry["apiVersion"]), str(entry.get("manager"))
