"""How well a cluster is, from 0 to 100, with a sentence for each point that is missing.

The score starts at 100 and each ingredient takes away up to what it is worth. That is plainer than a weighted mean:
what is well says so, what is not known takes nothing and says that it is not known, and the points that are
missing add up to what people see.
"""

from __future__ import annotations

from dataclasses import dataclass

_USUAL_INTERVAL_SECONDS = 60.0
#: Points per severity of an open anomaly, from low to critical.
_SEVERITY_POINTS = (1.0, 3.0, 8.0, 15.0)


@dataclass(frozen=True)
class Seen:
    """What is known of a cluster; None: not known.

    Attributes:
        seconds_since_success: age of the last good observation.
        interval_seconds: how often it is observed; None: as the installation says.
        metrics_available: whether the cluster gives metrics at all.
        nodes, nodes_ready: counts.
        cpu_used_share, memory_used_share: use of the ready nodes relative to what they can give.
        cpu_requested_share: requests of its pods relative to what the ready nodes can give.
        pods_wanted, pods_ready: summed over workloads.
        restarts, oom_kills: within the last hour, summed over workloads.
        open_anomalies: counts by severity, from low to critical, without muted ones.
        workloads, workloads_foreseen: with a forecast that may be used.
        forecasts_judged, forecasts_inside: of the last day, and how many were within their 95 % interval.
        failed_changes: scaling that failed within the last day.
    """

    seconds_since_success: float | None = None
    interval_seconds: float | None = None
    metrics_available: bool | None = None
    nodes: int = 0
    nodes_ready: int = 0
    cpu_used_share: float | None = None
    memory_used_share: float | None = None
    cpu_requested_share: float | None = None
    pods_wanted: int = 0
    pods_ready: int = 0
    restarts: int | None = None
    oom_kills: int | None = None
    open_anomalies: tuple[int, int, int, int] = (0, 0, 0, 0)
    workloads: int = 0
    workloads_foreseen: int = 0
    forecasts_judged: int = 0
    forecasts_inside: int = 0
    failed_changes: int = 0


@dataclass(frozen=True)
class Ingredient:
    """One part of the score.

    Attributes:
        name: stable.
        lost: points taken away.
        of: points it can take away at most.
        known: whether there is anything to go by.
        sentence: why, with numbers.
    """

    name: str
    lost: float
    of: float
    known: bool
    sentence: str


@dataclass(frozen=True)
class Health:
    """Score and ingredients, the costliest first."""

    score: float
    ingredients: tuple[Ingredient, ...]


def health(seen: Seen) -> Health:
    """Sum up what is known of a cluster."""
    parts = (
        _freshness(seen),
        _nodes(seen),
        _headroom(seen),
        _pending(seen),
        _restarts(seen),
        _anomalies(seen),
        _forecasts(seen),
        _changes(seen),
    )
    score = round(max(100.0 - sum(part.lost for part in parts), 0.0), 1)
    return Health(score, tuple(sorted(parts, key=lambda part: -part.lost)))


def _part(name: str, share: float, of: float, sentence: str) -> Ingredient:
    return Ingredient(name, round(of * min(max(share, 0.0), 1.0), 1), of, known=True, sentence=sentence)


def _unknown(name: str, of: float, sentence: str) -> Ingredient:
    return Ingredient(name, 0.0, of, known=False, sentence=sentence)


def _freshness(seen: Seen) -> Ingredient:
    of = 40.0
    if seen.metrics_available is False:
        return _part("freshness", 0.5, of, "The cluster answers, but gives no metrics: install metrics-server.")
    if seen.seconds_since_success is None:
        return _unknown("freshness", of, "It was not observed yet.")
    late = seen.seconds_since_success / max(seen.interval_seconds or _USUAL_INTERVAL_SECONDS, 1.0)
    every = f", every {seen.interval_seconds:.0f} s" if seen.interval_seconds else ""
    sentence = f"Observed {seen.seconds_since_success:.0f} s before{every}."
    return _part("freshness", (late - 3) / 10, of, sentence)


