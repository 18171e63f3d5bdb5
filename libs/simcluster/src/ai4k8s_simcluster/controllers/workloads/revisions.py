"""The history of StatefulSets and DaemonSets: ControllerRevisions, one per template, numbered as they were used."""

from ai4k8s_simcluster.controllers.context import Context, managed_by, owner_reference
from ai4k8s_simcluster.controllers.workloads.templates import short_hash
from ai4k8s_simcluster.registry import CONTROLLER_REVISIONS
from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import DeleteOptions

HASH_LABEL = "controller-revision-hash"


def history_of(context: Context, owner: Obj) -> list[Stored]:
    """Return the revisions of a workload, the oldest first."""
    found = managed_by(context, CONTROLLER_REVISIONS, owner["metadata"]["uid"])
    return sorted(found, key=lambda item: (int(item.obj["revision"]), item.name))


def template_of(revision: Stored) -> Obj:
    """Return the pod template that a revision remembers."""
    template = dict(revision.obj["data"]["spec"]["template"])
    template.pop("$patch", None)
    return template


def current_revision(context: Context, owner: Obj, label: str) -> Stored:
    """Return the revision of a workload's present template, as the newest one; make it when there is none.

    label: the name of the label that carries the hash on the revision.
    """
    history = history_of(context, owner)
    template = owner["spec"]["template"]
    newest = max((int(item.obj["revision"]) for item in history), default=0)
    same = [item for item in history if template_of(item) == template]
    if same:
        found = same[-1]
        if int(found.obj["revision"]) == newest:
            return found
        return context.store.put(CONTROLLER_REVISIONS, {**found.obj, "revision": newest + 1})
    return _make(context, owner, label, newest + 1)


def _make(context: Context, owner: Obj, label: str, number: int) -> Stored:
    template = owner["spec"]["template"]
    namespace = owner["metadata"]["namespace"]
    digest = short_hash([template, (owner.get("status") or {}).get("collisionCount") or 0])
    while context.store.get(CONTROLLER_REVISIONS, namespace, f"{owner['metadata']['name']}-{digest}") is not None:
        digest = short_hash([template, digest])  # the name is taken by another template: try another
    annotations = dict(owner["metadata"].get("annotations") or {})
    metadata: Obj = {
        "name": f"{owner['metadata']['name']}-{digest}",
        "namespace": namespace,
        "labels": {**((template.get("metadata") or {}).get("labels") or {}), label: digest},
        "ownerReferences": [owner_reference(owner)],
    }
    if annotations:
        metadata["annotations"] = annotations
    data = {"spec": {"template": {**template, "$patch": "replace"}}}
    created = context.writer.create(CONTROLLER_REVISIONS, {"metadata": metadata, "data": data, "revision": number})
    stored = context.store.get(CONTROLLER_REVISIONS, namespace, created["metadata"]["name"])
    if stored is None:  # pragma: no cover - it was written above
        raise LookupError(metadata["name"])
    return stored


def truncate_history(context: Context, owner: Obj, used: set[str]) -> None:
    """Delete the oldest revisions beyond the limit that nothing uses any more."""
    limit = int(owner["spec"].get("revisionHistoryLimit", 10))
    idle = [item for item in history_of(context, owner) if item.name not in used]
    for item in idle[: max(len(idle) - limit, 0)]:
        context.writer.delete(CONTROLLER_REVISIONS, item, DeleteOptions())
