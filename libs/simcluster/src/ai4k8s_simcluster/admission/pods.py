"""What admission adds to a pod: its service account and token, its priority, how long it tolerates a lost node."""

from collections.abc import Callable

from ai4k8s_simcluster.types import Obj

_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
_TOKEN_SECONDS = 3607
_LOST_NODE_SECONDS = 300
_LOST_NODE_KEYS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_MIRROR = "kubernetes.io/config.mirror"
# The same for every pod, so it is kept once.
_TOKEN_SOURCES = [
    {"serviceAccountToken": {"expirationSeconds": _TOKEN_SECONDS, "path": "token"}},
    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    {
        "downwardAPI": {
            "items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]
        }
    },
]


def add_service_account(pod: Obj, account: Obj | None, suffix: Callable[[], str]) -> None:
    """Give a pod its account, and its containers the account's token, in place.

    account: the ServiceAccount object; None when the namespace's `default` is not there yet.
    """
    if _MIRROR in (pod["metadata"].get("annotations") or {}):
        return
    spec = pod["spec"]
    name = spec.setdefault("serviceAccountName", "default")
    spec["serviceAccount"] = name
    account = account or {}
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = account["imagePullSecrets"]
    wanted = spec.get("automountServiceAccountToken", account.get("automountServiceAccountToken", True))
    if wanted:
        _mount_token(spec, suffix)


def _mount_token(spec: Obj, suffix: Callable[[], str]) -> None:
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    lacking = [
        container
        for container in containers
        if not any(mount.get("mountPath") == _TOKEN_PATH for mount in container.get("volumeMounts") or ())
    ]
    volumes = spec.get("volumes") or []
    present = next((str(volume["name"]) for volume in volumes if _is_token_volume(volume)), "")
    if not lacking:
        return
    name = present or f"kube-api-access-{suffix()}"
    for container in lacking:
        mount = {"name": name, "readOnly": True, "mountPath": _TOKEN_PATH}
        container["volumeMounts"] = [*(container.get("volumeMounts") or ()), mount]
    if not present:
        spec["volumes"] = [*volumes, {"name": name, "projected": {"sources": _TOKEN_SOURCES, "defaultMode": 420}}]


def _is_token_volume(volume: Obj) -> bool:
    return str(volume.get("name", "")).startswith("kube-api-access-") and "projected" in volume


def add_tolerations(pod: Obj) -> None:
    """Let a pod stay five minutes on a node that is lost, unless it says otherwise, in place."""
    spec = pod["spec"]
    tolerations = list(spec.get("tolerations") or ())
    for key in _LOST_NODE_KEYS:
        if not any(_tolerates(found, key) for found in tolerations):
            tolerations.append(
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _LOST_NODE_SECONDS}
            )
    spec["tolerations"] = tolerations


def _tolerates(toleration: Obj, key: str) -> bool:
    return toleration.get("key", "") in {"", key} and toleration.get("effect", "") in {"", "NoExecute"}


def add_priority(pod: Obj, named: Obj | None, default: Obj | None) -> None:
    """Give a pod the value of its priority class, or of the class that is the default, in place."""
    spec = pod["spec"]
    chosen = named or default or {}
    if named is None and default is not None:
        spec["priorityClassName"] = default["metadata"]["name"]
    spec["priority"] = chosen.get("value", 0)
    spec.setdefault("preemptionPolicy", chosen.get("preemptionPolicy", "PreemptLowerPriority"))
