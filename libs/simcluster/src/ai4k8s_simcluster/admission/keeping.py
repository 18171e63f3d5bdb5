"""What admission began and must be kept up: quotas count anew after deletions, claims outlive their pods."""

from ai4k8s_simcluster.admission.chain import CLAIM_PROTECTION
from ai4k8s_simcluster.admission.quotas import with_used
from ai4k8s_simcluster.registry import PERSISTENT_VOLUME_CLAIMS, PODS, RESOURCE_QUOTAS
from ai4k8s_simcluster.store import Change, ChangeKind, Store, Stored
from ai4k8s_simcluster.writes import Writer

_ABOUT_CLAIMS = (PODS, PERSISTENT_VOLUME_CLAIMS)
_FINISHED = {"Succeeded", "Failed"}


class Keeper:
    """Keeps the status of quotas true, and lets go of claims that nobody uses any more."""

    def __init__(self, store: Store, writer: Writer) -> None:
        self._store = store
        self._writer = writer
        # At the start, everything may have changed.
        self._changed = {stored.namespace for stored in store.values(RESOURCE_QUOTAS)}
        self._claims_changed = True
        store.subscribe(self._follow)

    def sync(self) -> None:
        """Do what is to be done after the changes since the last time."""
        changed, self._changed = self._changed, set()
        for namespace in changed:
            for quota in self._store.listing(RESOURCE_QUOTAS, namespace):
                self._count(quota)
        if self._claims_changed:
            self._claims_changed = False
            for claim in self._store.listing(PERSISTENT_VOLUME_CLAIMS):
                self._release(claim)

    def _follow(self, change: Change) -> None:
        if change.resource in _ABOUT_CLAIMS:
            self._claims_changed = True
        if change.resource is RESOURCE_QUOTAS:
            before = change.previous.obj["spec"] if change.previous else None
            if before != change.stored.obj["spec"]:
                self._changed.add(change.stored.namespace)
        elif _frees(change) and self._store.count(RESOURCE_QUOTAS, change.stored.namespace):
            self._changed.add(change.stored.namespace)

    def _count(self, quota: Stored) -> None:
        counted = with_used(quota.obj, self._writer.admission.usage(quota.obj))
        self._writer.set_status(RESOURCE_QUOTAS, quota, counted["status"])

    def _release(self, claim: Stored) -> None:
        metadata = claim.obj["metadata"]
        finalizers = metadata.get("finalizers") or []
        if "deletionTimestamp" not in metadata or CLAIM_PROTECTION not in finalizers:
            return
        users = (pod for pod in self._store.listing(PODS, claim.namespace) if _uses(pod, claim.name))
        if next(users, None) is None:
            left = [name for name in finalizers if name != CLAIM_PROTECTION]
            new = {**claim.obj, "metadata": {**metadata, "finalizers": left}}
            self._writer.update(PERSISTENT_VOLUME_CLAIMS, claim, new)


def _frees(change: Change) -> bool:
    """Say whether a change may have lowered what is used: deletions, and pods that ended."""
    if not change.stored.namespace:
        return False
    ended = change.resource is PODS and (change.stored.obj.get("status") or {}).get("phase") in _FINISHED
    return change.kind is ChangeKind.DELETED or ended


def _uses(pod: Stored, claim: str) -> bool:
    if (pod.obj.get("status") or {}).get("phase") in _FINISHED:
        return False
    volumes = pod.obj["spec"].get("volumes") or ()
    return any((volume.get("persistentVolumeClaim") or {}).get("claimName") == claim for volume in volumes)
