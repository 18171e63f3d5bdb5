"""What a change does beyond the object it names: pods lost, budgets hit, autoscalers and GitOps that take it back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ai4k8s_chat.domain.differences import cleaned
from ai4k8s_common.plans import CallKind

SCALABLE = frozenset({"deployments", "statefulsets", "replicasets", "rollouts"})
_RESTARTING = frozenset({"deployments", "statefulsets", "daemonsets", "rollouts"})
_ARGO = ("argocd.argoproj.io/tracking-id", "argocd.argoproj.io/instance")
_FLUX = ("kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name")
_MANAGERS = {
    "argocd-controller": "Argo CD",
    "argocd-application-controller": "Argo CD",
    "kustomize-controller": "Flux",
    "helm-controller": "Flux",
}
_LOSES_DATA = frozenset({"persistentvolumeclaims", "persistentvolumes", "namespaces", "customresourcedefinitions"})


class EffectKind(StrEnum):
    """What is affected."""

    PODS_LOST = "pods_lost"
    PODS_RESTARTED = "pods_restarted"
    DISRUPTION_BUDGET = "disruption_budget"
    AUTOSCALER = "autoscaler"
    GITOPS = "gitops"
    PREDICTIVE = "predictive"
    FIELDS_TAKEN = "fields_taken"
    DATA_LOST = "data_lost"
    NOTE = "note"


class Weight(StrEnum):
    """How much a person should care."""

    INFO = "info"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Effect:
    """One sentence."""

    kind: EffectKind
    weight: Weight
    text: str


@dataclass(frozen=True, slots=True)
class Changed:
    """One call after its dry-run: the object before and after (None where there is none)."""

    call: CallKind
    plural: str
    kind: str
    namespace: str
    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def label(self) -> str:
        """How people name it."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else is in the object's namespace. None where it could not be read."""

    budgets: list[dict[str, Any]] | None = field(default_factory=list)
    autoscalers: list[dict[str, Any]] | None = field(default_factory=list)
    policy_mode: str = ""  # of the predictive policy on it


def effects_of(changed: Changed, around: Surroundings) -> list[Effect]:
    """Return what a change affects, heaviest first."""
    found = [*_pods(changed), *_budgets(changed, around), *_scalers(changed, around), *_gitops(changed)]
    if changed.call is CallKind.DELETE and changed.plural in _LOSES_DATA:
        inside = {"namespaces": "Everything in the namespace", "customresourcedefinitions": "Every object of the kind"}
        what = inside.get(changed.plural, "The data of the volume")
        found.append(Effect(EffectKind.DATA_LOST, Weight.BAD, f"{what} is deleted with {changed.label}, for good."))
    order = list(Weight)
    return sorted(found, key=lambda effect: -order.index(effect.weight))


def restarts_pods(changed: Changed) -> bool:
    """Whether a workload's pods are replaced: their template changed."""
    if changed.plural not in _RESTARTING or changed.before is None or changed.after is None:
        return False
    return _template(changed.before) != _template(changed.after)


def replicas_of(found: dict[str, Any] | None) -> int:
    """Return how many replicas an object asks for; the server's default is one."""
    value = ((found or {}).get("spec") or {}).get("replicas")
    return 1 if value is None else int(value)


