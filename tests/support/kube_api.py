"""A scripted API server: one Deployment, everything allowed, no metrics unless asked for."""

from __future__ import annotations

from tests.support.scripted_http import Reply, Seen

KINDS = {
    "/apis/apps/v1/deployments": "DeploymentList",
    "/apis/apps/v1/statefulsets": "StatefulSetList",
    "/apis/apps/v1/replicasets": "ReplicaSetList",
    "/api/v1/pods": "PodList",
    "/api/v1/nodes": "NodeList",
    "/apis/metrics.k8s.io/v1beta1/pods": "PodMetricsList",
    "/apis/metrics.k8s.io/v1beta1/nodes": "NodeMetricsList",
}


def answer(seen: Seen) -> Reply:
    """Answer as a healthy small cluster would."""
    if seen.path == "/version":
        return Reply(body={"gitVersion": "v1.33.0"})
    if seen.path.endswith("selfsubjectaccessreviews"):
        return Reply(201, {"status": {"allowed": True}})
    if seen.path.endswith("selfsubjectreviews"):
        return Reply(201, {"status": {"userInfo": {"username": "system:serviceaccount:ai4k8s:ai4k8s"}}})
    if seen.path == "/apis":
        return Reply(body={"kind": "APIGroupList", "groups": [{"name": "apps"}, {"name": "metrics.k8s.io"}]})
    if seen.path not in KINDS:
        return Reply(404, {"kind": "Status", "message": "the server could not find the requested resource"})
    items = []
    if seen.path.endswith("deployments"):
        items = [{"metadata": {"name": "web", "namespace": "shop", "uid": "u"}, "spec": {"replicas": 1}}]
    return Reply(body={"kind": KINDS[seen.path], "metadata": {}, "items": items})


ADD_ONS = {
    "/apis": {"groups": [{"name": "argoproj.io"}, {"name": "autoscaling.k8s.io"}]},
    "/apis/argoproj.io": {"preferredVersion": {"groupVersion": "argoproj.io/v1alpha1"}},
    "/apis/argoproj.io/v1alpha1": {"resources": [{"name": "applications"}]},
}


def with_add_ons(seen: Seen) -> Reply:
    """The same cluster with Argo CD and a VPA."""
    return Reply(body=ADD_ONS[seen.path]) if seen.path in ADD_ONS else answer(seen)
