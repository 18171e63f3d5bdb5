"""What an exporter shows: metric families with their type and help, and the samples of one moment."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ai4k8s_simcluster.load.model import LoadModel
from ai4k8s_simcluster.store import Store

Labels = Mapping[str, str]
Sample = tuple[Labels, float]


class MetricType(StrEnum):
    """How a metric's values are to be read."""

    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class World:
    """What exporters look at."""

    store: Store
    model: LoadModel


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its name, and how its samples are made."""

    name: str
    kind: MetricType
    help: str
    samples: Callable[[World], Iterable[Sample]]


_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_HIDDEN = {"__name__", "job", "metrics_path"}  # a scraper sets these itself
_LINES_AT_ONCE = 2_000


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _line(name: str, labels: Labels, value: float) -> str:
    pairs = ",".join(f'{key}="{text.translate(_ESCAPES)}"' for key, text in labels.items() if key not in _HIDDEN)
    return f"{name}{{{pairs}}} {_number(value)}\n" if pairs else f"{name} {_number(value)}\n"


def exposition(families: Iterable[Family], world: World) -> Iterator[bytes]:
    """Write families in Prometheus' text form, piece by piece."""
    for family in families:
        if ":" in family.name:  # made by a recording rule, not by an exporter
            continue
        lines = [f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.kind}\n"]
        for labels, value in family.samples(world):
            lines.append(_line(family.name, labels, value))
            if len(lines) >= _LINES_AT_ONCE:
                yield "".join(lines).encode()
                lines = []
        yield "".join(lines).encode()
