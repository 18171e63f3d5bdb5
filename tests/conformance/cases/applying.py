"""kubectl apply, from the client and on the server; diff, create, replace."""

from __future__ import annotations

from tests.conformance.case import (
    Case,
    Mode,
    given,
    is_exactly,
    kubectl,
    lacks,
    matches,
    refused,
    says,
    warns,
)
from tests.conformance.manifests import config_map, deployment, service

_APPLY = "kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config"
_SERVER_SIDE = "kubernetes.io/docs/reference/using-api/server-side-apply"
_DIFF = "kubernetes.io/docs/reference/kubectl/generated/kubectl_diff"
_ON_SERVER = "apply --server-side -f -"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

CASES = [
    Case(
        "apply creates",
        Mode.WRITE,
        "recorded: kubectl-apply 4",
        (kubectl("apply -f -", is_exactly("deployment.apps/$ID created"), stdin=deployment()),),
    ),
    Case(
        "apply a second time changes nothing",
        Mode.WRITE,
        "recorded: kubectl-apply 5",
        (
            kubectl("apply -f -", stdin=config_map()),
            kubectl("apply -f -", is_exactly("configmap/$ID unchanged"), stdin=config_map()),
        ),
    ),
    Case(
        "apply changes what differs",
        Mode.WRITE,
        "recorded: kubectl-apply 8",
        (
            kubectl("apply -f -", stdin=deployment(replicas=0)),
            kubectl(
                "apply -f -",
                is_exactly("deployment.apps/$ID configured"),
                stdin=deployment(replicas=0, image="nginx:1.28"),
            ),
            kubectl("get deploy $ID -o jsonpath='{.spec.template.spec.containers[0].image}'", is_exactly("nginx:1.28")),
        ),
    ),
    Case(
        "apply removes what is no longer said",
        Mode.WRITE,
        _APPLY,
        (
            kubectl("apply -f -", stdin=config_map(data="{a: b, c: d}")),
            kubectl("apply -f -", stdin=config_map(data="{a: b}")),
            kubectl("get cm $ID -o jsonpath='{.data}'", is_exactly('{"a":"b"}')),
        ),
    ),
    Case(
        "apply keeps what others added",
        Mode.WRITE,
        _APPLY,
        (
            kubectl("apply -f -", stdin=config_map()),
            kubectl('patch cm $ID --type=merge -p \'{"data":{"x":"y"}}\''),
            kubectl("apply -f -", stdin=config_map(data="{a: c}")),
            kubectl("get cm $ID -o jsonpath='{.data}'", is_exactly('{"a":"c","x":"y"}')),
        ),
    ),
    Case(
        "apply as a client's dry run writes nothing",
        Mode.WRITE,
        "recorded: kubectl-apply 2",
        (
            kubectl("apply -f - --dry-run=client", is_exactly("configmap/$ID created (dry run)"), stdin=config_map()),
            refused("get cm $ID", "NotFound"),
        ),
    ),
    Case(
        "apply as a server's dry run writes nothing",
        Mode.WRITE,
        "recorded: kubectl-apply 3",
        (
            kubectl(
                "apply -f - --dry-run=server", is_exactly("configmap/$ID created (server dry run)"), stdin=config_map()
            ),
            refused("get cm $ID", "NotFound"),
        ),
    ),
    Case(
        "apply remembers what was applied",
        Mode.WRITE,
        "recorded: kubectl-apply 10",
        (
            kubectl("apply -f -", stdin=config_map()),
            kubectl("apply view-last-applied cm/$ID", says("kind: ConfigMap"), says("a: b")),
        ),
    ),
    Case(
        "apply on what was created otherwise warns",
        Mode.WRITE,
        "recorded: kubectl-apply 21",
        (
            kubectl("create configmap $ID --from-literal=a=b"),
            kubectl("apply -f -", is_exactly("configmap/$ID configured"), warns(_LAST_APPLIED), stdin=config_map()),
        ),
    ),
    Case(
        "apply several documents",
        Mode.WRITE,
        "recorded: kubectl-apply 11",
        (
            kubectl(
                "apply -f -",
                says("configmap/$ID created"),
                says("service/$ID created"),
                stdin=f"{config_map()}---\n{service()}",
            ),
        ),
    ),
    Case(
        "apply with a misspelt field is refused",
        Mode.WRITE,
        "recorded: kubectl-apply 23",
        (
            refused(
                "apply -f -",
                'strict decoding error: unknown field "datas"',
                stdin=config_map().replace("\ndata:", "\ndatas:"),
            ),
        ),
    ),
    Case(
        "apply with a misspelt field and a warning only",
        Mode.WRITE,
        "recorded: kubectl-apply 24",
        (
            kubectl(
                "apply -f - --validate=warn",
                is_exactly("configmap/$ID created"),
                warns('unknown field "datas"'),
                stdin=config_map().replace("\ndata:", "\ndatas:"),
            ),
        ),
    ),
    Case(
        "apply of a type that nobody knows",
        Mode.WRITE,
        "recorded: kubectl-apply 25",
        (
            refused(
                "apply -f -",
                'no matches for kind "Foo" in version "v1"',
                "ensure CRDs are installed first",
                stdin=config_map().replace("ConfigMap", "Foo"),
            ),
        ),
        known="kubectl falls back to OpenAPI v2, which is not served",
    ),
    Case(
        "apply of an immutable field",
        Mode.WRITE,
        "recorded: kubectl-apply 22",
        (
            kubectl("apply -f -", stdin=deployment(replicas=0)),
            refused(
                "apply -f -",
                'The Deployment "$ID" is invalid',
                "field is immutable",
                stdin=deployment(replicas=0).replace("matchLabels:\n      app", "matchLabels:\n      other"),
            ),
        ),
    ),
    Case(
        "diff of what is not there yet",
        Mode.WRITE,
        "recorded: kubectl-apply 1",
        (kubectl("diff -f -", says("+kind: ConfigMap"), says("+  name: $ID"), stdin=config_map(), exit_code=1),),
    ),
    Case(
        "diff without a difference",
        Mode.WRITE,
        "recorded: kubectl-apply 6",
        (
            kubectl("apply -f -", stdin=deployment(replicas=0)),
            kubectl("diff -f -", is_exactly(""), stdin=deployment(replicas=0), within=5),
        ),
    ),
    Case(
        "diff shows what would change",
        Mode.WRITE,
        "recorded: kubectl-apply 7",
        (
            kubectl("apply -f -", stdin=deployment(replicas=0)),
            kubectl("diff -f -", says("-  replicas: 0"), says("+  replicas: 1"), stdin=deployment(), exit_code=1),
        ),
    ),
    Case(
        "server-side apply creates",
        Mode.WRITE,
        "recorded: kubectl-apply 18",
        (
            kubectl(_ON_SERVER, is_exactly("configmap/$ID serverside-applied"), stdin=config_map()),
            kubectl(
                "get cm $ID -o yaml --show-managed-fields",
                says("operation: Apply"),
                says("manager: kubectl"),
                says("f:a: {}"),
                lacks(_LAST_APPLIED),
            ),
        ),
    ),
    Case(
        "server-side apply meets another owner",
        Mode.WRITE,
        "recorded: kubectl-apply 15",
        (
            kubectl(_ON_SERVER, stdin=config_map()),
            refused(
                f"{_ON_SERVER} --field-manager=other",
                "Apply failed with 1 conflict",
                '"kubectl": .data.a',
                stdin=config_map(data="{a: c}"),
            ),
        ),
    ),
    Case(
        "server-side apply by force takes over",
        Mode.WRITE,
        "recorded: kubectl-apply 16",
        (
            kubectl(_ON_SERVER, stdin=config_map()),
            kubectl(f"{_ON_SERVER} --field-manager=other --force-conflicts", stdin=config_map(data="{a: c}")),
            kubectl("get cm $ID -o jsonpath='{.data.a}'", is_exactly("c")),
            refused(_ON_SERVER, '"other": .data.a', stdin=config_map()),
        ),
    ),
    Case(
        "server-side apply of an equal value shares it",
        Mode.WRITE,
        _SERVER_SIDE,
        (
            kubectl(_ON_SERVER, stdin=config_map()),
            kubectl(
                f"{_ON_SERVER} --field-manager=other",
                is_exactly("configmap/$ID serverside-applied"),
                stdin=config_map(),
            ),
            kubectl(
                "get cm $ID --show-managed-fields -o jsonpath='{.metadata.managedFields[*].manager}'",
                matches("kubectl"),
                matches("other"),
            ),
        ),
    ),
    Case(
        "server-side apply removes what its owner no longer says",
        Mode.WRITE,
        _SERVER_SIDE,
        (
            kubectl(_ON_SERVER, stdin=config_map(data="{a: b, c: d}")),
            kubectl(_ON_SERVER, stdin=config_map(data="{a: b}")),
            kubectl("get cm $ID -o jsonpath='{.data}'", is_exactly('{"a":"b"}')),
        ),
    ),
    Case(
        "server-side apply after scaling conflicts over replicas",
        Mode.WRITE,
        "recorded: kubectl-apply 13",
        (
            kubectl(_ON_SERVER, stdin=deployment(replicas=0)),
            kubectl("scale deploy/$ID --replicas=1"),
            refused(
                _ON_SERVER,
                'conflict with "kubectl" with subresource "scale"',
                ".spec.replicas",
                stdin=deployment(replicas=0),
            ),
        ),
    ),
    Case(
        "server-side apply names list items by their keys",
        Mode.WRITE,
        "recorded: kubectl-apply 15",
        (
            kubectl(_ON_SERVER, stdin=deployment(replicas=0)),
            refused(
                f"{_ON_SERVER} --field-manager=other",
                '.spec.template.spec.containers[name="c"].image',
                stdin=deployment(replicas=0, image="nginx:1.28"),
            ),
        ),
    ),
    Case(
        "server-side diff",
        Mode.WRITE,
        _DIFF,
        (
            kubectl(_ON_SERVER, stdin=config_map()),
            kubectl(
                "diff --server-side -f -",
                says("-  a: b"),
                says("+  a: c"),
                stdin=config_map(data="{a: c}"),
                exit_code=1,
            ),
        ),
    ),
    Case(
        "create what is already there",
        Mode.WRITE,
        "recorded: kubectl-create 18",
        (
            kubectl("create configmap $ID --from-literal=a=1", is_exactly("configmap/$ID created")),
            refused("create configmap $ID --from-literal=a=1", 'configmaps "$ID" already exists'),
        ),
    ),
    Case(
        "create what it would be, without the server",
        Mode.READ,
        "recorded: kubectl-create 5",
        (
            kubectl(
                "create deployment web --image=nginx:1.27 --dry-run=client -o yaml",
                says("kind: Deployment"),
                says("image: nginx:1.27"),
            ),
        ),
    ),
    Case(
        "create with generateName",
        Mode.WRITE,
        "kubernetes.io/docs/reference/using-api/api-concepts",
        (
            kubectl(
                "create -f -",
                matches(r"^configmap/$ID-[a-z0-9]{5} created$"),
                stdin='{apiVersion: v1, kind: ConfigMap, metadata: {generateName: "$ID-"}}',
            ),
        ),
    ),
    Case(
        "create secrets of each type",
        Mode.WRITE,
        "kubernetes.io/docs/concepts/configuration/secret",
        (
            kubectl("create secret generic $ID --from-literal=pw=x"),
            kubectl("get secret $ID -o jsonpath='{.type} {.data.pw}'", is_exactly("Opaque eA==")),
            kubectl("create secret docker-registry $ID-r --docker-server=x --docker-username=u --docker-password=p"),
            kubectl("get secret $ID-r -o jsonpath='{.type}'", is_exactly("kubernetes.io/dockerconfigjson")),
        ),
    ),
    Case(
        "replace",
        Mode.WRITE,
        "recorded: kubectl-apply 29",
        (
            given(config_map()),
            kubectl("replace -f -", is_exactly("configmap/$ID replaced"), stdin=config_map(data="{a: c}")),
            kubectl("get cm $ID -o jsonpath='{.data.a}'", is_exactly("c")),
        ),
    ),
    Case(
        "replace what is not there",
        Mode.WRITE,
        "kubernetes.io/docs/reference/kubectl/generated/kubectl_replace",
        (refused("replace -f -", "NotFound", stdin=config_map()),),
    ),
    Case(
        "replace by force",
        Mode.WRITE,
        "recorded: kubectl-apply 31",
        (
            given(service()),
            kubectl(
                "replace --force -f -", says('service "$ID" deleted'), says("service/$ID replaced"), stdin=service()
            ),
        ),
    ),
]
