"""`pods/binding`: how a scheduler puts a pod on a node."""

from starlette.responses import Response

from ai4k8s_simcluster import errors
from ai4k8s_simcluster.api.bodies import check_kind, media_type, read_object
from ai4k8s_simcluster.api.rendering import json_response
from ai4k8s_simcluster.api.requests import parse_dry_run
from ai4k8s_simcluster.api.resources import Call
from ai4k8s_simcluster.clock import Clock, rfc3339
from ai4k8s_simcluster.controllers.context import is_terminating, set_condition
from ai4k8s_simcluster.errors import ApiError, Cause
from ai4k8s_simcluster.registry import PODS
from ai4k8s_simcluster.store import Store, Stored
from ai4k8s_simcluster.types import Obj


class PodBindings:
    """Binds pods to nodes."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def create(self, call: Call) -> Response:
        """Bind one pod, named by the path or by the body. Raises ApiError: 404, 409, 422."""
        body = read_object(call.body, media_type(call.headers), "Binding")
        check_kind(body, "Binding", "", "v1")
        name = call.target.name or str((body.get("metadata") or {}).get("name") or "")
        node = _node_of(body)
        pod = self._store.get(PODS, call.target.namespace, name)
        if pod is None:
            raise errors.not_found(PODS, name)
        _check_free(pod)
        if not parse_dry_run(call.query):
            self._bind(pod, node)
        return json_response(
            {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201
        )

    def _bind(self, pod: Stored, node: str) -> None:
        told = {"type": "PodScheduled", "status": "True", "lastProbeTime": None}
        status: Obj = dict(pod.obj.get("status") or {})
        now = rfc3339(self._clock.now())
        status["conditions"] = set_condition(list(status.get("conditions") or []), told, now)
        self._store.put(PODS, {**pod.obj, "spec": {**pod.obj["spec"], "nodeName": node}, "status": status})


def _node_of(body: Obj) -> str:
    target: Obj = body.get("target") or {}
    kind, name = str(target.get("kind") or ""), str(target.get("name") or "")
    causes: list[Cause] = []
    if kind and kind != "Node":
        causes.append(Cause.unsupported("target.kind", kind, ("Node", "<empty>")))
    if not name:
        causes.append(Cause.required("target.name"))
    if causes:
        raise errors.invalid("Binding", "", str((body.get("metadata") or {}).get("name") or ""), causes)
    return name


def _check_free(pod: Stored) -> None:
    """Raise ApiError (409) when the pod is going or has a node."""
    why = ""
    if is_terminating(pod.obj):
        why = f"pod {pod.name} is being deleted, cannot be assigned to a host"
    elif pod.obj["spec"].get("nodeName"):
        why = f'pod {pod.name} is already assigned to node "{pod.obj["spec"]["nodeName"]}"'
    if why:
        message = f'Operation cannot be fulfilled on pods/binding "{pod.name}": {why}'
        raise ApiError(409, "Conflict", message, {"name": pod.name, "kind": "pods/binding"})
