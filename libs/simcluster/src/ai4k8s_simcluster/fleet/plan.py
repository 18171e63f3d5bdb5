"""Which workloads a fleet has: most are small, a few are large, as in real clusters."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

_SIZES = (1, 2, 3, 5, 8, 12, 20, 40, 100, 200)
_WEIGHTS = (150, 250, 250, 120, 80, 60, 50, 25, 12, 3)  # a mean of about seven pods
_WORKLOADS_PER_NAMESPACE = 60
_TEAMS = (
    "payments", "search", "catalog", "orders", "identity", "billing", "shipping", "media", "ads", "chat", "fraud",
    "inventory", "pricing", "reviews", "support", "reports", "risk", "mobile", "partner", "data",
)  # fmt: skip
_STAGES = ("prod", "staging", "canary", "batch", "internal")
_SUBJECTS = (
    "account", "cart", "event", "feed", "index", "invoice", "ledger", "mail", "notify", "offer", "order", "photo",
    "price", "profile", "quote", "rank", "session", "stock", "token", "user",
)  # fmt: skip
_ROLES = ("api", "worker", "gateway", "cache", "sync", "web", "consumer", "scheduler", "proxy", "store")


@dataclass(frozen=True, slots=True)
class Archetype:
    """What a kind of workload asks for."""

    cpu_request: str
    cpu_limit: str
    memory_request: str
    memory_limit: str
    sidecar: bool = False


ARCHETYPES: tuple[Archetype, ...] = (
    Archetype("50m", "200m", "64Mi", "128Mi"),
    Archetype("100m", "300m", "128Mi", "256Mi"),
    Archetype("100m", "500m", "256Mi", "512Mi", sidecar=True),
    Archetype("200m", "400m", "256Mi", "512Mi"),
    Archetype("250m", "500m", "512Mi", "1Gi", sidecar=True),
    Archetype("500m", "750m", "512Mi", "1Gi"),
)
_COMMONNESS = (30, 30, 15, 12, 8, 5)


@dataclass(frozen=True, slots=True)
class Planned:
    """One Deployment of the fleet."""

    namespace: str
    name: str
    replicas: int
    archetype: int


def plan(pods: int, seed: int) -> list[Planned]:
    """Return workloads that have this many pods together; the same ones for the same seed."""
    rng = random.Random(f"fleet/{seed}")  # noqa: S311 - names and sizes, no secrets
    sizes = list(_sizes(pods, rng))
    namespaces = list(_namespaces(max(1, round(len(sizes) / _WORKLOADS_PER_NAMESPACE))))
    taken: set[tuple[str, str]] = set()
    found = []
    for size in sizes:
        namespace = rng.choice(namespaces)
        name = f"{rng.choice(_SUBJECTS)}-{rng.choice(_ROLES)}"
        while (namespace, name) in taken:
            name = f"{rng.choice(_SUBJECTS)}-{rng.choice(_ROLES)}-{rng.randrange(1000)}"
        taken.add((namespace, name))
        found.append(Planned(namespace, name, size, rng.choices(range(len(ARCHETYPES)), _COMMONNESS)[0]))
    return found


def _sizes(pods: int, rng: random.Random) -> Iterator[int]:
    left = pods
    while left > 0:
        size = min(left, rng.choices(_SIZES, _WEIGHTS)[0])
        left -= size
        yield size


def _namespaces(number: int) -> Iterator[str]:
    for at in range(number):
        team, stage = _TEAMS[at % len(_TEAMS)], _STAGES[at // len(_TEAMS) % len(_STAGES)]
        turn = at // (len(_TEAMS) * len(_STAGES))
        yield f"{team}-{stage}" + (f"-{turn + 1}" if turn else "")
