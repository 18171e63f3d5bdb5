"""Whether the API server can reach the kubelet that runs a pod, and what it says when it cannot."""

from ai4k8s_simcluster import errors
from ai4k8s_simcluster.pods.containers import Container
from ai4k8s_simcluster.registry import NODES
from ai4k8s_simcluster.store import Store


def reach_kubelet(store: Store, container: Container, endpoint: str, method: str) -> None:
    """Raise ApiError: 404 when the pod's node is gone, 500 when its kubelet has not been heard of."""
    metadata = container.pod["metadata"]
    name = container.pod["spec"]["nodeName"]
    node = store.get(NODES, "", name)
    if node is None:
        raise errors.not_found(NODES, name)
    status = node.obj.get("status") or {}
    ready = next((found for found in status.get("conditions") or [] if found["type"] == "Ready"), None)
    if ready is None or ready["status"] != "Unknown":
        return
    addresses = {found["type"]: found["address"] for found in status.get("addresses") or []}
    host = f"{addresses.get('InternalIP') or addresses.get('Hostname') or name}:10250"
    url = f"https://{host}/{endpoint}/{metadata['namespace']}/{metadata['name']}/{container.name}"
    raise errors.internal(f'{method} "{url}": dial tcp {host}: i/o timeout')
