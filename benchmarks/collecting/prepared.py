"""An API server that costs as little as one can: its answers are bytes that lie ready, in the pages a client asks for.

    python -m benchmarks.collecting.prepared --clusters 1 --nodes 5000 --pods 150000

Prints its port. Each cluster lives under its own path, /c0, /c1 ... Objects look like those of real clusters, with all
that a client skips: a pod has several kilobytes. POST /advance?pods=N replaces as many pods of every cluster.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

PAGE = 500
PODS_A_WORKLOAD = 30
AT = b"@@AT@@"
EMPTY = ("daemonsets", "statefulsets", "jobs", "cronjobs", "resourcequotas", "persistentvolumeclaims")
#: What a client skips: fields that real objects carry and nobody here reads.
MANAGED = [
    {"manager": manager, "operation": "Update", "apiVersion": "v1", "time": "2026-05-01T00:00:00Z", "fieldsType": "F",
     "fieldsV1": {f"f:field{number}": {"f:value": {}, "k:{}": {".": {}, "f:name": {}}} for number in range(fields)}}
    for manager, fields in (("kube-controller-manager", 22), ("kubelet", 28))
]  # fmt: skip


def dumps(value: object) -> bytes:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


class Cluster:
    """One cluster's lists, in pages."""

    def __init__(self, nodes: int, pods: int, seed: int) -> None:
        self._random = random.Random(seed)
        self._nodes = [f"node-{number}" for number in range(nodes)]
        self._made = 0
        workloads = max(1, pods // PODS_A_WORKLOAD)
        self._bodies = {name: _body(name) for name in (f"app-{number}" for number in range(workloads))}
        names = list(self._bodies)
        self._pods = [self._pod(names[number % workloads]) for number in range(pods)]
        self._lists: dict[str, tuple[str, list[bytes]]] = {
            "deployments": ("DeploymentList", [_deployment(name) for name in names]),
            "replicasets": ("ReplicaSetList", [_replica_set(name, n) for name in names for n in (1, 2)]),
            "nodes": ("NodeList", [_node(name) for name in self._nodes]),
            "horizontalpodautoscalers": ("HorizontalPodAutoscalerList", []),
            "verticalpodautoscalers": ("VerticalPodAutoscalerList", []),
            "events": ("EventList", []),
            **{plural: (kind, []) for plural, kind in zip(EMPTY, _KINDS, strict=True)},
        }
        self._pages: dict[int, bytes] = {}

    def _pod(self, workload: str) -> tuple[str, str, bytes]:
        """Return (name, workload, bytes) of a new pod."""
        self._made += 1
        name = f"{workload}-5c6f9d7b8-{self._made:06x}"
        head = {
            "name": name,
            "namespace": f"team-{len(workload) % 7}",
            "uid": f"00000000-0000-4000-8000-{self._made:012x}",
            "resourceVersion": str(1_000_000 + self._made),
            "creationTimestamp": "2026-05-01T00:00:00Z",
        }
        node = self._nodes[self._made % len(self._nodes)]
        begin = b'{"metadata":' + dumps(head)[:-1] + b"," + self._bodies[workload][0] + b'"nodeName":"' + node.encode()
        return name, workload, begin + b'",' + self._bodies[workload][1]

    def advance(self, pods: int) -> None:
        """Replace pods."""
        for index in self._random.sample(range(len(self._pods)), min(pods, len(self._pods))):
            self._pods[index] = self._pod(self._pods[index][1])
            self._pages.pop(index // PAGE, None)

    def answer(self, path: str, query: dict[str, str]) -> bytes | None:
        """Return a list's page; None for what is not there."""
        plural = path.rpartition("/")[2]
        start = int(query.get("continue") or 0)
        if "/metrics.k8s.io/" in path:
            return self._metrics(plural, start)
        if plural == "pods":
            number = start // PAGE
            if number not in self._pages:
                items = [item for _, _, item in self._pods[start : start + PAGE]]
                self._pages[number] = _page("PodList", items, start, len(self._pods))
            return self._pages[number]
        if plural in self._lists:
            kind, items = self._lists[plural]
            return _page(kind, items[start : start + PAGE], start, len(items))
        return None

    def _metrics(self, plural: str, start: int) -> bytes:
        now = f"{datetime.now(UTC) - timedelta(seconds=10):%Y-%m-%dT%H:%M:%SZ}".encode()
        if plural == "nodes":
            names, make, kind = self._nodes, _node_metrics, "NodeMetricsList"
            items = [make(name) for name in names[start : start + PAGE]]
            return _page(kind, items, start, len(names)).replace(AT, now)
        chosen = self._pods[start : start + PAGE]
        items = [_pod_metrics(name, f"team-{len(workload) % 7}") for name, workload, _ in chosen]
        return _page("PodMetricsList", items, start, len(self._pods)).replace(AT, now)


_KINDS = (
    "DaemonSetList", "StatefulSetList", "JobList", "CronJobList", "ResourceQuotaList", "PersistentVolumeClaimList",
)  # fmt: skip


def _page(kind: str, items: list[bytes], start: int, total: int) -> bytes:
    left = total - start - len(items)
    more = {"continue": str(start + PAGE), "remainingItemCount": left} if left > 0 else {}
    head = dumps({"kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "1", **more}})
    return head[:-1] + b',"items":[' + b",".join(items) + b"]}"


def _spec(workload: str) -> dict[str, Any]:
    resources = {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}}
    env = [{"name": f"VARIABLE_{number}", "value": "x" * 24} for number in range(12)]
    probe = {"httpGet": {"path": "/ready", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10, "timeoutSeconds": 1}
    container = {
        "name": "app", "image": f"registry.example/{workload}:1.4.2", "env": env, "resources": resources,
        "readinessProbe": probe, "livenessProbe": probe, "terminationMessagePath": "/dev/termination-log",
        "volumeMounts": [{"name": f"volume-{number}", "mountPath": f"/mnt/{number}"} for number in range(4)],
    }  # fmt: skip
    volumes = [{"name": f"volume-{number}", "configMap": {"name": f"config-{number}"}} for number in range(4)]
    return {"containers": [container], "volumes": volumes, "tolerations": [{"key": "k", "operator": "Exists"}] * 2}


def _body(workload: str) -> tuple[bytes, bytes]:
    """Return what all pods of a workload share: metadata up to the node's name, and everything behind it."""
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{workload}-2", "uid": f"rs-{workload}-2"}
    metadata = {
        "labels": {"app": workload, "pod-template-hash": "5c6f9d7b8"},
        "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}],
        "managedFields": MANAGED,
    }
    since = "2026-05-01T00:00:30Z"
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": since}
        for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    ]
    container = {
        "name": "app", "ready": True, "restartCount": 0, "image": "x", "imageID": "sha256:" + "a" * 64,
        "state": {"running": {"startedAt": since}}, "lastState": {}, "started": True,
    }  # fmt: skip
    status = {"phase": "Running", "conditions": conditions, "containerStatuses": [container], "podIP": "10.1.2.3"}
    return dumps(metadata)[1:-1] + b'},"spec":{', dumps(_spec(workload))[1:] + b',"status":' + dumps(status) + b"}"


def _workload(name: str, uid: str, owner: str | None, revision: int) -> dict[str, Any]:
    owners = [{"kind": "Deployment", "name": owner, "uid": f"d-{owner}", "controller": True}] if owner else None
    metadata = {
        "name": name, "namespace": "team", "uid": uid, "resourceVersion": "7", "generation": 2,
        "ownerReferences": owners,
        "creationTimestamp": "2026-05-01T00:00:00Z", "managedFields": MANAGED,
        "annotations": {"deployment.kubernetes.io/revision": str(revision)},
    }  # fmt: skip
    spec = {"replicas": PODS_A_WORKLOAD, "template": {"spec": _spec(owner or name)}}
    counts = {"replicas": PODS_A_WORKLOAD, "readyReplicas": PODS_A_WORKLOAD, "updatedReplicas": PODS_A_WORKLOAD}
    return {"metadata": metadata, "spec": spec, "status": {**counts, "observedGeneration": 2}}


def _deployment(name: str) -> bytes:
    return dumps(_workload(name, f"d-{name}", None, 2))


def _replica_set(owner: str, revision: int) -> bytes:
    return dumps(_workload(f"{owner}-{revision}", f"rs-{owner}-{revision}", owner, revision))


def _node(name: str) -> bytes:
    amounts = {"cpu": "32", "memory": "128Gi", "pods": "110"}
    conditions = [
        {"type": kind, "status": status, "lastTransitionTime": "2026-05-01T00:00:00Z", "reason": "R", "message": "m"}
        for kind, status in (("Ready", "True"), ("DiskPressure", "False"), ("MemoryPressure", "False"))
    ]
    images = [{"names": [f"registry.example/image-{number}@sha256:{'a' * 64}"], "sizeBytes": 1} for number in range(20)]
    status = {"allocatable": amounts, "capacity": amounts, "conditions": conditions, "images": images}
    return dumps({"metadata": {"name": name, "uid": name, "managedFields": MANAGED}, "status": status})


def _pod_metrics(name: str, namespace: str) -> bytes:
    usage = b'{"name":"app","usage":{"cpu":"123456789n","memory":"204800Ki"}}'
    head = f'{{"metadata":{{"name":"{name}","namespace":"{namespace}"}},"timestamp":"'.encode()
    return head + AT + b'","window":"15s","containers":[' + usage + b"]}"


def _node_metrics(name: str) -> bytes:
    head = f'{{"metadata":{{"name":"{name}"}},"timestamp":"'.encode()
    return head + AT + b'","window":"15s","usage":{"cpu":"8","memory":"64Gi"}}'


class Server:
    """HTTP/1.1, just enough of it."""

    def __init__(self, clusters: list[Cluster]) -> None:
        self._clusters = clusters

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                target = head.split(b" ", 2)[1].decode()
                status, body = self._answer(target)
                writer.write(
                    b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
                    % (status, len(body))
                )
                writer.write(body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, target: str) -> tuple[int, bytes]:
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        if parts.path == "/advance":
            for cluster in self._clusters:
                cluster.advance(int(query["pods"]))
            return 200, b"{}"
        _, name, *rest = parts.path.split("/")
        path = "/" + "/".join(rest)
        if path == "/version":
            return 200, b'{"gitVersion":"v1.36.0"}'
        if path == "/apis":
            return 200, b'{"kind":"APIGroupDiscoveryList","items":[]}'
        body = self._clusters[int(name[1:])].answer(path, query)
        missing = b'{"kind":"Status","message":"not found"}'
        return (404, missing) if body is None else (200, body)


async def _run(clusters: list[Cluster]) -> None:
    server = await asyncio.start_server(Server(clusters).serve, "127.0.0.1", 0, limit=1 << 20, backlog=2_048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Prepare, print the port, serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clusters", type=int, default=1)
    parser.add_argument("--nodes", type=int, default=5_000)
    parser.add_argument("--pods", type=int, default=150_000)
    options = parser.parse_args()
    asyncio.run(_run([Cluster(options.nodes, options.pods, seed) for seed in range(options.clusters)]))


if __name__ == "__main__":
    main()
