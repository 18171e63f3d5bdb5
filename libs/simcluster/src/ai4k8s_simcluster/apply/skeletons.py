"""What an object of each type holds before anything is set.

A real server compares a new object with the zero value of its Go type, so parts that are plain structs there always
exist: no manager owns them, only what is in them. The published definitions do not tell structs from pointers, hence
this table. Lists that are never left out begin as null.
"""

from collections.abc import Mapping

from ai4k8s_simcluster.types import Obj

_POD: Obj = {"containers": None}
_TEMPLATE: Obj = {"metadata": {}, "spec": _POD}
_JOB: Obj = {"template": _TEMPLATE}
_NO_SPEC = frozenset(
    {
        "ConfigMap", "Secret", "ServiceAccount", "Endpoints", "EndpointSlice", "Event", "Role", "ClusterRole",
        "RoleBinding", "ClusterRoleBinding", "StorageClass", "PriorityClass", "ControllerRevision", "PodTemplate",
        "Scale",
    }
)  # fmt: skip
_NO_STATUS = frozenset({"Lease", "LimitRange", "NetworkPolicy", "IngressClass"})
_SPECS: Mapping[str, Obj] = {
    "Pod": _POD,
    "ReplicationController": {},
    "Deployment": {"selector": None, "template": _TEMPLATE, "strategy": {}},
    "ReplicaSet": {"selector": None, "template": _TEMPLATE},
    "DaemonSet": {"selector": None, "template": _TEMPLATE, "updateStrategy": {}},
    "StatefulSet": {"serviceName": "", "selector": None, "template": _TEMPLATE, "updateStrategy": {}},
    "Job": _JOB,
    "CronJob": {"schedule": "", "jobTemplate": {"metadata": {}, "spec": _JOB}},
    "PersistentVolumeClaim": {"resources": {}},
    "HorizontalPodAutoscaler": {"scaleTargetRef": {"kind": "", "name": ""}, "maxReplicas": 0},
    "LimitRange": {"limits": None},
    "NetworkPolicy": {"podSelector": {}},
    "TokenRequest": {"audiences": None, "boundObjectRef": None, "expirationSeconds": None},
    "CustomResourceDefinition": {"group": "", "names": {"plural": "", "kind": ""}, "scope": "", "versions": None},
}
_STATUSES: Mapping[str, Obj] = {
    "CustomResourceDefinition": {
        "conditions": None,
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": None,
    },
    "Service": {"loadBalancer": {}},
    "Ingress": {"loadBalancer": {}},
    "Node": {"daemonEndpoints": {"kubeletEndpoint": {"Port": 0}}, "nodeInfo": {}},
}
_OTHERS: Mapping[str, Obj] = {
    "Event": {
        "involvedObject": {},
        "source": {},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "eventTime": None,
        "reportingComponent": "",
        "reportingInstance": "",
        "regarding": {},
        "deprecatedSource": {},
        "deprecatedFirstTimestamp": None,
        "deprecatedLastTimestamp": None,
    },
    "PodTemplate": {"template": _TEMPLATE},
    "RoleBinding": {"roleRef": {"apiGroup": "", "kind": "", "name": ""}},
    "ClusterRoleBinding": {"roleRef": {"apiGroup": "", "kind": "", "name": ""}},
}


def skeleton(kind: str) -> Obj:
    """Return the zero value of a built-in kind."""
    result: Obj = {"metadata": {}}
    if kind not in _NO_SPEC:
        result["spec"] = _SPECS.get(kind, {})
        if kind not in _NO_STATUS:
            result["status"] = _STATUSES.get(kind, {})
    return result | _OTHERS.get(kind, {})
