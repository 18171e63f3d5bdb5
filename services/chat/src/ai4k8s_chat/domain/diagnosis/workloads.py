"""Rules about workloads, services, autoscalers and quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain.diagnosis.quantities import amount
from ai4k8s_chat.domain.diagnosis.state import Finding, Severity, condition, named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ai4k8s_chat.domain.diagnosis.state import State

QUOTA_FULL = 0.999
QUOTA_NEARLY = 0.9


def rollouts(state: State) -> Iterator[Finding]:
    """Rollouts that failed, and replicas that cannot be made."""
    for found in state.workloads:
        subject = f"{str(found['kind']).lower()} {named(found)}"
        progressing, failure = condition(found, "Progressing"), condition(found, "ReplicaFailure")
        if progressing.get("reason") == "ProgressDeadlineExceeded":
            status, spec = found.get("status") or {}, found.get("spec") or {}
            have = f"{int(status.get('updatedReplicas') or 0)} of {int(spec.get('replicas', 1))} new pods"
            yield Finding(
                "failed-rollout",
                Severity.CRITICAL,
                subject,
                "its rollout has failed",
                (
                    f"{have} made, {int(status.get('availableReplicas') or 0)} available",
                    str(progressing.get("message")),
                ),
                "The new revision's pods do not become ready.",
                "Look at the new pods, or roll back to the revision before.",
            )
        if failure.get("status") == "True":
            message = str(failure.get("message"))
            quota = "exceeded quota" in message
            yield Finding(
                "quota" if quota else "replica-failure",
                Severity.CRITICAL,
                subject,
                "cannot make its pods",
                (message,),
                "The namespace's quota is used up." if quota else "The API server refuses the pods.",
                "Raise the quota or free some of it." if quota else "Mend what the message names.",
            )


def refused_pods(state: State) -> Iterator[Finding]:
    """Warnings of controllers that could not make a pod; Deployments show them late, the others never."""
    told = {named(found) for found in state.workloads if condition(found, "ReplicaFailure").get("status") == "True"}
    seen: set[str] = set()
    for event in state.warnings:
        about = event.get("involvedObject") or {}
        subject = f"{about.get('namespace')}/{about.get('name')}"
        message = str(event.get("message") or "")
        if event.get("reason") != "FailedCreate" or subject in seen:
            continue
        if any(subject.startswith(name) for name in told):
            continue
        seen.add(subject)
        quota = "exceeded quota" in message
        yield Finding(
            "quota" if quota else "replica-failure",
            Severity.CRITICAL,
            f"{str(about.get('kind')).lower()} {subject}",
            "cannot make its pods",
            (message[:400],),
            "The namespace's quota is used up." if quota else "The API server refuses the pods.",
            "Raise the quota or free some of it." if quota else "Mend what the message names.",
        )


def dangling_services(state: State) -> Iterator[Finding]:
    """Services that lead nowhere."""
    ready: dict[str, int] = {}
    known: dict[str, int] = {}
    for part in state.slices:
        service = (part["metadata"].get("labels") or {}).get("kubernetes.io/service-name")
        key = f"{part['metadata'].get('namespace')}/{service}"
        for endpoint in part.get("endpoints") or ():
            known[key] = known.get(key, 0) + 1
            if (endpoint.get("conditions") or {}).get("ready") is not False:
                ready[key] = ready.get(key, 0) + 1
    if "endpointslices" in state.gaps:
        return
    for service in state.services:
        selector = (service.get("spec") or {}).get("selector")
        key = named(service)
        if not selector or ready.get(key):
            continue
        words = ",".join(f"{name}={value}" for name, value in sorted(selector.items()))
        unready = known.get(key, 0)
        yield Finding(
            "dangling-service",
            Severity.CRITICAL if unready else Severity.WARNING,
            f"service {key}",
            "has no pod that is ready" if unready else "selects no pods",
            (f"selector {words}", f"{unready} endpoints, none of them ready" if unready else "no endpoints"),
            "Its pods are there and not ready."
            if unready
            else "No running pod has these labels: they differ from the workload's, or it has no replicas.",
            "Look at the pods it selects." if unready else "Compare the selector with the pods' labels.",
        )


def autoscalers(state: State) -> Iterator[Finding]:
    """HPAs that cannot act, or have nothing left to give."""
    for hpa in state.autoscalers:
        subject = f"hpa {named(hpa)}"
        able, active = condition(hpa, "AbleToScale"), condition(hpa, "ScalingActive")
        blocked = next((c for c in (able, active) if c.get("status") == "False"), None)
        if blocked is not None and blocked.get("reason") != "ScalingDisabled":
            yield Finding(
                "hpa-cannot-act",
                Severity.CRITICAL,
                subject,
                "cannot act",
                (f"{blocked.get('type')}=False: {blocked.get('reason')}: {blocked.get('message')}",),
                *_hpa_cause(blocked),
            )
            continue
        limited = condition(hpa, "ScalingLimited")
        if limited.get("status") == "True" and limited.get("reason") == "TooManyReplicas":
            most = (hpa.get("spec") or {}).get("maxReplicas")
            yield Finding(
                "hpa-at-maximum",
                Severity.WARNING,
                subject,
                "is at its maximum and wants more",
                (f"maxReplicas {most}: {limited.get('message')}",),
                "Demand is more than its maximum carries at the target it was given.",
                "Raise maxReplicas, or make each pod carry more.",
            )


def _hpa_cause(blocked: Mapping[str, Any]) -> tuple[str, str]:
    text = f"{blocked.get('reason')} {blocked.get('message')}".lower()
    if "missing request" in text:
        return "Its pods do not request the resource it scales by.", "Set requests on every container."
    if "metric" in text:
        return (
            "The metrics it scales by cannot be read: metrics-server is missing, or its pods are too new.",
            "Check metrics-server and the pods' requests.",
        )
    if "not found" in text or "failedgetscale" in text:
        return "What it should scale is not there.", "Correct scaleTargetRef, or delete the HPA."
    return "Its controller says it cannot scale.", "Its message says what is missing."


def quotas(state: State) -> Iterator[Finding]:
    """Quotas that are used up, or nearly."""
    for quota in state.quotas:
        status = quota.get("status") or {}
        for resource, hard in (status.get("hard") or {}).items():
            used = str((status.get("used") or {}).get(resource) or "0")
            whole, taken = amount(str(hard)), amount(used)
            if not whole or taken / whole < QUOTA_NEARLY:
                continue
            full = taken / whole >= QUOTA_FULL
            yield Finding(
                "quota",
                Severity.WARNING if full else Severity.INFO,
                f"quota {named(quota)}",
                f"{resource} is used up" if full else f"{resource} is nearly used up",
                (f"{used} of {hard} ({taken / whole:.0%})",),
                "The namespace's workloads ask for all of what it may have.",
                "Raise the quota, or lower requests before something has to scale.",
            )


def claims(state: State) -> Iterator[Finding]:
    """Volumes that nobody provides."""
    for claim in state.claims:
        if (claim.get("status") or {}).get("phase") not in {"Pending", "Lost"}:
            continue
        uid = claim["metadata"].get("uid")
        said = [str(e.get("message")) for e in state.warnings if (e.get("involvedObject") or {}).get("uid") == uid]
        phase = str((claim.get("status") or {}).get("phase")).lower()
        storage = (claim.get("spec") or {}).get("storageClassName") or "the default storage class"
        yield Finding(
            "claim",
            Severity.WARNING,
            f"persistentvolumeclaim {named(claim)}",
            f"is {phase}",
            (f"storage class: {storage}", *(text[:300] for text in said[:1])),
            "No volume was made for it: its storage class is missing or waits for a first pod.",
            "Look at the storage class and its provisioner.",
        )
