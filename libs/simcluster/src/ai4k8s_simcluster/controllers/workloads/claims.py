"""Which pods a workload manages: it takes in those that match and have no owner, and lets go of those that no
longer match.
"""

from ai4k8s_simcluster.controllers.context import Context, is_active, is_terminating, owned_by, owner_reference
from ai4k8s_simcluster.registry import PODS
from ai4k8s_simcluster.selectors import from_label_selector, match_labels
from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import Obj


def claim_pods(context: Context, owner: Obj) -> list[Stored]:
    """Return the pods that a workload manages, after adopting and releasing."""
    requirements = from_label_selector(owner["spec"].get("selector"))
    leaving = is_terminating(owner)
    managed: list[Stored] = []
    for item in owned_by(context, PODS, owner):
        if match_labels(requirements, item.obj):
            managed.append(item)
        elif not is_terminating(item.obj) and not leaving:
            release(context, item, owner)
    if leaving:
        return managed
    for item in context.store.loose_pods(owner["metadata"]["namespace"]):
        if is_active(item.obj) and match_labels(requirements, item.obj):
            others = item.obj["metadata"].get("ownerReferences") or []
            managed.append(context.with_owners(PODS, item, [*others, owner_reference(owner)]))
    return managed


def release(context: Context, item: Stored, owner: Obj) -> None:
    """Let go of a pod: it lives on without this owner."""
    owners = item.obj["metadata"].get("ownerReferences") or []
    context.with_owners(PODS, item, [found for found in owners if found["uid"] != owner["metadata"]["uid"]])
