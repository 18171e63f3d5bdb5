"""`ai4k8s backtest`: what policies would have done to a workload in its stored past."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rich.table import Table

from ai4k8s_standalone.errors import StandaloneError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai4k8s_standalone.client import Gateway

NAMES = {
    "predictive": "predictive, the SLO leads",
    "predictive_floor": "predictive, over HPA at {target} %",
    "hpa": "HPA at {target} %",
    "rightsized": "VPA, {replicas} pods",
    "as_it_ran": "as it ran",
}
_POLL_SECONDS = 0.5
_PATIENCE_SECONDS = 300.0
_USUAL_TARGETS = range(30, 100, 10)


def find_workload(gateway: Gateway, wanted: str) -> dict[str, Any]:
    """The one workload of a name NS/NAME, on any cluster that the person may see. Raises StandaloneError."""
    namespace, slash, name = wanted.partition("/")
    if not slash or not name:
        raise StandaloneError(f"{wanted!r} is not NAMESPACE/NAME", "Name it like shop/web.")
    found = [
        workload
        for cluster in gateway.get("/clusters")["items"]
        for workload in gateway.get(f"/clusters/{cluster['id']}/workloads")["items"]
        if (workload["namespace"], workload["name"]) == (namespace, name)
    ]
    if not found:
        raise StandaloneError(f"there is no workload {wanted} on a cluster that you may see", "")
    if len(found) > 1:
        places = ", ".join(f"{each['cluster_name']} ({each['kind']})" for each in found)
        raise StandaloneError(f"{wanted} is there more than once: {places}", "Use the page of the one you mean.")
    chosen: dict[str, Any] = found[0]
    return chosen


def run(gateway: Gateway, workload_id: int, days: int, slo: float | None, tell: Callable[[str], None]) -> Any:
    """Ask for a replay and wait for its result. Raises StandaloneError."""
    job = gateway.post(f"/workloads/{workload_id}/backtest", {"days": days, "slo_short_share": slo})
    deadline = time.monotonic() + _PATIENCE_SECONDS
    told = ""
    while job["status"] == "processing":
        if time.monotonic() > deadline:
            raise StandaloneError("the replay takes longer than five minutes", "See `ai4k8s status`.")
        if job["message"] != told:
            told = job["message"]
            tell(told)
        time.sleep(_POLL_SECONDS)
        job = gateway.get(f"/jobs/{job['job_id']}")
    if job["status"] == "failed":
        raise StandaloneError(job["error"] or "the replay failed", "")
    return job["result"]


def table_of(result: dict[str, Any], cost: dict[str, Any] | None) -> Table:
    """The contenders that people can choose from, the cheapest first."""
    money = [] if cost is None else [f"cost, {cost['currency']}"]
    table = Table("policy", "short of capacity", "pod-hours", *money, "changes a day", "", box=None, pad_edge=False)
    rows = [each for each in result["contenders"] if each["kind"] != "hpa" or each["target_percent"] in _USUAL_TARGETS]
    if result["as_it_ran"]:
        rows.append(result["as_it_ran"])
    for each in sorted(rows, key=lambda row: row["pod_hours"]):
        name = NAMES.get(each["kind"], each["kind"])
        paid = [] if cost is None else [f"{each['pod_hours'] * cost['pod_hour']:.2f}"]
        table.add_row(
            name.format(target=each["target_percent"], replicas=each["replicas"]),
            f"{100 * each['short_share']:.2f} %{'' if each['within_slo'] else ' !'}",
            f"{each['pod_hours']:.0f}",
            *paid,
            f"{each['changes_per_day']:.0f}",
            "best in its place" if each["on_front"] else "",
        )
    return table
