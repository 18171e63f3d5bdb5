"""Reading a cluster as it is: nothing of this table writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import (
    Case,
    Mode,
    Needs,
    columns,
    is_exactly,
    kubectl,
    lacks,
    matches,
    python,
    refused,
    row,
    says,
)

if TYPE_CHECKING:
    from tests.conformance.session import Session

_GET = "kubernetes.io/docs/reference/kubectl/generated/kubectl_get"
_QUICK = "kubernetes.io/docs/reference/kubectl/quick-reference"
_SELECTORS = "kubernetes.io/docs/concepts/overview/working-with-objects/labels"
_FIELDS = "kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors"
_EXPLAIN = "kubernetes.io/docs/reference/kubectl/generated/kubectl_explain"
_CONCEPTS = "kubernetes.io/docs/reference/using-api/api-concepts"


def _chunks(session: Session) -> None:
    """A list in pages of one holds the same namespaces as the list as a whole."""
    whole = [item.metadata.name for item in session.core.list_namespace().items]
    paged: list[str] = []
    token: str | None = None
    while True:
        page = session.core.list_namespace(limit=1, _continue=token)
        paged += [item.metadata.name for item in page.items]
        token = page.metadata._continue
        if not token:
            break
    assert [name for name in paged if name in whole] == [name for name in whole if name in paged]
    assert "kube-system" in paged


def _types(session: Session) -> None:
    """Discovery lists every type once, and says which are namespaced."""
    listed = session.core.get_api_resources().resources
    named = {one.name: one for one in listed}
    assert len(named) == len(listed)
    assert named["pods"].namespaced
    assert not named["nodes"].namespaced
    assert {"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"} <= set(
        named["pods"].verbs
    )
    assert named["pods/log"].verbs == ["get"]
    assert named["pods/eviction"].kind == "Eviction"


def _remaining(session: Session) -> None:
    """A page of a list without selectors says how many items are left."""
    whole = session.core.list_namespace()
    page = session.core.list_namespace(limit=1)
    assert page.metadata.remaining_item_count == len(whole.items) - 1


def _head(session: Session) -> None:
    """Health endpoints answer in plain text."""
    assert session.raw("/readyz") == (200, "ok")


CASES = [
    Case(
        "get nodes prints a table",
        Mode.READ,
        _GET,
        (kubectl("get nodes", columns("NAME", "STATUS", "ROLES", "AGE", "VERSION"), matches(r"^\S+\s+Ready")),),
    ),
    Case(
        "get nodes wide adds columns",
        Mode.READ,
        "recorded: kubectl-get 28",
        (
            kubectl(
                "get nodes -o wide",
                columns(
                    "NAME",
                    "STATUS",
                    "ROLES",
                    "AGE",
                    "VERSION",
                    "INTERNAL-IP",
                    "EXTERNAL-IP",
                    "OS-IMAGE",
                    "KERNEL-VERSION",
                    "CONTAINER-RUNTIME",
                ),
            ),
        ),
    ),
    Case(
        "get namespaces knows the system ones",
        Mode.READ,
        _GET,
        (
            kubectl(
                "get ns",
                columns("NAME", "STATUS", "AGE"),
                row("default", "Active"),
                row("kube-system", "Active"),
                row("kube-public", "Active"),
                row("kube-node-lease", "Active"),
            ),
        ),
    ),
    Case(
        "get one object as yaml",
        Mode.READ,
        _QUICK,
        (
            kubectl(
                "get ns default -o yaml",
                says("kind: Namespace"),
                says("kubernetes.io/metadata.name: default"),
                lacks("managedFields"),
            ),
        ),
    ),
    Case(
        "get a list as json",
        Mode.READ,
        _QUICK,
        (kubectl("get ns -o json", says('"kind": "List"'), says('"name": "kube-system"')),),
    ),
    Case(
        "get by jsonpath",
        Mode.READ,
        "kubernetes.io/docs/reference/kubectl/jsonpath",
        (kubectl("get ns default -o jsonpath='{.metadata.name}:{.status.phase}'", is_exactly("default:Active")),),
    ),
    Case(
        "get by jsonpath over a range",
        Mode.READ,
        "kubernetes.io/docs/reference/kubectl/jsonpath",
        (
            kubectl(
                """get ns -o jsonpath='{range .items[*]}{.metadata.name}{"\\t"}{.status.phase}{"\\n"}{end}'""",
                row("kube-system", "Active"),
            ),
        ),
    ),
    Case(
        "get with custom columns",
        Mode.READ,
        _GET,
        (
            kubectl(
                "get ns default -o custom-columns=A:.metadata.name,B:.status.phase,C:.spec.nope",
                columns("A", "B", "C"),
                row("default", "Active", "<none>"),
            ),
        ),
    ),
    Case(
        "get with a go template",
        Mode.READ,
        _GET,
        (kubectl("get ns default -o go-template='{{.metadata.name}}'", is_exactly("default")),),
    ),
    Case("get names only", Mode.READ, _GET, (kubectl("get ns -o name", says("namespace/default\n")),)),
    Case(
        "get without headers",
        Mode.READ,
        _GET,
        (kubectl("get ns --no-headers", lacks("NAME"), row("default", "Active")),),
    ),
    Case(
        "get shows labels",
        Mode.READ,
        _GET,
        (
            kubectl(
                "get ns default --show-labels",
                columns("NAME", "STATUS", "AGE", "LABELS"),
                says("kubernetes.io/metadata.name=default"),
            ),
        ),
    ),
    Case(
        "get with a label as column",
        Mode.READ,
        _GET,
        (
            kubectl(
                "get ns default -L kubernetes.io/metadata.name",
                columns("NAME", "STATUS", "AGE", "METADATA.NAME"),
                matches(r"default$"),
            ),
        ),
    ),
    Case(
        "get sorted",
        Mode.READ,
        _GET,
        (kubectl("get ns --sort-by=.metadata.name -o name", matches(r"(?s)namespace/default.*namespace/kube-system")),),
    ),
    Case(
        "label selector equality",
        Mode.READ,
        _SELECTORS,
        (kubectl("get ns -l kubernetes.io/metadata.name=default -o name", is_exactly("namespace/default")),),
    ),
    Case(
        "label selector of sets",
        Mode.READ,
        _SELECTORS,
        (
            kubectl(
                "get ns -l 'kubernetes.io/metadata.name in (default,kube-public)' -o name",
                is_exactly("namespace/default\nnamespace/kube-public"),
            ),
        ),
    ),
    Case(
        "label selector exists and not in",
        Mode.READ,
        _SELECTORS,
        (
            kubectl(
                "get ns -l 'kubernetes.io/metadata.name,kubernetes.io/metadata.name notin (default)' -o name",
                says("namespace/kube-system"),
                lacks("namespace/default"),
            ),
        ),
    ),
    Case(
        "label selector that cannot be read",
        Mode.READ,
        "recorded: selectors 10",
        (refused("get pods -l 'a b=c' -n default", "unable to parse requirement: found 'b', expected:"),),
    ),
    Case(
        "field selector by name",
        Mode.READ,
        _FIELDS,
        (kubectl("get ns --field-selector=metadata.name=default -o name", is_exactly("namespace/default")),),
    ),
    Case(
        "field selector unequal",
        Mode.READ,
        _FIELDS,
        (
            kubectl(
                "get ns --field-selector=metadata.name!=default -o name",
                lacks("namespace/default"),
                says("namespace/kube-system"),
            ),
        ),
    ),
    Case(
        "field selector that is not supported",
        Mode.READ,
        "recorded: kubectl-get 42",
        (refused("get pods --field-selector=spec.foo=1 -n default", "field label not supported: spec.foo"),),
    ),
    Case(
        "field selector of nodes",
        Mode.READ,
        "recorded: selectors 40",
        (kubectl("get nodes --field-selector=spec.unschedulable=false -o name", matches(r"^node/")),),
    ),
    Case(
        "get what is not there",
        Mode.READ,
        "recorded: kubectl-get 44",
        (refused("get pod nope -n default", 'Error from server (NotFound): pods "nope" not found'),),
    ),
    Case(
        "get what is not there, ignoring that",
        Mode.READ,
        "recorded: kubectl-get 49",
        (kubectl("get deploy nope -n default --ignore-not-found", is_exactly("")),),
    ),
    Case(
        "get a type that does not exist",
        Mode.READ,
        "recorded: kubectl-get 46",
        (refused("get foos", 'error: the server doesn\'t have a resource type "foos"'),),
    ),
    Case(
        "list in a namespace that does not exist",
        Mode.READ,
        "recorded: kubectl-get 45",
        (kubectl("get pods -n nope-$SUFFIX", is_exactly("")),),
    ),
    Case(
        "get in chunks of one",
        Mode.READ,
        "recorded: kubectl-get 57",
        (kubectl("get ns --chunk-size=1 -o name", says("namespace/default"), says("namespace/kube-system")),),
    ),
    Case(
        "get the service of the API itself",
        Mode.READ,
        "kubernetes.io/docs/concepts/services-networking/service",
        (
            kubectl(
                "get svc kubernetes -n default",
                columns("NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"),
                row("kubernetes", "ClusterIP"),
            ),
        ),
    ),
    Case(
        "get the account that every namespace has",
        Mode.READ,
        "kubernetes.io/docs/concepts/security/service-accounts",
        (kubectl("get sa default -n default -o name", is_exactly("serviceaccount/default")),),
    ),
    Case(
        "get the authority that every namespace has",
        Mode.READ,
        "recorded: kubectl-get 30",
        (kubectl("get cm kube-root-ca.crt -n default -o jsonpath='{.data.ca\\.crt}'", says("BEGIN CERTIFICATE")),),
    ),
    Case(
        "get priority classes",
        Mode.READ,
        "recorded: kubectl-get 62",
        (
            kubectl(
                "get priorityclasses",
                row("system-cluster-critical", "2000000000", "false"),
                row("system-node-critical", "2000001000", "false"),
            ),
        ),
    ),
    Case(
        "get leases of nodes",
        Mode.READ,
        "kubernetes.io/docs/concepts/architecture/leases",
        (kubectl("get leases -n kube-node-lease", columns("NAME", "HOLDER", "AGE"), matches(r"^(\S+)\s+\1\s")),),
    ),
    Case(
        "get cluster roles",
        Mode.READ,
        "kubernetes.io/docs/reference/access-authn-authz/rbac",
        (
            kubectl(
                "get clusterroles -o name",
                *(
                    says(f"clusterrole.rbac.authorization.k8s.io/{name}\n")
                    for name in ("admin", "cluster-admin", "edit", "view")
                ),
            ),
        ),
    ),
    Case(
        "get of unknown output format",
        Mode.READ,
        "recorded: kubectl-get 50",
        (refused("get ns -o bogus", 'unable to match a printer suitable for the output format "bogus"'),),
    ),
    Case(
        "watch only and nothing happens",
        Mode.READ,
        "recorded: kubectl-get 60",
        (kubectl("get priorityclasses --watch-only --request-timeout=1s", is_exactly("")),),
    ),
    Case(
        "watch begins with what is there",
        Mode.READ,
        _GET,
        (kubectl("get ns default -w --request-timeout=1s", row("default", "Active")),),
    ),
    Case(
        "describe a node",
        Mode.READ,
        "recorded: kubectl-get 75",
        (
            kubectl(
                "describe nodes",
                says("Conditions:"),
                says("KubeletReady"),
                says("Allocatable:"),
                says("Non-terminated Pods:"),
                says("Allocated resources:"),
            ),
        ),
    ),
    Case(
        "describe a namespace",
        Mode.READ,
        "recorded: kubectl-get 77",
        (
            kubectl(
                "describe ns kube-public",
                matches(r"Name:\s+kube-public"),
                matches(r"Status:\s+Active"),
                says("No resource quota."),
                says("No LimitRange resource."),
            ),
        ),
    ),
    Case(
        "describe what is not there",
        Mode.READ,
        "recorded: kubectl-get 80",
        (refused("describe pod nope -n default", 'Error from server (NotFound): pods "nope" not found'),),
    ),
    Case(
        "explain a field",
        Mode.READ,
        _EXPLAIN,
        (
            kubectl(
                "explain deployment.spec.strategy",
                says("KIND:       Deployment"),
                says("FIELD: strategy"),
                says("rollingUpdate"),
            ),
        ),
    ),
    Case(
        "explain recursively",
        Mode.READ,
        _EXPLAIN,
        (
            kubectl(
                "explain pod.spec.containers.resources --recursive", says("limits"), says("requests"), says("claims")
            ),
        ),
    ),
    Case(
        "explain a version",
        Mode.READ,
        "recorded: kubectl-get 93",
        (kubectl("explain hpa.spec --api-version=autoscaling/v2", says("VERSION:    v2"), says("maxReplicas")),),
    ),
    Case(
        "explain a field that does not exist",
        Mode.READ,
        "recorded: kubectl-get 94",
        (refused("explain pod.nope", 'field "nope" does not exist'),),
    ),
    Case(
        "explain a type that does not exist",
        Mode.READ,
        "recorded: kubectl-get 95",
        (refused("explain foos", 'the server doesn\'t have a resource type "foos"'),),
    ),
    Case(
        "api-resources of a group",
        Mode.READ,
        "recorded: kubectl-get 87",
        (
            kubectl(
                "api-resources --api-group=apps",
                columns("NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"),
                row("deployments", "deploy", "apps/v1", "true", "Deployment"),
                row("daemonsets", "ds", "apps/v1", "true", "DaemonSet"),
                row("replicasets", "rs", "apps/v1", "true", "ReplicaSet"),
                row("statefulsets", "sts", "apps/v1", "true", "StatefulSet"),
            ),
        ),
    ),
    Case(
        "api-resources outside namespaces",
        Mode.READ,
        "recorded: kubectl-get 88",
        (
            kubectl(
                "api-resources --namespaced=false --verbs=list -o name",
                says("nodes\n"),
                says("namespaces\n"),
                says("clusterroles.rbac.authorization.k8s.io"),
                says("customresourcedefinitions.apiextensions.k8s.io"),
                says("priorityclasses.scheduling.k8s.io"),
                lacks("pods\n"),
            ),
        ),
    ),
    Case(
        "api-resources of core types and their short names",
        Mode.READ,
        "kubernetes.io/docs/reference/kubectl",
        (
            kubectl(
                "api-resources --api-group=",
                row("configmaps", "cm", "v1"),
                row("pods", "po", "v1"),
                row("services", "svc", "v1"),
                row("namespaces", "ns", "v1"),
                row("nodes", "no", "v1"),
                row("serviceaccounts", "sa", "v1"),
                row("persistentvolumeclaims", "pvc", "v1"),
                row("resourcequotas", "quota", "v1"),
                row("limitranges", "limits", "v1"),
                row("events", "ev", "v1"),
            ),
        ),
    ),
    Case(
        "api-versions",
        Mode.READ,
        "recorded: kubectl-get 89",
        (
            kubectl(
                "api-versions",
                *(
                    says(f"{name}\n")
                    for name in (
                        "apps/v1",
                        "authentication.k8s.io/v1",
                        "authorization.k8s.io/v1",
                        "autoscaling/v1",
                        "autoscaling/v2",
                        "batch/v1",
                        "coordination.k8s.io/v1",
                        "discovery.k8s.io/v1",
                        "events.k8s.io/v1",
                        "networking.k8s.io/v1",
                        "policy/v1",
                        "rbac.authorization.k8s.io/v1",
                        "scheduling.k8s.io/v1",
                        "apiextensions.k8s.io/v1",
                    )
                ),
                matches(r"^v1$"),
            ),
        ),
    ),
    Case(
        "cluster-info",
        Mode.READ,
        "recorded: kubectl-get 90",
        (kubectl("cluster-info", says("control plane"), says("is running at")),),
    ),
    Case(
        "version of the server",
        Mode.READ,
        "kubernetes.io/docs/reference/kubectl/generated/kubectl_version",
        (kubectl("version", matches(r"Server Version: v1\.\d+")),),
    ),
    Case(
        "raw paths",
        Mode.READ,
        "kubernetes.io/docs/reference/using-api/health-checks",
        (
            kubectl("get --raw /readyz", is_exactly("ok")),
            kubectl("get --raw /livez", is_exactly("ok")),
            kubectl("get --raw /version", says('"gitVersion"')),
        ),
    ),
    Case(
        "raw path that does not exist",
        Mode.READ,
        "recorded: discovery 16",
        (refused("get --raw /nope", "the server could not find the requested resource"),),
    ),
    Case(
        "top nodes",
        Mode.READ,
        "recorded: kubectl-get 84",
        (
            kubectl(
                "top nodes",
                columns("NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"),
                matches(r"^\S+\s+\d+m\s+\d+%\s+\d+Mi\s+\d+%"),
                within=60,
            ),
        ),
        needs=Needs.METRICS,
    ),
    Case(
        "top pods where there are none",
        Mode.READ,
        "recorded: kubectl-get 86",
        (kubectl("top pods -n nope-$SUFFIX", is_exactly("")),),
        needs=Needs.METRICS,
    ),
    Case(
        "top a pod that is not there",
        Mode.READ,
        "recorded: kubectl-get 85",
        (refused("top pod nope -n default", "Error from server (NotFound)"),),
        needs=Needs.METRICS,
    ),
    Case("python: discovery", Mode.READ, _CONCEPTS, (python(_types),)),
    Case("python: a list in chunks", Mode.READ, _CONCEPTS, (python(_chunks),)),
    Case("python: how many items are left", Mode.READ, _CONCEPTS, (python(_remaining),)),
    Case("python: health", Mode.READ, "kubernetes.io/docs/reference/using-api/health-checks", (python(_head),)),
]
