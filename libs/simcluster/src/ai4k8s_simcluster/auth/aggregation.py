"""ClusterRoles made of others: the rules of every role that an aggregation rule selects."""

from collections.abc import Iterable

from ai4k8s_simcluster.registry import CLUSTER_ROLES
from ai4k8s_simcluster.selectors import from_label_selector, match_labels
from ai4k8s_simcluster.store import Store
from ai4k8s_simcluster.types import Obj


def gather_rules(role: Obj, others: Iterable[Obj]) -> list[Obj]:
    """Return the rules an aggregated role must have: each rule once, roles in the order of their names."""
    raw = (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or []
    selectors = [from_label_selector(selector) for selector in raw]
    name = role["metadata"]["name"]
    found: list[Obj] = []
    for other in sorted(others, key=lambda one: str(one["metadata"]["name"])):
        if other["metadata"]["name"] == name or not any(match_labels(terms, other) for terms in selectors):
            continue
        found.extend(rule for rule in other.get("rules") or [] if rule not in found)
    return found


def aggregate(store: Store) -> bool:
    """Write the rules of aggregated roles anew where they differ; say whether something was written.

    Roles can be made of aggregated roles, so the caller repeats until nothing is left to write.
    """
    roles = [stored.obj for stored in store.values(CLUSTER_ROLES)]
    changed = False
    for role in roles:
        if not role.get("aggregationRule"):
            continue
        rules = gather_rules(role, roles)
        if rules != (role.get("rules") or []):
            store.put(CLUSTER_ROLES, {**role, "rules": rules})
            changed = True
    return changed
