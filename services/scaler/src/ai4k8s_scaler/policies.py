"""Which policy holds for a workload: the gateway's row, or else the annotations on the workload itself.

Annotations are for people who keep everything in Git: what they write there must do without our UI. Nonsense in them
does not become a default; the workload is then left alone, and the reason is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_common.store.gateway import PolicyMode
from ai4k8s_scaler.domain.policy import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "ai4k8s.io/"
ENABLED = f"{PREFIX}predictive-autoscaling-enabled"
MODE = f"{PREFIX}mode"
MIN_REPLICAS = f"{PREFIX}min-replicas"
MAX_REPLICAS = f"{PREFIX}max-replicas"
TARGET_UTILIZATION = f"{PREFIX}target-utilization"
SLO_SHORT_SHARE = f"{PREFIX}slo-short-share"
DEFAULT_TARGET_PERCENT = 80
DEFAULT_SLO_SHORT_SHARE = 0.01
LONGEST_SHARE = 0.5


@dataclass(frozen=True)
class EffectivePolicy:
    """What holds; ``problem`` says why nothing can be done although somebody asked for it."""

    mode: PolicyMode
    limits: Limits
    problem: str = ""


def from_annotations(annotations: Mapping[str, str]) -> EffectivePolicy | None:
    """Read a policy from a workload's annotations; None when they do not ask for one."""
    if annotations.get(ENABLED, "").strip().lower() != "true":
        return None
    try:
        mode = PolicyMode(annotations.get(MODE, PolicyMode.AUTO.value).strip().lower())
        limits = Limits(
            min_replicas=int(annotations.get(MIN_REPLICAS, "1")),
            max_replicas=int(annotations[MAX_REPLICAS]),
            target_percent=int(annotations.get(TARGET_UTILIZATION, DEFAULT_TARGET_PERCENT)),
            slo_short_share=_share(annotations.get(SLO_SHORT_SHARE, str(DEFAULT_SLO_SHORT_SHARE))),
        )
    except KeyError as error:
        return EffectivePolicy(PolicyMode.OBSERVE, Limits(1, 1), f"the annotation {error.args[0]} is missing")
    except ValueError as error:
        return EffectivePolicy(PolicyMode.OBSERVE, Limits(1, 1), f"the annotations make no sense: {error}")
    return EffectivePolicy(mode, limits)


def _share(value: str) -> float:
    share = float(value)
    if not 0 < share <= LONGEST_SHARE:
        raise ValueError(f"{SLO_SHORT_SHARE} must lie between 0 and {LONGEST_SHARE}")
    return share
