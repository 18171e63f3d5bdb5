"""What the server fills in of a pod's spec, in a pod or in a template."""

from ai4k8s_simcluster.defaults.filling import fill, items
from ai4k8s_simcluster.types import Obj

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_FILE_MODE = 0o644
_TOKEN_SECONDS = 3600


def _image_pull_policy(image: str) -> str:
    name = image.rsplit("/", 1)[-1]
    pinned = "@" in image or (":" in name and not name.endswith(":latest"))
    return "IfNotPresent" if pinned else "Always"


def _default_handler(handler: Obj) -> None:
    if isinstance(handler.get("httpGet"), dict):
        fill(handler["httpGet"], path="/", scheme="HTTP")
    if isinstance(handler.get("grpc"), dict):
        fill(handler["grpc"], service="")


def _default_container(container: Obj) -> None:
    container.setdefault("resources", {})
    for port in items(container, "ports"):
        port.setdefault("protocol", "TCP")
    for variable in items(container, "env"):
        _default_field_ref(variable.get("valueFrom") or {})
    for name in _PROBES:
        if isinstance(container.get(name), dict):
            _default_handler(container[name])
            fill(container[name], timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    for handler in (container.get("lifecycle") or {}).values():
        if isinstance(handler, dict):
            _default_handler(handler)
    fill(
        container,
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        imagePullPolicy=_image_pull_policy(str(container.get("image", ""))),
    )


def _default_field_ref(source: Obj) -> None:
    if isinstance(source.get("fieldRef"), dict):
        source["fieldRef"].setdefault("apiVersion", "v1")


def _default_volume(volume: Obj) -> None:
    if set(volume) <= {"name"}:
        volume["emptyDir"] = {}
    for name in ("configMap", "secret", "downwardAPI", "projected"):
        if isinstance(volume.get(name), dict):
            volume[name].setdefault("defaultMode", _FILE_MODE)
    if isinstance(volume.get("hostPath"), dict):
        volume["hostPath"].setdefault("type", "")
    for item in items(volume.get("downwardAPI"), "items"):
        _default_field_ref(item)
    for source in items(volume.get("projected"), "sources"):
        if isinstance(source.get("serviceAccountToken"), dict):
            source["serviceAccountToken"].setdefault("expirationSeconds", _TOKEN_SECONDS)
        for item in items(source.get("downwardAPI"), "items"):
            _default_field_ref(item)
    claim = ((volume.get("ephemeral") or {}).get("volumeClaimTemplate") or {}).get("spec")
    if isinstance(claim, dict):
        claim.setdefault("volumeMode", "Filesystem")


def default_pod_spec(spec: Obj) -> None:
    """Fill in a pod's spec, in a template or in a pod."""
    for container in [*items(spec, "containers"), *items(spec, "initContainers"), *items(spec, "ephemeralContainers")]:
        _default_container(container)
        if spec.get("hostNetwork"):
            for port in items(container, "ports"):
                port.setdefault("hostPort", port.get("containerPort"))
    for volume in items(spec, "volumes"):
        _default_volume(volume)
    fill(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )
    if "serviceAccountName" in spec or "serviceAccount" in spec:
        account = spec.get("serviceAccountName") or spec.get("serviceAccount")
        spec["serviceAccountName"] = spec["serviceAccount"] = account


def default_template(owner: Obj) -> None:
    """Fill in the template of whatever makes pods, in place."""
    template = owner.get("template")
    if not isinstance(template, dict):
        template = owner["template"] = {}
    template.setdefault("metadata", {})
    if not isinstance(template.get("spec"), dict):
        template["spec"] = {}
    default_pod_spec(template["spec"])


def qos_class(spec: Obj) -> str:
    """Return the quality-of-service class that the containers' resources make."""
    resources = [
        container.get("resources") or {} for container in [*items(spec, "containers"), *items(spec, "initContainers")]
    ]
    asked = [
        found[section][name]
        for found in resources
        for section in ("requests", "limits")
        for name in ("cpu", "memory")
        if name in (found.get(section) or {})
    ]
    if not asked:
        return "BestEffort"
    for found in resources:
        limits, requests = found.get("limits") or {}, found.get("requests") or {}
        if any(name not in limits or limits[name] != requests.get(name) for name in ("cpu", "memory")):
            return "Burstable"
    return "Guaranteed"


def default_pod(pod: Obj) -> None:
    """Fill in a pod as it is created."""
    spec = pod["spec"]
    for container in [*items(spec, "containers"), *items(spec, "initContainers")]:
        resources = container.setdefault("resources", {})
        for name, limit in (resources.get("limits") or {}).items():
            resources.setdefault("requests", {}).setdefault(name, limit)
    default_pod_spec(spec)
    fill(spec, enableServiceLinks=True)
