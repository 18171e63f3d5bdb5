"""Compares a recorded value with an answer, and says in which places they differ."""

from dataclasses import dataclass
from typing import Any

from benchmarks.recordings.binding import Binder

MISSING = "(missing)"
_LONGEST_SHOWN = 300
_SIMULATION_ONLY = "sim.ai4k8s.io/"
_STAND_IN_MANAGERS = frozenset({"python-requests", "kubelet"})


@dataclass(frozen=True)
class Difference:
    """One place where an answer is not what was recorded."""

    where: str
    recorded: Any
    answered: Any

    def line(self) -> str:
        """Return it for people."""
        return f"{self.where or '(whole)'}: recorded {_short(self.recorded)}, answered {_short(self.answered)}"


def _short(value: Any) -> str:
    text = value if value is MISSING else repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def compare(recorded: Any, answered: Any, binder: Binder, where: str = "", *, subset: bool = False) -> list[Difference]:
    """Return where an answer differs from a recording; with subset, what the recording leaves out does not count."""
    if isinstance(recorded, dict) and isinstance(answered, dict):
        return _dicts(recorded, answered, binder, where, subset=subset)
    if isinstance(recorded, list) and isinstance(answered, list):
        return _lists(recorded, answered, binder, where, subset=subset)
    if isinstance(recorded, str):
        same = binder.matches(recorded, answered)
    else:
        same = recorded == answered and isinstance(recorded, bool) == isinstance(answered, bool)
    return [] if same else [Difference(where, recorded, answered)]


def _dicts(
    recorded: dict[str, Any], answered: dict[str, Any], binder: Binder, where: str, *, subset: bool
) -> list[Difference]:
    found: list[Difference] = []
    names = {_bound_key(key, answered, binder): key for key in recorded}
    for name, key in names.items():
        path = f"{where}.{name}" if where else name
        if name in answered:
            if name == "managedFields":
                found += _owners(recorded[key], answered[name], binder, path, pod=_is_kubelets(answered))
            else:
                found += compare(recorded[key], answered[name], binder, path, subset=subset)
        elif not (subset and recorded[key] is None):
            found.append(Difference(path, recorded[key], MISSING))
    if not subset:
        extra = [name for name in answered if name not in names and not name.startswith(_SIMULATION_ONLY)]
        found += [Difference(f"{where}.{name}" if where else name, MISSING, answered[name]) for name in extra]
    return found


def _bound_key(key: str, answered: dict[str, Any], binder: Binder) -> str:
    """Return the answer's name of a recorded key, which may hold a placeholder (owner references of field sets)."""
    if key in answered or "<" not in key:
        return key
    return next((name for name in answered if binder.matches(key, name)), key)


def _is_kubelets(metadata: dict[str, Any]) -> bool:
    labels = metadata.get("labels") or {}
    return "namespace" in metadata or "kubernetes.io/hostname" in labels


def _owners(recorded: Any, answered: Any, binder: Binder, where: str, *, pod: bool) -> list[Difference]:
    """Compare field ownership without its order, and without what the recording's kubelet or ours wrote."""

    def sort_key(entry: dict[str, Any]) -> tuple[str, ...]:
        return (entry.get("manager", ""), entry.get("operation", ""), entry.get("subresource", ""))

    def kept(entries: Any) -> list[dict[str, Any]]:
        listed = [
            entry
            for entry in entries or []
            if not (pod and entry.get("subresource") == "status" and entry.get("manager") in _STAND_IN_MANAGERS)
        ]
        return sorted(listed, key=sort_key)

    return _lists(kept(recorded), kept(answered), binder, where, subset=False)


def identity(item: Any) -> str | None:
    """Return what tells an item of a list from the others."""
    if not isinstance(item, dict):
        return None
    metadata = item.get("metadata")
    if isinstance(metadata, dict) and "name" in metadata:
        return str(metadata["name"])
    if item.get("cells"):
        return str(item["cells"][0])
    for key in ("name", "type", "path", "mountPath"):
        if isinstance(item.get(key), str):
            return str(item[key])
    return None


def _lists(recorded: list[Any], answered: list[Any], binder: Binder, where: str, *, subset: bool) -> list[Difference]:
    trial = binder.copy()
    in_order = _pairwise(recorded, answered, trial, where, subset=subset)
    if not in_order:
        binder.adopt(trial)
        return []
    if not all(isinstance(item, dict) for item in [*recorded, *answered]):
        return in_order
    return _aligned(recorded, answered, binder, where, subset=subset)


def _pairwise(
    recorded: list[Any], answered: list[Any], binder: Binder, where: str, *, subset: bool
) -> list[Difference]:
    found: list[Difference] = []
    if len(recorded) != len(answered):
        found.append(Difference(f"len({where})", len(recorded), len(answered)))
    for at, (one, other) in enumerate(zip(recorded, answered, strict=False)):
        found += compare(one, other, binder, f"{where}[{at}]", subset=subset)
    return found


def _aligned(recorded: list[Any], answered: list[Any], binder: Binder, where: str, *, subset: bool) -> list[Difference]:
    """Compare items with those they fit best: lists are ordered by random names, so places say little."""
    remaining = list(range(len(answered)))
    found: list[Difference] = []
    order: list[int] = []
    for at, item in enumerate(recorded):
        name = identity(item)
        options = [place for place in remaining if _may_be(name, answered[place], binder)]
        if not options:
            found.append(Difference(f"{where}[{name or at}]", item, MISSING))
            continue
        tried = []
        for place in options:
            trial = binder.copy()
            differences = compare(item, answered[place], trial, f"{where}[{name or at}]", subset=subset)
            tried.append((len(differences), place, differences, trial))
            if not differences:
                break
        _, place, differences, trial = min(tried, key=lambda option: option[:2])
        binder.adopt(trial)
        remaining.remove(place)
        order.append(place)
        found += differences
    found += [Difference(f"{where}[{identity(answered[place])}]", MISSING, answered[place]) for place in remaining]
    fixed = all("<" not in (identity(item) or "<") for item in recorded)
    if not found and fixed and order != sorted(order):
        names = [identity(item) for item in answered]
        found.append(Difference(f"order({where})", [identity(item) for item in recorded], names))
    return found


def _may_be(name: str | None, answered: Any, binder: Binder) -> bool:
    if name is None:
        return identity(answered) is None
    return binder.copy().matches(name, identity(answered))


def without_managed_fields(value: Any) -> Any:
    """Return a value without field ownership, for recordings that were stored without it."""
    if isinstance(value, dict):
        return {key: without_managed_fields(inner) for key, inner in value.items() if key != "managedFields"}
    if isinstance(value, list):
        return [without_managed_fields(inner) for inner in value]
    return value
