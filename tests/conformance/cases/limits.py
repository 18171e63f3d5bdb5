"""What an API server refuses: validation, quotas, limit ranges, Pod Security, immutable data."""

from __future__ import annotations

from tests.conformance.case import Case, Mode, given, is_exactly, kubectl, refused, row, warns
from tests.conformance.manifests import config_map, deployment, pod

_QUOTA = "kubernetes.io/docs/concepts/policy/resource-quotas"
_RANGES = "kubernetes.io/docs/concepts/policy/limit-range"
_NAMES = "kubernetes.io/docs/concepts/overview/working-with-objects/names"
_APPLY = "apply -f -"
_GOOD_POD = """
apiVersion: v1
kind: Pod
metadata: {name: ok}
spec:
  securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
  containers:
  - {name: c, image: "nginx:1.27", securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}
"""


def _namespace(labels: str = "{}") -> str:
    return f'{{apiVersion: v1, kind: Namespace, metadata: {{name: "$NS-$ID", labels: {labels}}}}}'


def _quota(hard: str) -> str:
    return (
        f'{{apiVersion: v1, kind: ResourceQuota, metadata: {{name: q, namespace: "$NS-$ID"}}, spec: {{hard: {hard}}}}}'
    )


def _own(command: str) -> str:
    return f"{command} -n $NS-$ID"


