"""The picture of the README: cost against time short of capacity, pooled over traces."""

from __future__ import annotations

import importlib
import math
from typing import TYPE_CHECKING, Any

from ai4k8s_scaler.domain.backtest import Kind
from benchmarks.scaling.players import HOLT_WINTERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.scaling.players import Played

_FLOOR_PERCENT = 0.01
_POINTS = (
    (Kind.PREDICTIVE.value, "AI4K8s, owning the replicas", "#0b7a75", "o"),
    (Kind.PREDICTIVE_FLOOR.value, "AI4K8s, floor under HPA at 80 %", "#56b6b0", "s"),
    (HOLT_WINTERS, "Holt-Winters floor, same controller", "#b3541e", "^"),
    (Kind.HPA_STEERED.value, "HPA, target steered by the same SLO", "#7a5195", "D"),
    (Kind.RIGHTSIZED.value, "VPA, fixed replicas", "#888888", "v"),
)


def pareto_plot(played: Sequence[Played], slo: float, path: Path) -> None:
    """Write two panels: pooled over fine traces, and every trace's saving."""
    pyplot: Any = importlib.import_module("matplotlib.pyplot")
    fine = [each for each in played if each.fine] or list(played)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11.5, 4.6), dpi=130)
    targets = sorted(int(name[4:]) for name in fine[0].results if name[4:].isdigit())
    curve = [_pooled(fine, f"hpa_{target}") for target in targets]
    left.plot(*zip(*curve, strict=True), color="#444444", marker=".", lw=1, label="HPA at fixed targets")
    for target, (cost, short) in zip(targets, curve, strict=True):
        if target % 20 == 0:
            left.annotate(f"{target} %", (cost, short), textcoords="offset points", xytext=(5, 3), fontsize=8)
    for name, label, colour, marker in _POINTS:
        left.plot(*_pooled(fine, name), color=colour, marker=marker, ms=8, ls="", label=label)
    left.axhline(100 * slo, color="#c0392b", lw=0.8, ls="--")
    left.set_yscale("log")
    left.set_xlabel("cost relative to HPA at its best target per trace (pod-hours, geometric mean)")
    left.set_ylabel("time short of capacity, % (mean)")
    left.set_title(f"{len(fine)} real traces of one-minute grain")
    left.legend(fontsize=8, frameon=False)
    _savings(right, fine)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    pyplot.close(figure)


def _pooled(played: Sequence[Played], name: str) -> tuple[float, float]:
    ratios = [each.results[name].pod_hours / each.results["hpa_best"].pod_hours for each in played]
    short = sum(each.results[name].short_share for each in played) / len(played)
    cost = math.exp(sum(math.log(ratio) for ratio in ratios) / len(ratios))
    return cost, max(100 * short, _FLOOR_PERCENT)


def _savings(axes: Any, played: Sequence[Played]) -> None:
    ordered = sorted(played, key=_saving)
    axes.barh(range(len(ordered)), [_saving(each) - 1 for each in ordered], left=1, color="#0b7a75", height=0.7)
    axes.axvline(1, color="#444444", lw=1)
    axes.set_yticks(range(len(ordered)), [each.name.removesuffix("_1min") for each in ordered], fontsize=5.5)
    axes.set_xlabel("cost relative to HPA at its best target, chosen in hindsight")
    axes.set_title("per trace: where it helps and where not")


def _saving(each: Played) -> float:
    return each.results[Kind.PREDICTIVE.value].pod_hours / each.results["hpa_best"].pod_hours
