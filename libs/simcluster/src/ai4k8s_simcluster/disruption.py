"""Disruption budgets as arithmetic: whose pods they guard, and how many may go."""

import math
from dataclasses import dataclass
from typing import Any

from ai4k8s_simcluster.registry import DISRUPTION_BUDGETS
from ai4k8s_simcluster.selectors import from_label_selector, match_labels
from ai4k8s_simcluster.store import Store, Stored
from ai4k8s_simcluster.types import Obj


@dataclass(frozen=True, slots=True)
class Balance:
    """The pods of a budget: how many are expected, must be healthy, and are."""

    expected: int
    desired: int
    healthy: int

    @property
    def allowed(self) -> int:
        """Return how many may be disrupted now."""
        return max(self.healthy - self.desired, 0) if self.expected > 0 else 0


def balance(spec: Obj, *, pods: int, scale: int, healthy: int) -> Balance:
    """Return where a budget stands.

    pods: how many pods it selects; scale: how many replicas the controllers of these pods want; healthy: how many are
    ready and stay. A number as `minAvailable` counts against the pods, everything else against the scale.
    """
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if most is not None:
        return Balance(scale, max(scale - scaled(most, scale), 0), healthy)
    if isinstance(least, int):
        return Balance(pods, least, healthy)
    return Balance(scale, scaled(least or 0, scale), healthy)


def scaled(value: Any, total: int) -> int:
    """Return a number, or a percentage of a total rounded up."""
    if isinstance(value, int):
        return value
    text = str(value)
    return math.ceil(int(text.removesuffix("%")) * total / 100) if text.endswith("%") else int(text)


def selects(budget: Obj, pod: Obj) -> bool:
    """Say whether a budget guards a pod; without a selector it guards none, an empty one guards all."""
    selector = (budget.get("spec") or {}).get("selector")
    return selector is not None and match_labels(from_label_selector(selector), pod)


def budgets_of(store: Store, pod: Obj) -> list[Stored]:
    """Return the budgets that guard a pod."""
    found = store.listing(DISRUPTION_BUDGETS, pod["metadata"]["namespace"])
    return [stored for stored in found if selects(stored.obj, pod)]


def allowed_condition(budget: Obj, *, allowed: int) -> Obj:
    """Return the condition that says whether a disruption is allowed."""
    return {
        "type": "DisruptionAllowed",
        "status": "True" if allowed > 0 else "False",
        "observedGeneration": budget["metadata"].get("generation", 0),
        "reason": "SufficientPods" if allowed > 0 else "InsufficientPods",
        "message": "",
    }
