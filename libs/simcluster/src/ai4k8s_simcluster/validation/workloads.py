"""What is wrong with whatever keeps pods running."""

from typing import Any

from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.selectors import from_label_selector, match_labels
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.validation import rules
from ai4k8s_simcluster.validation.pods import check_template

_NO_MATCH = "`selector` does not match template `labels`"
_RETENTION = ("Delete", "Retain")
_STATEFUL_MUTABLE = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)  # fmt: skip
_STATEFUL_RULE = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


def _selected_template(spec: Obj, kind: str, empty: str) -> rules.Causes:
    causes: rules.Causes = []
    selector = spec.get("selector")
    if selector is None:
        causes.append(Cause.required("spec.selector"))
    else:
        causes += rules.label_selector("spec.selector", selector)
        if rules.is_empty(selector):
            causes.append(Cause.invalid("spec.selector", selector, empty))
    if any(cause.field.startswith("spec.selector.") for cause in causes):
        return causes
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    matches = selector is not None and match_labels(from_label_selector(selector), {"metadata": {"labels": labels}})
    if not matches:
        causes.append(Cause.invalid("spec.template.metadata.labels", labels, _NO_MATCH))
    claims = frozenset(
        (claim.get("metadata") or {}).get("name", "") for claim in spec.get("volumeClaimTemplates") or ()
    )
    causes += check_template("spec.template", template, claims)
    return causes + _always(template.get("spec") or {}, kind)


