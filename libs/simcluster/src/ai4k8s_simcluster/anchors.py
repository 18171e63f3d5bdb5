"""Where each workload's load was put in time, remembered so that a restart goes on instead of starting
over.
"""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import structlog

from ai4k8s_simcluster.demo import DEMO
from ai4k8s_simcluster.load.demand import ShapeDemand, TraceDemand
from ai4k8s_simcluster.load.placing import choose_scale, find_rise
from ai4k8s_simcluster.load.shapes import Shape, ShapeKind
from ai4k8s_simcluster.load.traces import read_trace
from ai4k8s_simcluster.load.workload import REQUEST_CORES, LoadedWorkload, WorkloadKey
from ai4k8s_simcluster.settings import SettingsError, ShapeSpec, SimSettings, TraceSpec

_TRACE_REPLICAS = (1, 15)
_SHAPE_REPLICAS = (1, 12)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Anchor:
    """One workload's load, tied to a moment."""

    namespace: str
    name: str
    origin: str
    anchored_at: float
    min_replicas: int
    max_replicas: int
    managed: bool
    placement: str
    rise_at: float | None = None
    trace_path: str = ""
    offset_seconds: float = 0.0
    cores_per_unit: float = 0.0
    shape: dict[str, Any] | None = None
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> WorkloadKey:
        """Return which workload it is."""
        return WorkloadKey(self.namespace, self.name)

    def dump(self) -> dict[str, Any]:
        """Return it as JSON, for saving."""
        return asdict(self)

    def workload(self) -> LoadedWorkload:
        """Make the workload. Raises OSError or TraceError when its file is no longer what it was."""
        if self.shape is not None:
            shape = Shape(**{**self.shape, "kind": ShapeKind(self.shape["kind"])})
            source: TraceDemand | ShapeDemand = ShapeDemand(shape, self.anchored_at)
        else:
            source = TraceDemand(read_trace(Path(self.trace_path)), self.offset_seconds, self.cores_per_unit)
        return LoadedWorkload(
            self.key,
            source,
            self.anchored_at,
            self.min_replicas,
            self.max_replicas,
            self.origin,
            self.placement,
            self.rise_at,
            self.managed,
            self.annotations,
        )


def _trace_anchor(spec: TraceSpec, settings: SimSettings, now: float) -> Anchor:
    trace = read_trace(spec.path)
    rise = find_rise(trace)
    scale = spec.cores_per_unit or choose_scale(trace, rise, REQUEST_CORES)
    least, most = _TRACE_REPLICAS
    placement = f"{rise.describe()}; {scale:.6g} cores per unit"
    log.info("trace placed", workload=str(spec.key), file=spec.path.name, placement=placement)
    return Anchor(
        spec.key.namespace, spec.key.name, spec.origin, now, least, most, managed=True, placement=placement,
        rise_at=now + settings.lead_seconds, trace_path=str(spec.path.resolve()),
        offset_seconds=now + settings.lead_seconds - rise.at, cores_per_unit=scale,
    )  # fmt: skip


def _shape_anchor(
    spec: ShapeSpec, phase_at: float, now: float, replicas: tuple[int, int], seed: int, *, managed: bool
) -> Anchor:
    shape = spec.shape.at_phase(phase_at, seed)
    recurring = shape.kind in {ShapeKind.HOURLY, ShapeKind.DAILY, ShapeKind.WEEKLY, ShapeKind.RUSH}
    placement = f"generated {shape.kind}" + ("" if recurring else "; no recurring rise")
    return Anchor(
        spec.key.namespace, spec.key.name, spec.origin, now, *replicas, managed=managed, placement=placement,
        rise_at=shape.phase_at if recurring else None, shape=asdict(shape),
    )  # fmt: skip


def _demo_anchors(settings: SimSettings, now: float) -> list[Anchor]:
    found = []
    for number, demo in enumerate(DEMO):
        spec = ShapeSpec(demo.key, demo.shape, f"demo {demo.shape.kind}")
        phase_at = now + settings.lead_seconds + demo.phase_seconds
        replicas = (demo.min_replicas, demo.max_replicas)
        found.append(
            _shape_anchor(spec, phase_at, now, replicas, settings.seed * 100 + number + 1, managed=demo.managed)
        )
    return found


def make_anchors(settings: SimSettings, saved: list[dict[str, Any]], now: float) -> list[Anchor]:
    """Return all workloads' anchors: those saved where the load is still the same, new ones for the rest.

    Raises TraceError or OSError for a trace that cannot be read, SettingsError for a behaviour of nobody.
    """
    old = {anchor.key: anchor for anchor in (Anchor(**raw) for raw in saved)}
    found: dict[WorkloadKey, Anchor] = {}
    if settings.demo:
        found |= {anchor.key: anchor for anchor in _demo_anchors(settings, now)}
        found |= {key: old[key] for key in found.keys() & old.keys() if old[key].origin == found[key].origin}
    for key, anchor in old.items():
        if key not in found or not anchor.origin.startswith("shape demo"):
            found[key] = anchor
    for number, shape_spec in enumerate(settings.shapes):
        if shape_spec.key not in old or old[shape_spec.key].origin != shape_spec.origin:
            phase_at = now + settings.lead_seconds
            seed = settings.seed * 100 + 50 + number
            found[shape_spec.key] = _shape_anchor(shape_spec, phase_at, now, _SHAPE_REPLICAS, seed, managed=True)
    for trace_spec in settings.traces:
        if trace_spec.key not in old or old[trace_spec.key].origin != trace_spec.origin:
            found[trace_spec.key] = _trace_anchor(trace_spec, settings, now)
    for behaviour in settings.behaviours:
        if behaviour.key not in found:
            raise SettingsError(f"--behaviour {behaviour.key}: no such workload; give it a --shape or a --trace")
        found[behaviour.key] = replace(found[behaviour.key], annotations=behaviour.annotations)
    return list(found.values())
