"""What pods ask for, changed: which objects must be written so that containers have other requests and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Changes = dict[str, dict[str, dict[str, str]]]
"""By container, `requests` or `limits`, and resource: an amount in Kubernetes' notation."""
LISTS = ("containers", "initContainers")


def resources_in(changes: Changes) -> frozenset[str]:
    """The resources that are changed of any container."""
    return frozenset(name for sections in changes.values() for amounts in sections.values() for name in amounts)


def present(spec: Mapping[str, Any], changes: Changes) -> dict[str, dict[str, dict[str, str | None]]]:
    """What a pod's spec has where changes are asked for; None where an amount is not set."""
    found = {}
    for container in _containers(spec):
        sections = changes.get(container["name"])
        if sections is not None:
            has = container.get("resources") or {}
            found[container["name"]] = {
                section: {name: (has.get(section) or {}).get(name) for name in amounts}
                for section, amounts in sections.items()
            }
    return found


def changed(spec: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The lists of containers of a pod's spec with the changes made, as a merge patch takes them: whole.

    An amount that is None is taken away.
    """
    lists = {}
    for name in LISTS:
        if any(one["name"] in changes for one in spec.get(name) or ()):
            lists[name] = [_container(one, changes.get(one["name"]) or {}) for one in spec[name]]
    return lists


def differs(spec: Mapping[str, Any], changes: Mapping[str, Any]) -> bool:
    """Whether anything of a pod's spec is not yet as asked for."""
    return any(spec.get(name) != value for name, value in changed(spec, changes).items())


def words(changes: Changes, before: Mapping[str, Any]) -> str:
    """As in 'web cpu 500m -> 200m, memory 256Mi -> 128Mi'; requests where both go the same way."""
    parts = []
    for container, sections in changes.items():
        said = []
        for section, amounts in sections.items():
            label = "" if section == "requests" else " limit"
            for name, amount in amounts.items():
                was = (before.get(container, {}).get(section) or {}).get(name)
                said.append(f"{name}{label} {was or 'unset'} -> {amount}")
        parts.append(f"{container} {', '.join(said)}")
    return "; ".join(parts)


def _containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in LISTS:
        yield from spec.get(name) or ()


def _container(container: Mapping[str, Any], sections: Mapping[str, Any]) -> dict[str, Any]:
    resources = dict(container.get("resources") or {})
    for section, amounts in sections.items():
        merged = {**(resources.get(section) or {}), **amounts}
        resources[section] = {name: amount for name, amount in merged.items() if amount is not None}
        if not resources[section]:
            del resources[section]
    return (
        {**container, "resources": resources} if resources else {k: v for k, v in container.items() if k != "resources"}
    )