def _always(spec: Obj, kind: str) -> rules.Causes:
    causes: rules.Causes = []
    if spec.get("restartPolicy") != "Always":
        causes.append(Cause.unsupported("spec.template.spec.restartPolicy", spec.get("restartPolicy"), ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        detail = f"activeDeadlineSeconds in {kind} is not Supported"
        causes.append(Cause.forbidden("spec.template.spec.activeDeadlineSeconds", detail))
    return causes


def _counts(spec: Obj, *names: str) -> rules.Causes:
    return [cause for name in names for cause in rules.not_negative(f"spec.{name}", spec.get(name))]


def check_deployment(obj: Obj) -> rules.Causes:
    """Check a Deployment."""
    spec = obj["spec"]
    causes = _counts(spec, "replicas")
    causes += _selected_template(spec, "ReplicaSet", "empty selector is invalid for deployment")
    causes += _strategy(spec.get("strategy") or {})
    causes += _counts(spec, "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        causes.append(Cause.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"))
    return causes


def _strategy(strategy: Obj) -> rules.Causes:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        detail = "may not be specified when strategy `type` is 'Recreate'"
        return [Cause.forbidden("spec.strategy.rollingUpdate", detail)] if rolling is not None else []
    if kind != "RollingUpdate":
        return [Cause.unsupported("spec.strategy.type", kind, ("Recreate", "RollingUpdate"))]
    rolling = rolling or {}
    return _rolling("spec.strategy.rollingUpdate", rolling, "may not be 0 when `maxSurge` is 0")


def _rolling(path: str, rolling: Obj, both_zero: str) -> rules.Causes:
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    causes = rules.amount_or_percent(f"{path}.maxUnavailable", unavailable)
    causes += rules.amount_or_percent(f"{path}.maxSurge", surge)
    if rules.is_zero(unavailable) and rules.is_zero(surge):
        causes.append(Cause.invalid(f"{path}.maxUnavailable", unavailable, both_zero))
    return causes + rules.not_over_full(f"{path}.maxUnavailable", unavailable)


def check_replicaset(obj: Obj) -> rules.Causes:
    """Check a ReplicaSet."""
    spec = obj["spec"]
    causes = _counts(spec, "replicas", "minReadySeconds")
    return causes + _selected_template(spec, "ReplicaSet", "empty selector is invalid for deployment")


def check_replication_controller(obj: Obj) -> rules.Causes:
    """Check a ReplicationController."""
    spec = obj["spec"]
    causes = _counts(spec, "minReadySeconds")
    selector = spec.get("selector") or {}
    if not selector:
        causes.append(Cause.required("spec.selector"))
    causes += _counts(spec, "replicas")
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    if selector and any(labels.get(key) != value for key, value in selector.items()):
        causes.append(Cause.invalid("spec.template.metadata.labels", labels, _NO_MATCH))
    causes += check_template("spec.template", template)
    return causes + _always(template.get("spec") or {}, "ReplicationController")


def check_statefulset(obj: Obj) -> rules.Causes:
    """Check a StatefulSet."""
    spec = obj["spec"]
    causes = rules.one_of("spec.podManagementPolicy", spec.get("podManagementPolicy"), ("OrderedReady", "Parallel"))
    strategy = spec.get("updateStrategy") or {}
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "OnDelete":
        if rolling is not None:
            detail = "only allowed for updateStrategy 'RollingUpdate'"
            causes.append(Cause.invalid("spec.updateStrategy.rollingUpdate", rolling, detail))
    elif kind != "RollingUpdate":
        causes.append(Cause.invalid("spec.updateStrategy", strategy, "must be 'RollingUpdate' or 'OnDelete'"))
    else:
        causes += rules.not_negative("spec.updateStrategy.rollingUpdate.partition", (rolling or {}).get("partition"))
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for name in ("whenDeleted", "whenScaled"):
        where = f"spec.persistentVolumeClaimRetentionPolicy.{name}"
        causes += rules.one_of(where, retention.get(name), _RETENTION)
    causes += _counts(spec, "replicas", "minReadySeconds", "revisionHistoryLimit")
    return causes + _selected_template(spec, "StatefulSet", "empty selector is invalid for statefulset")


def check_statefulset_change(old: Obj, new: Obj) -> rules.Causes:
    """Return what is wrong with changing a StatefulSet."""
    fixed = [{key: value for key, value in obj["spec"].items() if key not in _STATEFUL_MUTABLE} for obj in (old, new)]
    return [] if fixed[0] == fixed[1] else [Cause.forbidden("spec", _STATEFUL_RULE)]


def check_daemonset(obj: Obj) -> rules.Causes:
    """Check a DaemonSet."""
    spec = obj["spec"]
    causes = _selected_template(spec, "DaemonSet", "empty selector is invalid for daemonset")
    causes += _counts(spec, "minReadySeconds")
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "RollingUpdate":
        path = "spec.updateStrategy.rollingUpdate"
        causes += _daemon_rolling(path, strategy.get("rollingUpdate") or {})
    elif strategy.get("type") != "OnDelete":
        causes.append(
            Cause.unsupported("spec.updateStrategy.type", strategy.get("type"), ("OnDelete", "RollingUpdate"))
        )
    return causes + _counts(spec, "revisionHistoryLimit")


def _daemon_rolling(path: str, rolling: Obj) -> rules.Causes:
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    causes = rules.amount_or_percent(f"{path}.maxUnavailable", unavailable)
    causes += rules.amount_or_percent(f"{path}.maxSurge", surge)
    causes += rules.not_over_full(f"{path}.maxUnavailable", unavailable)
    causes += rules.not_over_full(f"{path}.maxSurge", surge)
    if not rules.is_zero(unavailable) and not rules.is_zero(surge):
        causes.append(Cause.invalid(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero"))
    if rules.is_zero(unavailable) and rules.is_zero(surge):
        causes.append(Cause.required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return causes


def check_selector_change(old: Obj, new: Obj) -> rules.Causes:
    """Return the cause that a selector was changed, if it was."""
    before, after = old["spec"].get("selector"), new["spec"].get("selector")
    return [] if before == after else [Cause.invalid("spec.selector", after, rules.IMMUTABLE)]


def check_controller_revision(obj: Obj) -> rules.Causes:
    """Check a ControllerRevision."""
    causes = rules.not_negative("revision", obj.get("revision", 0))
    return causes if obj.get("data") is not None else [*causes, Cause.required("data", "data is mandatory")]


def check_revision_change(old: Obj, new: Obj) -> rules.Causes:
    """Return what is wrong with changing a ControllerRevision."""
    before: Any = old.get("data")
    return [] if before == new.get("data") else [Cause.invalid("data", new.get("data"), rules.IMMUTABLE)]
