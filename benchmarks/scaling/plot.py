"""The picture of the README, from a report: `python -m benchmarks.scaling.plot REPORT.json PICTURE.png`."""

from __future__ import annotations

import importlib
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai4k8s_scaler.domain.backtest import Kind
from benchmarks.scaling.players import HOLT_WINTERS

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = dict[str, Any]

_FLOOR_PERCENT = 0.01
_POINTS = (
    (Kind.PREDICTIVE.value, "AI4K8s, the SLO leads", "#0b7a75", "o"),
    (Kind.PREDICTIVE_FLOOR.value, "AI4K8s, a floor over HPA's 80 %", "#56b6b0", "s"),
    (HOLT_WINTERS, "Holt-Winters floor, same controller", "#b3541e", "^"),
    (Kind.HPA_STEERED.value, "HPA, target steered by the same SLO", "#7a5195", "D"),
    (Kind.RIGHTSIZED.value, "VPA, fixed replicas", "#888888", "v"),
)


def pareto_plot(report: dict[str, Any], path: Path) -> None:
    """Write two panels: fine traces together, and what each of them saves."""
    pyplot: Any = importlib.import_module("matplotlib.pyplot")
    rows: list[Row] = report["traces"]
    fine = [row for row in rows if row["fine"]] or rows
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11.5, 4.8), dpi=130)
    targets = sorted(int(name[4:]) for name in fine[0]["results"] if name[4:].isdigit())
    curve = [_together(fine, f"hpa_{target}") for target in targets]
    left.plot(*zip(*curve, strict=True), color="#444444", marker=".", lw=1, label="HPA, one target for all traces")
    for target, (cost, short) in zip(targets, curve, strict=True):
        if target in {20, 30, 40, 60, 80}:
            left.annotate(f"{target} %", (cost, short), textcoords="offset points", xytext=(6, 3), fontsize=8)
    for name, label, colour, marker in _POINTS:
        left.plot(*_together(fine, name), color=colour, marker=marker, ms=8, ls="", label=label)
    left.axhline(100 * report["slo_short_share"], color="#c0392b", lw=0.8, ls="--")
    left.axvline(1, color="#bbbbbb", lw=0.8)
    left.set_xscale("log")
    left.set_yscale("log")
    left.set_xticks([0.5, 0.7, 1, 1.5, 2, 3], ["0.5", "0.7", "1", "1.5", "2", "3"])
    left.set_yticks([0.1, 0.2, 0.5, 1, 2, 5, 10], ["0.1", "0.2", "0.5", "1", "2", "5", "10"])
    left.minorticks_off()
    left.set_xlabel("cost; 1: HPA at its best target within the SLO, per trace in hindsight", fontsize=8.5)
    left.set_ylabel("time short of capacity, % (mean of traces)", fontsize=8.5)
    left.set_title(f"{len(fine)} real traces of one-minute grain", fontsize=10)
    left.legend(fontsize=7.5, frameon=False)
    _savings(right, fine)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    pyplot.close(figure)


def _together(rows: Sequence[Row], name: str) -> tuple[float, float]:
    short = sum(row["results"][name]["short_share"] for row in rows) / len(rows)
    cost = math.exp(sum(math.log(_cost(row, name)) for row in rows) / len(rows))
    return cost, max(100 * short, _FLOOR_PERCENT)


def _cost(row: Row, name: str) -> float:
    cost: float = row["results"][name]["pod_hours"] / row["results"]["hpa_best"]["pod_hours"]
    return cost


def _savings(axes: Any, rows: Sequence[Row]) -> None:
    ordered = sorted(rows, key=lambda row: _cost(row, Kind.PREDICTIVE.value))
    costs = [_cost(row, Kind.PREDICTIVE.value) for row in ordered]
    colours = ["#0b7a75" if cost <= 1 else "#c0392b" for cost in costs]
    axes.barh(range(len(costs)), [cost - 1 for cost in costs], left=1, color=colours, height=0.7)
    axes.axvline(1, color="#444444", lw=1)
    axes.set_yticks(range(len(ordered)), [row["name"].removesuffix("_1min") for row in ordered], fontsize=5.5)
    axes.set_xlabel("cost; 1: HPA at its best target within the SLO, chosen in hindsight", fontsize=8.5)
    axes.set_title("by trace: where it helps and where not", fontsize=10)


if __name__ == "__main__":
    pareto_plot(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
