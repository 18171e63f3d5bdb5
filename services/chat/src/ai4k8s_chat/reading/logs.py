"""pods_log: the last lines of a pod, or of a workload's newest pods; credentials in them are hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain.kinds import BY_KIND, WORKLOADS
from ai4k8s_chat.domain.results import ToolResult, clipped
from ai4k8s_chat.reading.objects import Located, locate, resolve_kind
from ai4k8s_common.errors import InvalidInputError, NotFoundError
from ai4k8s_common.security.redaction import redact

if TYPE_CHECKING:
    from ai4k8s_chat.adapters.cluster import KubeReads
    from ai4k8s_chat.domain import arguments as a
    from ai4k8s_chat.reading.scope import Scope

_PODS_OF_A_WORKLOAD = 3
_SEARCHED_LINES = 2_000
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


def pods_log(kube: KubeReads, scope: Scope, wish: a.PodsLog) -> ToolResult:
    """Read logs. A name that is no pod's may be a workload's."""
    pods = _pods(kube, scope, wish)
    texts = [(pod, container, _log(kube, pod, container, wish)) for pod, container in _containers(pods, wish)]
    many = len(texts) > 1
    shown = [f"==> {pod.name} {container}\n{text}" if many else text for pod, container, text in texts]
    lines = sum(len(text.splitlines()) for _, _, text in texts)
    of = ", ".join(dict.fromkeys(pod.name for pod, _, _ in texts))
    about = f" that contain '{wish.contains}'" if wish.contains else ""
    before = "the previous container of " if wish.previous else ""
    summary = f"{lines} lines{about} of {before}{of} in {pods[0].namespace}."
    return ToolResult(summary=summary, text=clipped("\n\n".join(shown)) or None, language="log")


def _pods(kube: KubeReads, scope: Scope, wish: a.PodsLog) -> list[Located]:
    kind = resolve_kind(kube, wish.kind)
    try:
        found = locate(kube, scope, kind, wish.name, wish.namespace)
    except NotFoundError as error:
        if kind.kind != "Pod":
            raise
        workload = _workload_of_that_name(kube, scope, wish)
        if workload is None:
            raise error from None
        found = workload
    return [found] if found.kind.kind == "Pod" else pods_of(kube, found)[:_PODS_OF_A_WORKLOAD]


def _workload_of_that_name(kube: KubeReads, scope: Scope, wish: a.PodsLog) -> Located | None:
    for kind in WORKLOADS:
        try:
            return locate(kube, scope, BY_KIND[kind], wish.name, wish.namespace)
        except NotFoundError:
            continue
    return None


def pods_of(kube: KubeReads, workload: Located) -> list[Located]:
    """Return the pods that a workload's selector finds, newest first. Raises NotFoundError when there are none."""
    labels = ((workload.object.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    if not selector:
        raise InvalidInputError(f"{workload.title} does not say which pods are its own", hint="Name a pod.")
    pod = BY_KIND["Pod"]
    page = kube.read(pod.collection(workload.namespace), {"labelSelector": selector, "limit": "500"})
    items = sorted(page.get("items") or (), key=lambda item: str(item["metadata"]["creationTimestamp"]), reverse=True)
    if not items:
        raise NotFoundError(f"{workload.title} has no pods", hint="Look at its events.")
    return [Located(pod, item) for item in items]


def _containers(pods: list[Located], wish: a.PodsLog) -> list[tuple[Located, str]]:
    return [(pod, wish.container or default_container(pod.object)) for pod in pods]


def default_container(pod: dict[str, Any]) -> str:
    """The container that is meant when none is named."""
    named = (pod["metadata"].get("annotations") or {}).get(_DEFAULT_CONTAINER)
    return str(named or pod["spec"]["containers"][0]["name"])


def _log(kube: KubeReads, pod: Located, container: str, wish: a.PodsLog) -> str:
    params = {
        "container": container,
        "tailLines": str(_SEARCHED_LINES if wish.contains else wish.tail_lines),
        "previous": "true" if wish.previous else "",
        "sinceSeconds": str(wish.since_seconds or ""),
        "limitBytes": "1000000",
    }
    text = kube.text(f"{pod.path}/log", {key: value for key, value in params.items() if value})
    lines = text.splitlines()
    if wish.contains:
        lines = [line for line in lines if wish.contains.lower() in line.lower()][-wish.tail_lines :]
    return redact("\n".join(lines))
