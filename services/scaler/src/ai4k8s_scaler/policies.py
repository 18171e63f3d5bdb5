"""Which policy holds for a workload: the gateway's row, or else the annotations on the workload itself.

Annotations are for people who keep everything in Git: what they write there must do without our UI. Nonsense in them
does not become a default; the workload is then left alone, and the reason is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ai4k8s_common.store.gateway import ActuatorChoice, PolicyMode
from ai4k8s_scaler.domain.policy import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Row

PREFIX = "ai4k8s.io/"
ENABLED = f"{PREFIX}predictive-autoscaling-enabled"
MODE = f"{PREFIX}mode"
MIN_REPLICAS = f"{PREFIX}min-replicas"
MAX_REPLICAS = f"{PREFIX}max-replicas"
TARGET_UTILIZATION = f"{PREFIX}target-utilization"
SLO_SHORT_SHARE = f"{PREFIX}slo-short-share"
ACTUATOR = f"{PREFIX}actuator"
SLO_LEADS = f"{PREFIX}slo-leads"
ROLLS_BACK_ROLLOUTS = f"{PREFIX}rolls-back-rollouts"
MOST_REPLICAS = 10_000
DEFAULT_TARGET_PERCENT = 80
DEFAULT_SLO_SHORT_SHARE = 0.01
LONGEST_SHARE = 0.5


@dataclass(frozen=True)
class EffectivePolicy:
    """What holds.

    Attributes:
        mode, limits: what was asked for.
        problem: why nothing can be done although somebody asked for it.
        actuator: how it is moved.
        predictive: False where only rules of the clock were asked for.
        rolls_back_rollouts: a new revision after which the SLO gets worse is rolled back, and not only spoken of.
    """

    mode: PolicyMode
    limits: Limits
    problem: str = ""
    actuator: ActuatorChoice = ActuatorChoice.AUTOMATIC
    predictive: bool = True
    rolls_back_rollouts: bool = False


#: Rules of the clock without a policy: they act by themselves, and set the only bounds.
ONLY_SCHEDULED = EffectivePolicy(PolicyMode.AUTO, Limits(0, MOST_REPLICAS), predictive=False)


def effective_policy(row: Row[Any]) -> EffectivePolicy | None:
    """The gateway's row, or else the workload's annotations."""
    if row.mode is None:
        return from_annotations(row.annotations or {})
    limits = Limits(
        row.min_replicas,
        row.max_replicas,
        row.target_utilization_percent,
        row.slo_short_share,
        row.max_step_up,
        row.max_step_down,
        row.cooldown_up_seconds,
        row.cooldown_down_seconds,
        row.slo_leads,
    )
    actuator, rolls_back = ActuatorChoice(row.actuator), bool(row.rolls_back_rollouts)
    return EffectivePolicy(PolicyMode(row.mode), limits, actuator=actuator, rolls_back_rollouts=rolls_back)


def from_annotations(annotations: Mapping[str, str]) -> EffectivePolicy | None:
    """Read a policy from a workload's annotations; None when they do not ask for one."""
    if annotations.get(ENABLED, "").strip().lower() != "true":
        return None
    try:
        actuator = ActuatorChoice(annotations.get(ACTUATOR, ActuatorChoice.AUTOMATIC.value).strip().lower())
        mode = PolicyMode(annotations.get(MODE, PolicyMode.AUTO.value).strip().lower())
        limits = Limits(
            min_replicas=int(annotations.get(MIN_REPLICAS, "1")),
            max_replicas=int(annotations[MAX_REPLICAS]),
            target_percent=int(annotations.get(TARGET_UTILIZATION, DEFAULT_TARGET_PERCENT)),
            slo_short_share=_share(annotations.get(SLO_SHORT_SHARE, str(DEFAULT_SLO_SHORT_SHARE))),
            slo_leads=annotations.get(SLO_LEADS, "").strip().lower() == "true",
        )
    except KeyError as error:
        return EffectivePolicy(PolicyMode.OBSERVE, Limits(1, 1), f"the annotation {error.args[0]} is missing")
    except ValueError as error:
        return EffectivePolicy(PolicyMode.OBSERVE, Limits(1, 1), f"the annotations make no sense: {error}")
    rolls_back = annotations.get(ROLLS_BACK_ROLLOUTS, "").strip().lower() == "true"
    return EffectivePolicy(mode, limits, actuator=actuator, rolls_back_rollouts=rolls_back)


def _share(value: str) -> float:
    share = float(value)
    if not 0 < share <= LONGEST_SHARE:
        raise ValueError(f"{SLO_SHORT_SHARE} must lie between 0 and {LONGEST_SHARE}")
    return share
