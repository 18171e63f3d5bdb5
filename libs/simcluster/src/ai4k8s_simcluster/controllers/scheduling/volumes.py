"""What the scheduler asks about a pod's volume claims before it places the pod, and does for them when it has."""

from ai4k8s_simcluster.controllers.context import Context, is_terminating
from ai4k8s_simcluster.registry import PERSISTENT_VOLUME_CLAIMS, STORAGE_CLASSES
from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import Obj

SELECTED_NODE = "volume.kubernetes.io/selected-node"


def claim_names(pod: Obj) -> list[str]:
    """Return the names of the claims that a pod mounts; ephemeral volumes have one named after pod and volume."""
    found: list[str] = []
    for volume in pod["spec"].get("volumes") or ():
        if volume.get("persistentVolumeClaim"):
            found.append(str(volume["persistentVolumeClaim"]["claimName"]))
        elif volume.get("ephemeral"):
            found.append(f"{pod['metadata']['name']}-{volume['name']}")
    return found


class VolumeCheck:
    """Looks at claims on behalf of the scheduler."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def _claim(self, pod: Obj, name: str) -> Stored | None:
        return self._context.store.get(PERSISTENT_VOLUME_CLAIMS, pod["metadata"]["namespace"], name)

    def waits_for_consumer(self, claim: Obj) -> bool:
        """Say whether a claim is bound only when a pod that uses it has a node."""
        found = self._context.store.get(STORAGE_CLASSES, "", (claim["spec"].get("storageClassName") or ""))
        return found is not None and found.obj.get("volumeBindingMode") == "WaitForFirstConsumer"

    def trouble(self, pod: Obj) -> str:
        """Return why a pod's claims keep it from any node; nothing when they do not."""
        for name in claim_names(pod):
            claim = self._claim(pod, name)
            if claim is None:
                return f'persistentvolumeclaim "{name}" not found'
            if is_terminating(claim.obj):
                return f'persistentvolumeclaim "{name}" is being deleted'
            bound = bool(claim.obj["spec"].get("volumeName"))
            if not bound and not self.waits_for_consumer(claim.obj):
                return "pod has unbound immediate PersistentVolumeClaims"
        return ""

    def reserve(self, pod: Obj, node: str) -> None:
        """Tell unbound claims which node they are for, so that a volume is made there."""
        for name in claim_names(pod):
            claim = self._claim(pod, name)
            if claim is None or claim.obj["spec"].get("volumeName"):
                continue
            annotations = {**(claim.obj["metadata"].get("annotations") or {}), SELECTED_NODE: node}
            metadata = {**claim.obj["metadata"], "annotations": annotations}
            self._context.writer.update(PERSISTENT_VOLUME_CLAIMS, claim, {**claim.obj, "metadata": metadata})