CASES = [
    Case(
        "a pod without containers",
        Mode.WRITE,
        "recorded: validation-errors 1",
        (
            refused(
                _APPLY,
                "spec.containers: Required value",
                stdin='{apiVersion: v1, kind: Pod, metadata: {name: "$ID"}, spec: {}}',
            ),
        ),
    ),
    Case(
        "a name that is not valid",
        Mode.WRITE,
        "recorded: kubectl-create 22",
        (
            refused(
                "create deployment Bad_Name --image=x",
                'Deployment.apps "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123',
            ),
        ),
    ),
    Case(
        "a name that is too long",
        Mode.WRITE,
        _NAMES,
        (refused("create configmap " + "a" * 254, "must be no more than 253"),),
    ),
    Case(
        "requests above limits",
        Mode.WRITE,
        "recorded: validation-errors 8",
        (
            refused(
                _APPLY,
                "must be less than or equal to cpu limit of 1",
                stdin=pod(container="{resources: {requests: {cpu: 2}, limits: {cpu: 1}}}"),
            ),
        ),
    ),
    Case(
        "a quantity that is none",
        Mode.WRITE,
        "recorded: validation-errors 9",
        (
            refused(
                _APPLY,
                "quantities must match the regular expression",
                stdin=pod(container="{resources: {requests: {cpu: 1x}}}"),
            ),
        ),
    ),
    Case(
        "two containers of one name",
        Mode.WRITE,
        "recorded: validation-errors 13",
        (
            refused(
                _APPLY,
                'spec.containers[1].name: Duplicate value: "c"',
                stdin='{apiVersion: v1, kind: Pod, metadata: {name: "$ID"}, '
                "spec: {containers: [{name: c, image: one}, {name: c, image: two}]}}",
            ),
        ),
    ),
    Case(
        "a mount without its volume",
        Mode.WRITE,
        "recorded: validation-errors 16",
        (
            refused(
                _APPLY,
                'spec.containers[0].volumeMounts[0].name: Not found: "v"',
                stdin=pod(container="{volumeMounts: [{name: v, mountPath: /v}]}"),
            ),
        ),
    ),
    Case(
        "a deployment whose pods would not restart",
        Mode.WRITE,
        "recorded: validation-errors 26",
        (
            refused(
                _APPLY,
                'Unsupported value: "Never": supported values: "Always"',
                stdin=deployment().replace("terminationGracePeriodSeconds: 1", "restartPolicy: Never"),
            ),
        ),
    ),
    Case(
        "several mistakes are told at once",
        Mode.WRITE,
        "recorded: validation-errors 14",
        (
            refused(
                _APPLY,
                "* spec.containers[0].ports[0].containerPort: Invalid value: 99999",
                '* spec.restartPolicy: Unsupported value: "Sometimes"',
                stdin='{apiVersion: v1, kind: Pod, metadata: {name: "$ID"}, spec: {restartPolicy: Sometimes, '
                "containers: [{name: c, image: x, ports: [{containerPort: 99999}]}]}}",
            ),
        ),
    ),
    Case(
        "an account that does not exist",
        Mode.WRITE,
        "recorded: validation-errors 17",
        (
            refused(
                _APPLY,
                'error looking up service account $NS/no-such: serviceaccount "no-such" not found',
                stdin=pod(spec="{serviceAccountName: no-such}"),
            ),
        ),
    ),
    Case(
        "a disruption budget that says both",
        Mode.WRITE,
        "recorded: validation-errors 46",
        (
            refused(
                _APPLY,
                "minAvailable and maxUnavailable cannot be both set",
                stdin='{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: "$ID"}, '
                "spec: {minAvailable: 1, maxUnavailable: 1, selector: {matchLabels: {a: b}}}}",
            ),
        ),
    ),
    Case(
        "data that was declared immutable",
        Mode.WRITE,
        "recorded: pod-security-secret-configmap 16",
        (
            given('{apiVersion: v1, kind: ConfigMap, metadata: {name: "$ID"}, data: {a: b}, immutable: true}'),
            refused(
                'patch cm $ID --type=merge -p \'{"data":{"a":"c"}}\'', "field is immutable when `immutable` is set"
            ),
            kubectl("label cm $ID still=possible"),
        ),
    ),
    Case(
        "a type of secret cannot be changed",
        Mode.WRITE,
        "recorded: pod-security-secret-configmap 11",
        (
            kubectl("create secret generic $ID --from-literal=a=b"),
            refused('patch secret $ID --type=merge -p \'{"type":"example.com/x"}\'', "field is immutable"),
        ),
    ),
    Case(
        "a namespace that is not there",
        Mode.WRITE,
        "recorded: crud-basic 32",
        (refused("create configmap $ID -n nope-$SUFFIX", 'namespaces "nope-$SUFFIX" not found'),),
    ),
    Case(
        "a namespace that is there already",
        Mode.WRITE,
        "recorded: kubectl-create 21",
        (refused("create ns $NS", 'namespaces "$NS" already exists'),),
    ),
    Case(
        "quota counts what is used",
        Mode.WRITE,
        _QUOTA,
        (
            given(_namespace(), _quota('{configmaps: "5", "count/deployments.apps": "1"}')),
            kubectl(_own("create configmap one"), within=5),
            kubectl(
                _own("get quota q -o jsonpath='{.status.used.configmaps}/{.status.hard.configmaps}'"),
                is_exactly("2/5"),
                within=10,
            ),
        ),
    ),
    Case(
        "quota refuses what would be too much",
        Mode.WRITE,
        _QUOTA,
        (
            given(_namespace(), _quota('{"count/secrets": "1"}')),
            kubectl(_own("get quota q -o jsonpath='{.status.hard}'"), is_exactly('{"count/secrets":"1"}'), within=10),
            kubectl(_own("create secret generic one")),
            refused(
                _own("create secret generic two"),
                'secrets "two" is forbidden: exceeded quota: q, requested: count/secrets=1, '
                "used: count/secrets=1, limited: count/secrets=1",
            ),
        ),
    ),
    Case(
        "quota of cpu wants requests",
        Mode.WRITE,
        _QUOTA,
        (
            given(_namespace(), _quota("{requests.cpu: 100m}")),
            kubectl(_own("get quota q -o jsonpath='{.status.hard}'"), is_exactly('{"requests.cpu":"100m"}'), within=10),
            refused(_own(_APPLY), "failed quota: q: must specify requests.cpu", stdin=pod(name="p")),
            refused(
                _own(_APPLY),
                "exceeded quota: q, requested: requests.cpu=200m, used: requests.cpu=0, limited: requests.cpu=100m",
                stdin=pod(name="p", container="{resources: {requests: {cpu: 200m}}}"),
            ),
        ),
    ),
    Case(
        "limit range gives defaults and draws lines",
        Mode.WRITE,
        _RANGES,
        (
            given(
                _namespace(),
                '{apiVersion: v1, kind: LimitRange, metadata: {name: l, namespace: "$NS-$ID"}, spec: {limits: '
                "[{type: Container, default: {cpu: 200m}, defaultRequest: {cpu: 100m}, max: {cpu: 500m}}]}}",
            ),
            kubectl(_own(_APPLY), stdin=pod(name="p"), within=5),
            kubectl(
                _own(
                    "get pod p -o jsonpath='{.spec.containers[0].resources.requests.cpu} "
                    "{.spec.containers[0].resources.limits.cpu}'"
                ),
                is_exactly("100m 200m"),
            ),
            refused(
                _own(_APPLY),
                "maximum cpu usage per Container is 500m, but limit is 1",
                stdin=pod(name="q", container="{resources: {limits: {cpu: 1}}}"),
            ),
        ),
    ),
    Case(
        "pod security refuses",
        Mode.WRITE,
        "recorded: pod-security-secret-configmap 1",
        (
            given(_namespace("{pod-security.kubernetes.io/enforce: restricted}")),
            refused(
                _own(_APPLY),
                'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
                stdin=pod(name="p"),
            ),
            kubectl(_own(_APPLY), is_exactly("pod/ok created"), stdin=_GOOD_POD),
        ),
    ),
    Case(
        "pod security warns about a deployment",
        Mode.WRITE,
        "recorded: pod-security-secret-configmap 2",
        (
            given(_namespace("{pod-security.kubernetes.io/warn: restricted}")),
            kubectl(
                _own(_APPLY),
                warns('Warning: would violate PodSecurity "restricted:latest"'),
                stdin=deployment(name="d", replicas=0),
            ),
        ),
    ),
    Case(
        "pod security of the baseline",
        Mode.WRITE,
        "kubernetes.io/docs/concepts/security/pod-security-standards",
        (
            given(_namespace("{pod-security.kubernetes.io/enforce: baseline}")),
            kubectl(_own(_APPLY), stdin=pod(name="p"), within=5),
            refused(
                _own(_APPLY),
                'violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
                stdin=pod(name="h", spec="{hostNetwork: true}"),
            ),
            refused(_own(_APPLY), "privileged", stdin=pod(name="r", container="{securityContext: {privileged: true}}")),
        ),
    ),
    Case(
        "pod security label that is not valid",
        Mode.WRITE,
        "recorded: pod-security-secret-configmap 4",
        (
            given(_namespace()),
            refused(
                "label ns $NS-$ID pod-security.kubernetes.io/enforce=bogus",
                "must be one of privileged, baseline, restricted",
            ),
        ),
    ),
    Case(
        "quota prints a table",
        Mode.WRITE,
        "recorded: table-output 20",
        (
            given(_namespace(), _quota('{pods: "50"}')),
            kubectl(_own("get quota q"), row("q", "pods:", "0/50"), within=10),
        ),
    ),
    Case(
        "a configmap that is too large",
        Mode.WRITE,
        "kubernetes.io/docs/concepts/configuration/configmap",
        (
            refused(
                "create -f -",
                "Too long: may not be more than 1048576 bytes",
                stdin=config_map(data='{a: "' + "x" * 1_050_000 + '"}'),
            ),
        ),
    ),
]
