"""What prediction is worth: real traces under our policy and its peers, in one world.

    python -m benchmarks.scaling --traces DIR --json FILE [--plot PNG] [--cache DIR] [--only a,b] [--no-scenarios]

Each trace is scaled to ten pods on average (at most 300); its last 14 days are replayed in ticks of 15 s. Pods are
ready after 60 to 120 s, a pod uses at most 150 % of its request, metrics are a 30 s mean that is 15 to 45 s old, and
one scrape in 500 fails. Models are fitted once a day on the past alone. Cost is pod-hours; 'short' is the share of time
in which ready pods could not serve demand within 100 % of their requests. 'HPA best' is the cheapest fixed target
(10 to 95 %) within the SLO, chosen in hindsight per trace. Choices were made on the traces of half 0 (by name, see
`benchmarks.traces`); half 1 had no part in them.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai4k8s_scaler.domain.backtest import Kind, Rules
from benchmarks.scaling.deciding import decided_per_second
from benchmarks.scaling.players import HOLT_WINTERS, Played, play_all
from benchmarks.scaling.stages import Scenario, cached, synthetic
from benchmarks.traces import MINUTE, read_traces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.traces import Trace

OURS = Kind.PREDICTIVE.value
GUEST = Kind.PREDICTIVE_FLOOR.value
SHOWN = (OURS, GUEST, HOLT_WINTERS, Kind.HPA_STEERED.value, "hpa_80", Kind.RIGHTSIZED.value, Kind.FIXED.value)
#: Violations nearer than this are equal.
EPSILON = 1e-4
USUAL_TARGETS = range(30, 95, 5)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--plot", type=Path, help="PNG; needs matplotlib: .venv/bin/uv pip install matplotlib")
    parser.add_argument("--cache", type=Path, help="keep forecasts here between runs")
    parser.add_argument("--only", default="", help="comma-separated names of traces")
    parser.add_argument("--slo", type=float, default=0.01)
    parser.add_argument("--refit-hours", type=int, default=24)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--no-scenarios", action="store_true")
    options = parser.parse_args()
    began = time.perf_counter()
    traces = read_traces(options.traces, MINUTE, frozenset(filter(None, options.only.split(","))))
    rules = Rules(slo_short_share=options.slo)

    def run(chosen: list[Trace], scenario: Scenario, rules: Rules) -> list[Played]:
        staged = cached(options.cache, chosen, scenario, options.refit_hours * 60, options.processes)
        return play_all(staged, rules)

    played = run(traces, Scenario.NONE, rules)
    print("\n".join(_line(each, rules.slo_short_share) for each in played), flush=True)
    report: dict[str, Any] = {"slo_short_share": options.slo, "figures": _figures(played, rules.slo_short_share)}
    if not options.no_scenarios:
        report["scenarios"] = _scenarios(traces, rules, run)
        report["without_signal"] = _without_signal(run)
    report["decided_per_second"] = decided_per_second()
    report["traces"] = [_row(each) for each in played]
    report["seconds"] = round(time.perf_counter() - began, 1)
    options.json.write_text(json.dumps(report, indent=1))
    print(json.dumps({name: part for name, part in report.items() if name != "traces"}, indent=1))
    if options.plot:
        from benchmarks.scaling.plot import pareto_plot  # noqa: PLC0415 - matplotlib is nobody else's dependency

        pareto_plot(report, options.plot)


def _figures(played: Sequence[Played], slo: float) -> dict[str, Any]:
    """For fine and coarse traces, in sample and out of it."""
    out = {}
    for grain, fine in (("fine", True), ("coarse", False)):
        for part, halves in (("all", (0, 1)), ("in_sample", (0,)), ("out_of_sample", (1,))):
            chosen = [each for each in played if each.fine is fine and each.half in halves]
            if chosen:
                out[f"{grain}.{part}"] = _summary(chosen, slo)
    return out


def _summary(played: Sequence[Played], slo: float) -> dict[str, Any]:
    def of(name: str) -> dict[str, float]:
        results = [each.results[name] for each in played]
        best = [each.results["hpa_best"] for each in played]
        return {
            "within_slo": round(sum(result.short_share <= slo for result in results) / len(results), 3),
            "worst_percent": round(100 * max(result.short_share for result in results), 3),
            "mean_percent": round(100 * sum(result.short_share for result in results) / len(results), 3),
            "cost_vs_hpa_best": _ratio([(a.pod_hours, b.pod_hours) for a, b in zip(results, best, strict=True)]),
            "cost_vs_hpa_best_pooled": round(
                sum(result.pod_hours for result in results) / sum(result.pod_hours for result in best), 3
            ),
            "changes_per_day": round(sum(result.changes_per_day for result in results) / len(results), 1),
        }

    usual = [_best_of_usual(each, slo) for each in played]
    ours, peer = ([each.results[name].pod_hours for each in played] for name in (OURS, HOLT_WINTERS))
    return {
        "traces": len(played),
        "hpa_best_misses_slo": sum(each.results["hpa_best"].short_share > slo for each in played),
        "hpa_best_below_30": sum(each.best_target < 30 for each in played),
        "cost_vs_hpa_best_of_30_to_90": _ratio(list(zip(ours, usual, strict=True))),
        "hpa_best_of_30_to_90_misses_slo": sum(
            min(each.results[f"hpa_{target}"].short_share for target in USUAL_TARGETS) > slo for each in played
        ),
        "cost_vs_holt_winters": _ratio(list(zip(ours, peer, strict=True))),
        "policies": {name: of(name) for name in SHOWN},
    }


def _best_of_usual(each: Played, slo: float) -> float:
    """Pod-hours of the best target that people set; the least short one where none keeps the SLO."""
    results = [each.results[f"hpa_{target}"] for target in USUAL_TARGETS]
    within = [result.pod_hours for result in results if result.short_share <= slo]
    return min(within) if within else min(results, key=lambda result: result.short_share).pod_hours


def _ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """Geometric mean of ratios."""
    return round(math.exp(sum(math.log(a / b) for a, b in pairs) / len(pairs)), 3)


def _dominated(each: Played, ours: str, others: Sequence[str]) -> list[str]:
    """Who is both cheaper and no more often short than we are, by more than rounding in at least one."""
    own = each.results[ours]
    return [
        name
        for name in others
        if each.results[name].pod_hours < 0.999 * own.pod_hours
        and each.results[name].short_share <= own.short_share + EPSILON
    ]


def _scenarios(
    traces: list[Trace], rules: Rules, run: Callable[[list[Trace], Scenario, Rules], list[Played]]
) -> dict[str, Any]:
    out = {}
    for scenario in Scenario:
        if scenario is Scenario.NONE:
            continue
        played = run(traces, scenario, rules)
        user, steered = "hpa_80", Kind.HPA_STEERED.value
        swept = [name for name in played[0].results if name.startswith("hpa_") and name not in {"hpa_best", steered}]
        out[scenario.value] = {
            "traces": len(played),
            "dominated_by_users_hpa": [each.name for each in played if _dominated(each, OURS, [user])],
            "floor_dominated_by_users_hpa": [each.name for each in played if _dominated(each, GUEST, [user])],
            "dominated_by_steered_hpa": [each.name for each in played if _dominated(each, OURS, [steered])],
            "floor_dominated_by_steered_hpa": [each.name for each in played if _dominated(each, GUEST, [steered])],
            "dominated_by_a_target_in_hindsight": sum(bool(_dominated(each, OURS, swept)) for each in played),
            "short_percent": round(100 * sum(each.results[OURS].short_share for each in played) / len(played), 3),
            "hpa_80_short_percent": round(
                100 * sum(each.results["hpa_80"].short_share for each in played) / len(played), 3
            ),
            "cost_vs_hpa_80": _ratio(
                [(each.results[OURS].pod_hours, each.results["hpa_80"].pod_hours) for each in played]
            ),
        }
        print(scenario.value, json.dumps(out[scenario.value]), flush=True)
    return out


def _without_signal(run: Callable[[list[Trace], Scenario, Rules], list[Played]]) -> dict[str, Any]:
    """Generated demands with nothing to foresee, under the default: the user's target stands."""
    played = run(synthetic(), Scenario.NONE, Rules())
    pairs = [(each.results[GUEST].pod_hours, each.results["hpa_80"].pod_hours) for each in played]
    return {
        "cost_vs_users_hpa": _ratio(pairs),
        "worst_ratio": round(max(a / b for a, b in pairs), 3),
        "short_percent": round(100 * sum(each.results[GUEST].short_share for each in played) / len(played), 3),
        "hpa_80_short_percent": round(
            100 * sum(each.results["hpa_80"].short_share for each in played) / len(played), 3
        ),
        "owning_cost_vs_users_hpa": _ratio(
            [(each.results[OURS].pod_hours, each.results["hpa_80"].pod_hours) for each in played]
        ),
        "floor_was_set": round(sum(each.usable_share for each in played) / len(played), 3),
    }


def _row(each: Played) -> dict[str, Any]:
    results = {}
    for name, result in each.results.items():
        values = asdict(result)
        results[name] = {key: round(values[key], 6) for key in ("short_share", "pod_hours", "changes_per_day")}
    return {
        "name": each.name,
        "half": each.half,
        "fine": each.fine,
        "days": round(each.days, 2),
        "usable_share": round(each.usable_share, 3),
        "best_target": each.best_target,
        "results": results,
    }


def _line(each: Played, slo: float) -> str:
    best = each.results["hpa_best"]
    cells = [f"{each.name:42s} {'fine' if each.fine else 'coarse':6s} {each.half} HPA {each.best_target:3d} %"]
    cells.append(f"{100 * best.short_share:5.2f} %{'' if best.short_share <= slo else '!'}")
    for name in SHOWN[:4]:
        result = each.results[name]
        cells.append(
            f"{name} {100 * result.short_share:5.2f} % {result.pod_hours / best.pod_hours:5.3f}"
            f" {result.changes_per_day:4.0f}/d"
        )
    return " | ".join(cells)


if __name__ == "__main__":
    main()