def selects(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    """Whether a label selector matches. None selects nothing, an empty one everything."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_holds(rule, labels) for rule in selector.get("matchExpressions") or ())


def _holds(rule: dict[str, Any], labels: dict[str, str]) -> bool:
    value, wanted = labels.get(rule["key"]), rule.get("values") or ()
    match rule["operator"]:
        case "In":
            return value in wanted
        case "NotIn":
            return value not in wanted
        case "Exists":
            return value is not None
        case _:
            return value is None


def _pods(changed: Changed) -> list[Effect]:
    if changed.call in {CallKind.DELETE, CallKind.EVICT} and changed.plural == "pods":
        again = _owner(changed.before)
        text = (
            f"{changed.label} ends; {again} starts another." if again else f"{changed.label} ends and is not replaced."
        )
        return [Effect(EffectKind.PODS_LOST, Weight.WARN if again else Weight.BAD, text)]
    if changed.call is CallKind.DELETE and changed.plural in SCALABLE | _RESTARTING:
        count = _running(changed.before)
        return [Effect(EffectKind.PODS_LOST, Weight.BAD, f"{changed.label} and its {_pods_word(count)} are deleted.")]
    found = []
    if changed.plural in SCALABLE and changed.before is not None and changed.after is not None:
        old, new = replicas_of(changed.before), replicas_of(changed.after)
        if new < old:
            weight = Weight.BAD if new == 0 else Weight.WARN
            text = f"{changed.label} loses {_pods_word(old - new)}: {old} → {new}."
            found.append(Effect(EffectKind.PODS_LOST, weight, text))
        elif new > old:
            text = f"{changed.label} gets {_pods_word(new - old)} more: {old} → {new}."
            found.append(Effect(EffectKind.NOTE, Weight.INFO, text))
    if restarts_pods(changed):
        count = _running(changed.before)
        text = f"{changed.label}: {_pods_word(count)} replaced, one after the other."
        found.append(Effect(EffectKind.PODS_RESTARTED, Weight.WARN, text))
    return found


def _budgets(changed: Changed, around: Surroundings) -> list[Effect]:
    if not _loses_pods(changed):
        return []
    if around.budgets is None:
        return [Effect(EffectKind.DISRUPTION_BUDGET, Weight.INFO, "Disruption budgets could not be read.")]
    found = []
    for budget in around.budgets:
        if selects((budget.get("spec") or {}).get("selector"), _pod_labels(changed)):
            allowed = int((budget.get("status") or {}).get("disruptionsAllowed") or 0)
            name = budget["metadata"]["name"]
            if changed.call is CallKind.EVICT and allowed == 0:
                text, weight = (
                    f"Disruption budget {name} allows no eviction now: it waits, and may be refused.",
                    Weight.BAD,
                )
            elif allowed == 0:
                text, weight = (
                    f"Disruption budget {name} allows no disruption now, and this does not ask it.",
                    Weight.BAD,
                )
            else:
                text, weight = f"Disruption budget {name} allows {_pods_word(allowed)} to go now.", Weight.INFO
            found.append(Effect(EffectKind.DISRUPTION_BUDGET, weight, text))
    return found


def _scalers(changed: Changed, around: Surroundings) -> list[Effect]:
    if changed.plural not in SCALABLE:
        return []
    rescaled = changed.after is not None and replicas_of(changed.before) != replicas_of(changed.after)
    gone = changed.call is CallKind.DELETE
    found = []
    for hpa in around.autoscalers or ():
        target = (hpa.get("spec") or {}).get("scaleTargetRef") or {}
        if (target.get("kind"), target.get("name")) == (changed.kind, changed.name):
            name = hpa["metadata"]["name"]
            if rescaled:
                text = f"HPA {name} owns the replicas: the number becomes a floor under it for a while."
                found.append(Effect(EffectKind.AUTOSCALER, Weight.WARN, text))
            elif gone:
                text = f"HPA {name} is left without a target."
                found.append(Effect(EffectKind.AUTOSCALER, Weight.WARN, text))
    if around.policy_mode and (rescaled or gone):
        text = f"A predictive policy ({around.policy_mode}) looks after its replicas and may change them again."
        found.append(Effect(EffectKind.PREDICTIVE, Weight.WARN, text))
    return found


def _gitops(changed: Changed) -> list[Effect]:
    owner = gitops_owner(changed.before)
    if not owner:
        return []
    text = f"{changed.label} comes from {owner}, which will most likely undo this. Change it in Git."
    return [Effect(EffectKind.GITOPS, Weight.WARN, text)]


def gitops_owner(found: dict[str, Any] | None) -> str:
    """Return who keeps an object as Git says: Argo CD, Flux or Helm; nothing for nobody."""
    metadata = (found or {}).get("metadata") or {}
    labels, notes = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if any(key in labels or key in notes for key in _ARGO):
        return "Argo CD"
    if any(key in labels for key in _FLUX):
        return "Flux"
    for entry in metadata.get("managedFields") or ():
        if entry.get("manager") in _MANAGERS:
            return _MANAGERS[entry["manager"]]
    if labels.get("app.kubernetes.io/managed-by") == "Helm" and "meta.helm.sh/release-name" in notes:
        return f"Helm release {notes['meta.helm.sh/release-name']}"
    return ""


def _loses_pods(changed: Changed) -> bool:
    if changed.call in {CallKind.DELETE, CallKind.EVICT}:
        return changed.plural == "pods" or changed.plural in SCALABLE | _RESTARTING
    shrinks = changed.after is not None and replicas_of(changed.after) < replicas_of(changed.before)
    return (changed.plural in SCALABLE and shrinks) or restarts_pods(changed)


def _pod_labels(changed: Changed) -> dict[str, str]:
    metadata = changed.before if changed.plural == "pods" else _template(changed.before)
    return dict(((metadata or {}).get("metadata") or {}).get("labels") or {})


def _template(found: dict[str, Any] | None) -> dict[str, Any]:
    template: dict[str, Any] = (cleaned(found).get("spec") or {}).get("template") or {}
    return template


def _owner(pod: dict[str, Any] | None) -> str:
    owners = ((pod or {}).get("metadata") or {}).get("ownerReferences") or ()
    return next((f"its {owner['kind']}" for owner in owners if owner.get("controller")), "")


def _running(found: dict[str, Any] | None) -> int:
    status = (found or {}).get("status") or {}
    known = status.get("replicas", status.get("currentNumberScheduled"))
    return replicas_of(found) if known is None else int(known)


def _pods_word(count: int) -> str:
    return "1 pod" if count == 1 else f"{count} pods"
