"""What a simulated cluster is started with."""

from dataclasses import dataclass, field
from pathlib import Path

from ai4k8s_simcluster.controllers.context import SecondsRange
from ai4k8s_simcluster.load.behaviour import ANNOTATIONS, PREFIX, BehaviourError, read_behaviour
from ai4k8s_simcluster.load.shapes import Shape, read_shape
from ai4k8s_simcluster.load.workload import WorkloadKey


class SettingsError(ValueError):
    """The command line asks for something that cannot be."""


@dataclass(frozen=True, slots=True)
class TraceSpec:
    """A workload that follows a file; without a scale, one is chosen."""

    key: WorkloadKey
    path: Path
    cores_per_unit: float | None = None

    @property
    def origin(self) -> str:
        """Return what tells this load from another."""
        scale = "" if self.cores_per_unit is None else f":scale={self.cores_per_unit}"
        return f"trace {self.path.resolve()}{scale}"


@dataclass(frozen=True, slots=True)
class ShapeSpec:
    """A workload that follows a generated shape."""

    key: WorkloadKey
    shape: Shape
    text: str

    @property
    def origin(self) -> str:
        """Return what tells this load from another."""
        return f"shape {self.text}"


@dataclass(frozen=True, slots=True)
class BehaviourSpec:
    """How the pods of a workload that is made at the first start behave: annotations of its Deployment."""

    key: WorkloadKey
    annotations: dict[str, str]


@dataclass(frozen=True, slots=True)
class SimSettings:
    """Everything a simulated cluster can be told. storage_class: whether it begins with a default StorageClass."""

    state_dir: Path
    kubeconfig_out: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0
    prometheus_port: int = 0
    traces: tuple[TraceSpec, ...] = ()
    shapes: tuple[ShapeSpec, ...] = ()
    behaviours: tuple[BehaviourSpec, ...] = ()
    nodes: int = 4
    pods: int = 0
    churn: float = 0.0
    seed: int = 1
    demo: bool = True
    storage_class: bool = False
    startup: SecondsRange = field(default_factory=lambda: SecondsRange(20.0, 90.0))
    termination: SecondsRange = field(default_factory=lambda: SecondsRange(1.0, 5.0))
    lead_seconds: float = 270.0
    watch_log_length: int = 10_000
    max_requests_inflight: int = 600
    managed_pods: int = 1_000


def _key(text: str) -> WorkloadKey:
    namespace, slash, name = text.partition("/")
    if not slash or not namespace or not name:
        raise SettingsError(f"'{text}' is not NAMESPACE/NAME")
    return WorkloadKey(namespace, name)


def parse_trace_spec(text: str) -> TraceSpec:
    """Read `NAMESPACE/NAME=FILE[:scale=CORES_PER_UNIT]`. Raises SettingsError."""
    target, equals, rest = text.partition("=")
    if not equals:
        raise SettingsError(f"'{text}' is not NAMESPACE/NAME=FILE[:scale=CORES_PER_UNIT]")
    path, marked, scale = rest.rpartition(":scale=")
    if not marked:
        return TraceSpec(_key(target), Path(rest))
    try:
        cores_per_unit = float(scale)
    except ValueError as error:
        raise SettingsError(f"'{scale}' is not a number of cores per unit") from error
    if not cores_per_unit > 0:
        raise SettingsError(f"a scale must be above 0, not {scale}")
    return TraceSpec(_key(target), Path(path), cores_per_unit)


def parse_shape_spec(text: str) -> ShapeSpec:
    """Read `NAMESPACE/NAME=KIND[:k=v,...]`. Raises SettingsError or ShapeError."""
    target, equals, rest = text.partition("=")
    if not equals:
        raise SettingsError(f"'{text}' is not NAMESPACE/NAME=KIND[:k=v,...]")
    return ShapeSpec(_key(target), read_shape(rest), rest)


def parse_behaviour_spec(text: str) -> BehaviourSpec:
    """Read `NAMESPACE/NAME=TRAIT=VALUE[,TRAIT=VALUE...]`. Raises SettingsError."""
    target, equals, listed = text.partition("=")
    pairs = [pair.partition("=") for pair in listed.split(",")]
    if not equals or not all(marked for _, marked, _ in pairs):
        raise SettingsError(f"'{text}' is not NAMESPACE/NAME=TRAIT=VALUE[,...]")
    if unknown := [name for name, _, _ in pairs if name not in ANNOTATIONS]:
        raise SettingsError(f"no trait {', '.join(unknown)}; there are {', '.join(ANNOTATIONS)}")
    annotations = {PREFIX + name: value for name, _, value in pairs}
    try:
        read_behaviour({"metadata": {"annotations": annotations}})
    except BehaviourError as error:
        raise SettingsError(str(error)) from error
    return BehaviourSpec(_key(target), annotations)