def _nodes(seen: Seen) -> Ingredient:
    of = 30.0
    if not seen.nodes:
        return _unknown("nodes", of, "No node is known.")
    missing = seen.nodes - seen.nodes_ready
    sentence = (
        f"All {_count(seen.nodes, 'node')} ready." if not missing else f"{missing} of {seen.nodes} nodes not ready."
    )
    return _part("nodes", 3 * missing / seen.nodes, of, sentence)


def _headroom(seen: Seen) -> Ingredient:
    of = 20.0
    shares = {
        "CPU": seen.cpu_used_share,
        "memory": seen.memory_used_share,
        "what is requested of CPU": seen.cpu_requested_share,
    }
    known = {name: share for name, share in shares.items() if share is not None}
    if not known:
        return _unknown("headroom", of, "Use of the nodes is not known.")
    name, share = max(known.items(), key=lambda item: item[1])
    sentence = (
        f"{100 * (1 - share):.0f} % left at the tightest: {name} stands at {100 * share:.0f} % of the ready nodes."
    )
    # Nothing to say up to three quarters; all of it when full.
    return _part("headroom", (share - 0.75) / 0.25, of, sentence)


def _pending(seen: Seen) -> Ingredient:
    of = 20.0
    if not seen.pods_wanted:
        return _unknown("pending", of, "No pods are wanted.")
    missing = max(seen.pods_wanted - seen.pods_ready, 0)
    sentence = (
        f"All {_count(seen.pods_wanted, 'pod')} ready."
        if not missing
        else f"{missing} of {seen.pods_wanted} pods not ready."
    )
    return _part("pending", 4 * missing / seen.pods_wanted, of, sentence)


def _restarts(seen: Seen) -> Ingredient:
    of = 15.0
    if seen.restarts is None:
        return _unknown("restarts", of, "Restarts are not known.")
    kills = seen.oom_kills or 0
    if not seen.restarts and not kills:
        return _part("restarts", 0.0, of, "No restart within the hour.")
    sentence = f"{_count(seen.restarts, 'restart')} within the hour, {kills} of them for lack of memory."
    return _part("restarts", (seen.restarts + 2 * kills) / 15, of, sentence)


def _anomalies(seen: Seen) -> Ingredient:
    of = 30.0
    counts = seen.open_anomalies
    if not any(counts):
        return _part("anomalies", 0.0, of, "No anomaly is open.")
    names = ("low", "medium", "high", "critical")
    told = ", ".join(f"{count} {name}" for name, count in zip(reversed(names), reversed(counts), strict=True) if count)
    points = sum(count * worth for count, worth in zip(counts, _SEVERITY_POINTS, strict=True))
    return _part("anomalies", points / of, of, f"{_count(sum(counts), 'open anomaly', 'open anomalies')}: {told}.")


def _forecasts(seen: Seen) -> Ingredient:
    of = 10.0
    if not seen.workloads:
        return _unknown("forecasts", of, "There is no workload to forecast.")
    if not seen.forecasts_judged:
        sentence = (
            f"{seen.workloads_foreseen} of {_count(seen.workloads, 'workload')} foreseen; none judged within the day."
        )
        return _unknown("forecasts", of, sentence)
    inside = seen.forecasts_inside / seen.forecasts_judged
    sentence = f"{100 * inside:.0f} % of the last day's forecasts came true within their 95 % interval."
    return _part("forecasts", (0.93 - inside) / 0.3, of, sentence)


def _changes(seen: Seen) -> Ingredient:
    of = 10.0
    if not seen.failed_changes:
        return _part("changes", 0.0, of, "No scaling failed within the day.")
    return _part(
        "changes", seen.failed_changes / 5, of, f"{_count(seen.failed_changes, 'change')} failed within the day."
    )


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {many or one + 's'}"
