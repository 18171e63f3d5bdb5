"""metrics.k8s.io as metrics-server serves it: computed on the fly, get and list only, never a watch."""

import math
from typing import Protocol

import orjson
from starlette.responses import Response

from ai4k8s_simcluster import errors
from ai4k8s_simcluster.api.negotiation import Form, Representation
from ai4k8s_simcluster.api.rendering import json_response
from ai4k8s_simcluster.api.requests import ListOptions, Target
from ai4k8s_simcluster.clock import rfc3339
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import NODES, PODS, ResourceType
from ai4k8s_simcluster.selectors import compile_selectors
from ai4k8s_simcluster.store import Store, Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.usage import UsageSample

_NANO = 1e9
_KIBI = 1024


class UsageReader(Protocol):
    """Tells what was last measured."""

    def pod_usage(self, uid: str) -> UsageSample | None:
        """Return a pod's usage, None while there are not two measurements of it."""
        ...

    def node_usage(self, name: str) -> UsageSample | None:
        """Return a node's usage."""
        ...


def _usage(sample: UsageSample) -> Obj:
    if math.isnan(sample.cpu_cores):
        return {"cpu": "NaN", "memory": "NaN"}
    return {"cpu": f"{round(sample.cpu_cores * _NANO)}n", "memory": f"{round(sample.memory_bytes / _KIBI)}Ki"}


class MetricsApi:
    """Answers for nodes and pods."""

    def __init__(self, store: Store, usage: UsageReader) -> None:
        self._store = store
        self._usage = usage

    def answer(self, target: Target, options: ListOptions | None, how: Representation) -> Response:
        """Answer a get or a list. Raises ApiError."""
        if how.form is not Form.OBJECT:
            raise errors.not_acceptable("only the following media types are accepted: application/json", None)
        source = PODS if target.resource.namespaced else NODES
        if options is None:
            stored = self._store.get(source, target.namespace, target.name)
            found = self._metrics(target.resource, stored) if stored else None
            if found is None:
                details = {
                    "name": target.name,
                    "group": target.resource.group,
                    "kind": target.resource.plural,
                }
                message = f'{target.resource.qualified} "{target.name}" not found'
                raise ApiError(404, "NotFound", message, details)
            return json_response(found)
        if options.watch:
            raise errors.method_not_allowed()
        matches = compile_selectors(source, options.label_selector, options.field_selector)
        stored_items = [item for item in self._store.listing(source, target.namespace) if matches(item.obj)]
        # As bytes one by one: the dictionaries of 150,000 pods at once would be half a gigabyte.
        items = [
            orjson.dumps({key: found[key] for key in found if key not in {"kind", "apiVersion"}})
            for item in stored_items
            if (found := self._metrics(target.resource, item))
        ]
        head = {"kind": f"{target.resource.kind}List", "apiVersion": target.resource.api_version, "metadata": {}}
        body = orjson.dumps(head)[:-1] + b',"items":[' + b",".join(items) + b"]}"
        return Response(body, media_type="application/json")

    def _metrics(self, resource: ResourceType, stored: Stored) -> Obj | None:
        sample = (
            self._usage.pod_usage(stored.obj["metadata"]["uid"])
            if resource.namespaced
            else self._usage.node_usage(stored.name)
        )
        if sample is None:
            return None
        metadata: Obj = {"name": stored.name, "creationTimestamp": rfc3339(sample.measured_at)}
        if stored.namespace:
            metadata["namespace"] = stored.namespace
        if stored.obj["metadata"].get("labels"):
            metadata["labels"] = stored.obj["metadata"]["labels"]
        body: Obj = {
            "kind": resource.kind,
            "apiVersion": resource.api_version,
            "metadata": metadata,
            "timestamp": rfc3339(sample.measured_at),
            "window": f"{sample.window_seconds:.3f}s",
        }
        if resource.namespaced:
            body["containers"] = self._containers(stored.obj, sample)
        else:
            body["usage"] = _usage(sample)
        return body

    def _containers(self, pod: Obj, sample: UsageSample) -> list[Obj]:
        """Give the load to the first container: the others are taken to be idle beside it."""
        names = [container["name"] for container in pod["spec"].get("containers") or []]
        idle = UsageSample(sample.measured_at, sample.window_seconds, 0.0, 4 * _KIBI * _KIBI)
        return [{"name": name, "usage": _usage(idle if at else sample)} for at, name in enumerate(names)]
