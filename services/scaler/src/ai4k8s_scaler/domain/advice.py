"""Which settings a backtest speaks for, in a sentence. Where prediction does not pay, it says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_scaler.domain.backtest import Kind, Result

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A saving below this is not worth a moving part.
WORTH_SHARE = 0.03
#: Targets that people set.
_USUAL_TARGETS = range(30, 100)


@dataclass(frozen=True)
class Recommendation:
    """What to do.

    Attributes:
        kind: whom to let decide; None where nothing tried keeps the SLO.
        target_percent: for an HPA.
        sentence: with the reason.
    """

    kind: str | None
    target_percent: int | None
    sentence: str


def recommend(results: Sequence[Result], ran: Result | None, slo_short_share: float) -> Recommendation:
    """Choose among what can be switched on: our policy in both forms, or an HPA at a usual target."""
    choices = [result for result in results if _can_be_set(result)]
    within = [result for result in choices if result.short_share <= slo_short_share]
    promise = f"{100 * slo_short_share:.3g} %"
    if not within:
        least = min(choices, key=lambda result: (result.short_share, result.pod_hours))
        return Recommendation(
            None,
            None,
            f"Nothing that was tried is short at most {promise} of the time; {_words(least)} comes nearest with"
            f" {100 * least.short_share:.2g} %. Raise the maximum or the SLO, or accept the price of more pods.",
        )
    best = min(within, key=lambda result: result.pod_hours)
    hpas = [result for result in within if result.contender.kind is Kind.HPA]
    plain = min(hpas, key=lambda result: result.pod_hours) if hpas else None
    if plain is not None and best is not plain and plain.pod_hours <= best.pod_hours * (1 + WORTH_SHARE):
        sentence = (
            f"{_first(_words(plain))} does: {_figures(plain)}. Prediction would save"
            f" {100 * (1 - best.pod_hours / plain.pod_hours):.0f} %, not worth a moving part here."
        )
        return Recommendation(plain.contender.kind.value, plain.contender.target_percent, sentence)
    sentence = f"{_first(_words(best))}: {_figures(best)}{_against(best, plain, ran, promise)}."
    return Recommendation(best.contender.kind.value, best.contender.target_percent, sentence)


def _can_be_set(result: Result) -> bool:
    kind, target = result.contender.kind, result.contender.target_percent
    return kind in {Kind.PREDICTIVE, Kind.PREDICTIVE_FLOOR} or (kind is Kind.HPA and target in _USUAL_TARGETS)


def _against(best: Result, plain: Result | None, ran: Result | None, promise: str) -> str:
    words = ""
    if plain is not None and plain is not best:
        saved = 100 * (1 - best.pod_hours / plain.pod_hours)
        words += f", {saved:.0f} % less than {_words(plain)}, the cheapest target within {promise}"
    elif plain is None:
        words += f"; no usual HPA target is short at most {promise} of the time"
    if ran is not None and best.pod_hours > 0:
        change = 100 * (ran.pod_hours / best.pod_hours - 1)
        words += f"; as it ran it took {abs(change):.0f} % {'more' if change > 0 else 'less'}"
        words += f" and was short {100 * ran.short_share:.2g} % of the time"
    return words


def _first(words: str) -> str:
    return words[0].upper() + words[1:]


def _figures(result: Result) -> str:
    return f"short {100 * result.short_share:.2g} % of the time at {result.pod_hours:.0f} pod-hours"


def _words(result: Result) -> str:
    match result.contender.kind:
        case Kind.PREDICTIVE:
            return "predictive scaling that follows the SLO"
        case Kind.PREDICTIVE_FLOOR:
            return f"a predictive floor under an HPA at {result.contender.target_percent} %"
        case _:
            return f"an HPA at {result.contender.target_percent} %"
