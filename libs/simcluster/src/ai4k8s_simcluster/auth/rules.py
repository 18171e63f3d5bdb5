"""Policy rules: what one allows, and whether one covers another.

Everything here is a pure function of rules and requests, so the decisions can be tested without a server.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ai4k8s_simcluster.auth.attributes import Attributes
from ai4k8s_simcluster.types import Obj

ALL = "*"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a role."""

    verbs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()

    @classmethod
    def read(cls, raw: Obj) -> "Rule":
        """Read a PolicyRule object."""
        fields = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
        return cls(*(tuple(raw.get(field) or ()) for field in fields))

    def allows(self, request: Attributes) -> bool:
        """Say whether the rule allows a request."""
        if not _has(self.verbs, request.verb):
            return False
        if request.path:
            return any(url == ALL or url_covers(url, request.path) for url in self.urls)
        return (
            _has(self.groups, request.group)
            and self._matches_resource(request)
            and (not self.names or request.name in self.names)
        )

    def resource_rule(self) -> Obj:
        """Return it as reviews of rules list it."""
        found = {
            "verbs": self.verbs,
            "apiGroups": self.groups,
            "resources": self.resources,
            "resourceNames": self.names,
        }
        return {key: list(values) for key, values in found.items() if values}

    def url_rule(self) -> Obj:
        """Return it as reviews of rules list what is no resource."""
        return {"verbs": list(self.verbs), "nonResourceURLs": list(self.urls)}

    def parts(self) -> Iterator["Rule"]:
        """Yield the rule in pieces of one verb, group, resource and name each."""
        for group in self.groups:
            for resource in self.resources:
                for verb in self.verbs:
                    for name in self.names or ("",):
                        yield Rule((verb,), (group,), (resource,), (name,) if name else ())
        for url in self.urls:
            for verb in self.verbs:
                yield Rule((verb,), urls=(url,))

    def covers(self, part: "Rule") -> bool:
        """Say whether everything one piece allows is allowed by this rule."""
        return (
            all(_has(self.verbs, verb) for verb in part.verbs)
            and all(_has(self.groups, group) for group in part.groups)
            and all(_covers_resource(self.resources, resource) for resource in part.resources)
            and all(any(url_covers(owned, url) for owned in self.urls) for url in part.urls)
            and (not self.names or (bool(part.names) and set(part.names) <= set(self.names)))
        )

    def __str__(self) -> str:
        """Write it as refusals do: `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}`."""
        shown = (
            ("APIGroups", self.groups), ("Resources", self.resources), ("NonResourceURLs", self.urls),
            ("ResourceNames", self.names), ("Verbs", self.verbs),
        )  # fmt: skip
        return "{" + ", ".join(f"{name}:{quoted_list(values)}" for name, values in shown if values) + "}"

    def _matches_resource(self, request: Attributes) -> bool:
        any_parent = f"*/{request.subresource}"
        return any(
            resource in {ALL, request.full_resource} or (bool(request.subresource) and resource == any_parent)
            for resource in self.resources
        )


def read_rules(role: Obj) -> tuple[Rule, ...]:
    """Return the rules of a Role or ClusterRole."""
    return tuple(Rule.read(raw) for raw in role.get("rules") or ())


def uncovered(owned: Sequence[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """Return the pieces of the wanted rules that the owned ones do not cover."""
    return [part for rule in wanted for part in rule.parts() if not any(own.covers(part) for own in owned)]


def compacted(parts: Iterable[Rule]) -> list[Rule]:
    """Join the pieces that differ by their verb only, in the order in which refusals name them."""
    joined: dict[tuple[tuple[str, ...], tuple[str, ...]], Rule] = {}
    rest: list[Rule] = []
    for part in parts:
        if part.names or part.urls:
            rest.append(part)
            continue
        before = joined.get((part.groups, part.resources))
        joined[part.groups, part.resources] = replace(part, verbs=(before.verbs if before else ()) + part.verbs)
    return sorted((*rest, *joined.values()), key=str)


def quoted_list(values: Iterable[str]) -> str:
    """Write texts as Go's %q does a slice: `["a" "b"]`."""
    return "[" + " ".join(f'"{value}"' for value in values) + "]"


def url_covers(owned: str, wanted: str) -> bool:
    """Say whether one path, which may end in `*`, covers another."""
    return owned == wanted or (owned.endswith(ALL) and wanted.startswith(owned.rstrip(ALL)))


def _has(values: Sequence[str], wanted: str) -> bool:
    return ALL in values or wanted in values


def _covers_resource(owned: Sequence[str], wanted: str) -> bool:
    _, slash, subresource = wanted.partition("/")
    return _has(owned, wanted) or (bool(slash) and f"*/{subresource}" in owned)
