"""Single requests against the simulated API server; expected answers are those of a real one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_simcluster.testing import SimProcess

NS = "/api/v1/namespaces"
MERGE, STRATEGIC, JSON_PATCH = (
    {"Content-Type": f"application/{kind}+json"} for kind in ("merge-patch", "strategic-merge-patch", "json-patch")
)


def deployment(name: str, replicas: int = 0, **spec: Any) -> dict[str, Any]:
    container = {
        "name": "c", "image": "nginx:1.27", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 90}],
    }  # fmt: skip
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [container, {"name": "side", "image": "busybox"}]},
    }
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template, **spec},
    }  # fmt: skip


def service(name: str, **metadata: Any) -> dict[str, Any]:
    spec = {"ports": [{"port": 80}], "selector": {"app": "x"}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, **metadata}, "spec": spec}


@pytest.fixture
def space(http: httpx.Client, request: pytest.FixtureRequest) -> str:
    name = f"a{abs(hash(request.node.nodeid)) % 10**12}"
    made = http.post(NS, json={"metadata": {"name": name}})
    assert made.status_code == 201, made.text
    return name


def _status(answer: httpx.Response) -> tuple[int, str, str]:
    body = answer.json()
    assert body["kind"] == "Status"
    assert body["code"] == answer.status_code
    return answer.status_code, body.get("reason", ""), body["message"]


def _deployments(space: str) -> str:
    return f"/apis/apps/v1/namespaces/{space}/deployments"


def test_without_credentials_and_with_bad_ones(cluster: SimProcess, http: httpx.Client) -> None:
    import ssl

    context = ssl.create_default_context(cafile=str(cluster.ca_file))
    with httpx.Client(base_url=cluster.api_url, verify=context) as anyone:
        assert anyone.get("/readyz").text == anyone.get("/livez").text == anyone.get("/healthz").text == "ok"
        assert _status(anyone.get("/api/v1/pods", headers={"Authorization": "Bearer wrong"})) == (
            401, "Unauthorized", "Unauthorized",
        )  # fmt: skip
        code, reason, message = _status(anyone.get("/apis/apps/v1/namespaces/shop/deployments/web"))
        assert (code, reason) == (403, "Forbidden")
        assert message == (
            'deployments.apps "web" is forbidden: User "system:anonymous" cannot get resource "deployments" '
            'in API group "apps" in the namespace "shop"'
        )


def test_discovery_tells_what_is_served(http: httpx.Client) -> None:
    groups = {group["name"] for group in http.get("/apis").json()["groups"]}
    assert {"apps", "autoscaling", "batch", "metrics.k8s.io", "rbac.authorization.k8s.io"} <= groups
    assert "admissionregistration.k8s.io" not in groups
    assert http.get("/api").json()["versions"] == ["v1"]
    names = {entry["name"]: entry for entry in http.get("/apis/apps/v1").json()["resources"]}
    assert names["deployments/scale"] == {
        "name": "deployments/scale", "singularName": "", "namespaced": True, "group": "autoscaling", "version": "v1",
        "kind": "Scale", "verbs": ["get", "patch", "update"],
    }  # fmt: skip
    assert names["deployments"]["shortNames"] == ["deploy"]
    assert http.get("/apis/metrics.k8s.io/v1beta1").json()["resources"][0]["verbs"] == ["get", "list"]
    assert http.get("/version").json()["minor"] == "36"


@pytest.mark.parametrize(
    ("method", "path", "code", "reason"),
    [
        ("GET", "/api/v1/namespaces/x/nopes", 404, "NotFound"),
        ("GET", "/api/v1/namespaces/shop/pods/x/log", 404, "NotFound"),
        ("GET", "/apis/apps/v1/runtimeclasses", 404, "NotFound"),
        ("GET", "/apis/apps/v1beta1/deployments", 404, "NotFound"),
        ("GET", "/api/v1/namespaces/shop/services/zzz", 404, "NotFound"),
        ("POST", "/api/v1/namespaces/shop/services/a", 405, "MethodNotAllowed"),
        ("PUT", "/api/v1/namespaces/shop/services", 405, "MethodNotAllowed"),
        ("POST", "/api/v1/services", 405, "MethodNotAllowed"),
        ("OPTIONS", "/api/v1/namespaces/shop/services", 405, "MethodNotAllowed"),
        ("DELETE", "/api/v1/namespaces", 405, "MethodNotAllowed"),
        ("POST", "/apis/metrics.k8s.io/v1beta1/nodes", 405, "MethodNotAllowed"),
        ("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", 405, "MethodNotAllowed"),
    ],
)
def test_what_is_not_there_is_refused_as_a_real_server_does(
    http: httpx.Client, method: str, path: str, code: int, reason: str
) -> None:
    assert _status(http.request(method, path, json={} if method != "GET" else None))[:2] == (code, reason)


def test_paths_outside_the_api_are_plain_404(http: httpx.Client) -> None:
    for path in ("/nope", "/apis/nope.example.com", "/apis/nope.example.com/v1/things", "/metrics"):
        answer = http.get(path)
        assert (answer.status_code, answer.text) == (404, "404 page not found\n")


def test_create_sets_what_the_server_owns_and_defaults_the_rest(http: httpx.Client, space: str) -> None:
    made = http.post(_deployments(space), json={**deployment("d"), "status": {"replicas": 7}})
    assert made.status_code == 201
    body = made.json()
    assert body["metadata"]["generation"] == 1
    assert body["status"] == {}
    assert body["spec"]["strategy"] == {
        "type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    }  # fmt: skip
    container = body["spec"]["template"]["spec"]["containers"][0]
    assert container["imagePullPolicy"] == "IfNotPresent"
    assert container["ports"][0]["protocol"] == "TCP"
    assert body["spec"]["template"]["spec"]["containers"][1]["imagePullPolicy"] == "Always"
    assert (body["spec"]["progressDeadlineSeconds"], body["spec"]["revisionHistoryLimit"]) == (600, 10)


def test_create_errors(http: httpx.Client, space: str) -> None:
    path = f"{NS}/{space}/services"
    assert http.post(path, json=service("s")).status_code == 201
    assert _status(http.post(path, json=service("s"))) == (409, "AlreadyExists", 'services "s" already exists')
    assert _status(http.post(f"{NS}/nope/services", json=service("s"))) == (
        404, "NotFound", 'namespaces "nope" not found',
    )  # fmt: skip
    assert _status(http.post(path, json=service("t", namespace="other")))[2] == (
        "the namespace of the provided object does not match the namespace sent on the request"
    )
    assert _status(http.post(path, json={**service("t"), "kind": "Pod"})) == (
        400, "BadRequest",
        'Pod in version "v1" cannot be handled as a Service: converting (v1.Pod) to (core.Service): unknown conversion',
    )  # fmt: skip
    assert _status(http.post(path, content=b"{", headers={"Content-Type": "application/json"}))[:2] == (
        400,
        "BadRequest",
    )
    assert _status(http.post(path, content=b"x", headers={"Content-Type": "text/plain"}))[:2] == (
        415, "UnsupportedMediaType",
    )  # fmt: skip
    yaml = "metadata: {name: fromyaml}\nspec: {ports: [{port: 1}]}\n"
    assert http.post(path, content=yaml, headers={"Content-Type": "application/yaml"}).status_code == 201


def test_wrong_types_are_named(http: httpx.Client, space: str) -> None:
    code, reason, message = _status(http.post(_deployments(space), json=deployment("d", replicas="three")))  # type: ignore[arg-type]
    assert (code, reason) == (400, "BadRequest")
    assert message == (
        'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct '
        "field DeploymentSpec.spec.replicas of type int32"
    )


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"replicas": -1}, "spec.replicas", "Invalid value: -1: must be greater than or equal to 0"),
        ({"selector": {"matchLabels": {"app": "other"}}}, "spec.template.metadata.labels",
         'Invalid value: {"app":"d"}: `selector` does not match template `labels`'),
        ({"selector": None}, "spec.selector", "Required value"),
    ],
)  # fmt: skip
def test_invalid_objects_come_back_with_their_causes(
    http: httpx.Client, space: str, change: dict[str, Any], field: str, message: str
) -> None:
    answer = http.post(_deployments(space), json=deployment("d", **change))
    code, reason, text = _status(answer)
    assert (code, reason) == (422, "Invalid")
    assert text.startswith('Deployment.apps "d" is invalid: ')
    assert field in [cause["field"] for cause in answer.json()["details"]["causes"]]
    assert f"{field}: {message}" in text


def test_unknown_fields_are_errors_warnings_or_nothing_as_asked(http: httpx.Client, space: str) -> None:
    body = deployment("d", replica=3)
    path = _deployments(space)
    strict = http.post(path, json=body, params={"fieldValidation": "Strict"})
    assert _status(strict)[:2] == (400, "BadRequest")
    assert 'strict decoding error: unknown field "spec.replica"' in strict.json()["message"]
    warned = http.post(path, json=body, params={"dryRun": "All"})
    assert warned.headers["warning"] == '299 - "unknown field \\"spec.replica\\""'
    ignored = http.post(path, json=body, params={"fieldValidation": "Ignore"})
    assert "warning" not in ignored.headers
    assert "replica" not in ignored.json()["spec"]


def test_a_dry_run_keeps_nothing(http: httpx.Client, space: str) -> None:
    assert http.post(_deployments(space), json=deployment("d"), params={"dryRun": "All"}).status_code == 201
    assert http.get(f"{_deployments(space)}/d").status_code == 404


def test_updates_check_version_uid_and_name(http: httpx.Client, space: str) -> None:
    path = f"{NS}/{space}/services"
    made = http.post(path, json=service("s")).json()
    changed = {**made, "metadata": {**made["metadata"], "labels": {"a": "1"}}}
    updated = http.put(f"{path}/s", json=changed)
    assert updated.status_code == 200
    conflict = http.put(f"{path}/s", json=changed)
    assert _status(conflict) == (
        409,
        "Conflict",
        (
            'Operation cannot be fulfilled on services "s": the object has been modified; '
            "please apply your changes to the latest version and try again"
        ),
    )
    assert conflict.json()["details"] == {"name": "s", "kind": "services"}
    assert http.put(f"{path}/s", json=service("s")).status_code == 200, "without a version it is unconditional"
    assert _status(http.put(f"{path}/s", json=service("s", uid="x")))[:2] == (409, "Conflict")
    assert _status(http.put(f"{path}/t", json=service("t")))[:2] == (404, "NotFound")
    assert _status(http.put(f"{path}/s", json=service("t")))[2] == (
        "the name of the object (t) does not match the name on the URL (s)"
    )


def test_a_write_that_changes_nothing_keeps_the_version(http: httpx.Client, space: str) -> None:
    path = f"{_deployments(space)}/d"
    http.post(_deployments(space), json=deployment("d"))
    eventually(lambda: "observedGeneration" in http.get(path).json()["status"])
    before = eventually(lambda: _settled(http, path))
    for headers, body in ((MERGE, {"spec": {"replicas": 0}}), (STRATEGIC, {"spec": {"paused": None}})):
        after = http.patch(path, headers=headers, content=json.dumps(body)).json()
        assert after["metadata"]["resourceVersion"] == before
    assert http.put(path, json=http.get(path).json()).json()["metadata"]["resourceVersion"] == before


def _settled(http: httpx.Client, path: str) -> str:
    first = http.get(path).json()["metadata"]["resourceVersion"]
    return first if first == http.get(path).json()["metadata"]["resourceVersion"] else ""


def test_generation_counts_changes_of_the_spec_only(http: httpx.Client, space: str) -> None:
    path = f"{_deployments(space)}/d"
    http.post(_deployments(space), json=deployment("d"))
    labelled = http.patch(
        path, headers=MERGE, content='{"metadata":{"labels":{"a":"b"}},"status":{"replicas":77}}'
    ).json()
    assert (labelled["metadata"]["generation"], labelled["status"].get("replicas")) == (1, None)
    assert (
        http.patch(path, headers=MERGE, content='{"spec":{"minReadySeconds":1}}').json()["metadata"]["generation"] == 2
    )


def test_the_status_subresource_changes_nothing_but_the_status(http: httpx.Client, space: str) -> None:
    path = f"{_deployments(space)}/d"
    http.post(_deployments(space), json=deployment("d"))
    body = {"status": {"collisionCount": 3}, "spec": {"replicas": 50}, "metadata": {"labels": {"from": "status"}}}
    changed = http.patch(f"{path}/status", headers=MERGE, content=json.dumps(body)).json()
    assert changed["status"]["collisionCount"] == 3
    assert changed["spec"]["replicas"] == 0
    assert "labels" not in changed["metadata"]


def test_selectors_of_workloads_cannot_change(http: httpx.Client, space: str) -> None:
    http.post(_deployments(space), json=deployment("d"))
    body = '{"spec":{"selector":{"matchLabels":{"app":"e"}},"template":{"metadata":{"labels":{"app":"e"}}}}}'
    code, _, message = _status(http.patch(f"{_deployments(space)}/d", headers=MERGE, content=body))
    assert code == 422
    assert "spec.selector: Invalid value:" in message
    assert "field is immutable" in message


def test_scale_is_read_and_written(http: httpx.Client, space: str) -> None:
    path = f"{_deployments(space)}/d/scale"
    http.post(_deployments(space), json=deployment("d"))
    scale = http.get(path).json()
    assert (scale["kind"], scale["apiVersion"], scale["spec"]) == ("Scale", "autoscaling/v1", {})
    assert scale["status"] == {"replicas": 0, "selector": "app=d"}
    wanted = {**scale, "spec": {"replicas": 2}}
    assert http.put(path, json=wanted).status_code in {200, 409}
    assert http.patch(path, headers=MERGE, content='{"spec":{"replicas":1}}').json()["spec"] == {"replicas": 1}
    stale = {**wanted, "metadata": {**wanted["metadata"], "resourceVersion": "1"}}
    assert _status(http.put(path, json=stale))[:2] == (409, "Conflict")
    assert _status(http.patch(path, headers=MERGE, content='{"spec":{"replicas":-1}}')) == (
        422, "Invalid",
        'Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    )  # fmt: skip
    assert _status(http.put(path, json=deployment("d")))[2].startswith(
        'Deployment in version "v1" cannot be handled as a Scale'
    )
    assert _status(http.get(f"{_deployments(space)}/zz/scale")) == (404, "NotFound", 'deployments.apps "zz" not found')


def test_patches_of_other_kinds_are_refused(http: httpx.Client, space: str) -> None:
    http.post(_deployments(space), json=deployment("d"))
    for kind in ("application/json", "text/plain"):
        answer = http.patch(f"{_deployments(space)}/d", headers={"Content-Type": kind}, content="{}")
        assert _status(answer) == (415, "UnsupportedMediaType", "415: Unsupported Media Type")


def test_pages_show_one_moment(http: httpx.Client, space: str) -> None:
    path = f"{NS}/{space}/services"
    for number in range(5):
        http.post(path, json=service(f"s{number}", labels={"odd": str(number % 2)}))
    first = http.get(path, params={"limit": 2}).json()
    assert [item["metadata"]["name"] for item in first["items"]] == ["s0", "s1"]
    assert first["metadata"]["remainingItemCount"] == 3
    http.post(path, json=service("s2a"))
    http.delete(f"{path}/s3")
    second = http.get(path, params={"limit": 2, "continue": first["metadata"]["continue"]}).json()
    last = http.get(path, params={"continue": second["metadata"]["continue"]}).json()
    assert [i["metadata"]["name"] for page in (second, last) for i in page["items"]] == ["s2", "s3", "s4"]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert "continue" not in last["metadata"]
    chosen = http.get(path, params={"limit": 1, "labelSelector": "odd=1"}).json()
    assert "remainingItemCount" not in chosen["metadata"]


def test_list_errors(http: httpx.Client, space: str) -> None:
    path = f"{NS}/{space}/services"
    version = int(http.get(path).json()["metadata"]["resourceVersion"])
    assert _status(http.get(path, params={"continue": "garbage"}))[:2] == (400, "BadRequest")
    old = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJ4L3lcdTAwMDAifQ"
    expired = http.get(path, params={"continue": old, "limit": 1})
    assert _status(expired)[:2] == (410, "Expired")
    assert http.get(path, params={"continue": expired.json()["metadata"]["continue"]}).status_code == 200
    exact = {"resourceVersion": "1", "resourceVersionMatch": "Exact"}
    assert _status(http.get(path, params=exact)) == (
        410, "Expired", "The resourceVersion for the provided list is too old.",
    )  # fmt: skip
    assert _status(http.get(path, params={"resourceVersion": str(version + 10**6)}))[:2] == (504, "Timeout")
    assert _status(http.get(path, params={"limit": "abc"}))[2] == 'strconv.ParseInt: parsing "abc": invalid syntax'
    assert _status(http.get(path, params={"resourceVersionMatch": "Exact"}))[0] == 422
    assert (
        _status(http.get(path, params={"labelSelector": "app=web,"}))[2] == "found '', expected: identifier after ','"
    )
    assert _status(http.get(path, params={"fieldSelector": "spec.foo=1"}))[2] == "field label not supported: spec.foo"
    assert http.get(f"{NS}/nope/pods").json()["items"] == []


def test_tables_and_metadata_on_request(http: httpx.Client) -> None:
    table = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
    body = http.get("/apis/apps/v1/namespaces/shop/deployments", headers=table).json()
    assert body["kind"] == "Table"
    assert [c["name"] for c in body["columnDefinitions"] if c["priority"] == 0] == [
        "Name", "Ready", "Up-to-date", "Available", "Age",
    ]  # fmt: skip
    assert body["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    assert (
        http.get("/api/v1/nodes", headers=table, params={"includeObject": "None"}).json()["rows"][0]["object"] is None
    )
    assert _status(http.get("/api/v1/nodes", headers=table, params={"includeObject": "Foo"}))[:2] == (400, "BadRequest")
    partial = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
    assert http.get("/api/v1/nodes", headers=partial).json()["items"][0].keys() == {"kind", "apiVersion", "metadata"}
    assert _status(http.get("/api/v1/nodes", headers={"Accept": "text/html"}))[:2] == (406, "NotAcceptable")
    assert http.get("/api/v1/nodes/node-1", headers={"Accept": "application/yaml"}).text.startswith("apiVersion: v1\n")


def _events(http: httpx.Client, path: str, **params: str) -> Iterator[dict[str, Any]]:
    with http.stream("GET", path, params={"watch": "1", **params}) as stream:
        for line in stream.iter_lines():
            yield json.loads(line)


def test_a_watch_replays_from_a_version_and_skips_what_changed_nothing(http: httpx.Client, space: str) -> None:
    path = f"{NS}/{space}/services"
    version = http.get(path).json()["metadata"]["resourceVersion"]
    http.post(path, json=service("w"))
    for _ in range(2):
        http.patch(f"{path}/w", headers=MERGE, content='{"metadata":{"labels":{"x":"y"}}}')
    http.delete(f"{path}/w")
    found = list(_events(http, path, resourceVersion=version, timeoutSeconds="1"))
    assert [event["type"] for event in found] == ["ADDED", "MODIFIED", "DELETED"]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in found]
    assert versions == sorted(set(versions))


def test_leaving_a_selection_is_deleted_and_entering_it_is_added(http: httpx.Client, space: str) -> None:
    path = f"{NS}/{space}/services"
    version = http.post(path, json=service("w", labels={"x": "y"})).json()["metadata"]["resourceVersion"]
    for value in ("z", "y"):
        http.patch(f"{path}/w", headers=MERGE, content=json.dumps({"metadata": {"labels": {"x": value}}}))
    found = list(_events(http, path, resourceVersion=version, labelSelector="x=y", timeoutSeconds="1"))
    assert [(event["type"], event["object"]["metadata"]["labels"]["x"]) for event in found] == [
        ("DELETED", "y"), ("ADDED", "y"),
    ]  # fmt: skip


def test_a_watch_list_ends_its_beginning_with_a_bookmark(http: httpx.Client, space: str) -> None:
    path = f"{NS}/{space}/services"
    http.post(path, json=service("w"))
    asked = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    found = list(_events(http, path, timeoutSeconds="1", **asked))
    assert [event["type"] for event in found] == ["ADDED", "BOOKMARK"]
    assert found[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert found[1]["object"]["kind"] == "Service"
    quiet = {**asked, "sendInitialEvents": "false"}
    assert list(_events(http, path, timeoutSeconds="1", **quiet)) == []


def test_watch_errors(http: httpx.Client) -> None:
    assert _status(http.get("/api/v1/pods", params={"watch": "1", "sendInitialEvents": "true"}))[0] == 422
    answer = http.get("/api/v1/pods", params={"watch": "1", "resourceVersion": "abc"})
    assert _status(answer)[0] == 500


def test_lists_of_a_deprecated_kind_warn(http: httpx.Client, space: str) -> None:
    table = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    for headers in ({}, table):
        assert "Endpoints is deprecated" in http.get(f"{NS}/{space}/endpoints", headers=headers).headers["Warning"]
    assert "Warning" not in http.get(f"{NS}/{space}/services").headers


def test_deletion_honours_preconditions_finalizers_and_grace(http: httpx.Client, space: str) -> None:
    path = f"{NS}/{space}/services"
    http.post(path, json=service("s"))
    wrong = http.request("DELETE", f"{path}/s", json={"preconditions": {"uid": "nope"}})
    assert _status(wrong)[:2] == (409, "Conflict")
    assert wrong.json()["details"]["kind"] == "Service"
    done = http.delete(f"{path}/s").json()
    assert (done["kind"], done["metadata"]["name"]) == ("Service", "s")
    maps = f"{NS}/{space}/configmaps"
    http.post(maps, json={"metadata": {"name": "c"}})
    done = http.delete(f"{maps}/c").json()
    assert (done["kind"], done["status"], done["details"]["kind"]) == ("Status", "Success", "configmaps")
    http.post(path, json=service("f", finalizers=["example.com/hold"]))
    held = http.delete(f"{path}/f").json()
    assert held["metadata"]["deletionGracePeriodSeconds"] == 0
    assert _status(http.post(path, json=service("f")))[2] == 'object is being deleted: services "f" already exists'
    more = http.patch(f"{path}/f", headers=MERGE, content='{"metadata":{"finalizers":["example.com/hold","a.b/c"]}}')
    assert "no new finalizers can be added" in _status(more)[2]
    assert len(more.json()["details"]["causes"]) == 2, "a real server finds it in two places"
    assert http.patch(f"{path}/f", headers=MERGE, content='{"metadata":{"finalizers":null}}').status_code == 200
    assert http.get(f"{path}/f").status_code == 404
    bad = http.delete(f"{path}/f", params={"propagationPolicy": "Sideways"})
    assert bad.status_code == 422, "options are read before the object is looked for"
    unnamed = http.post(maps, json={"metadata": {"name": "g", "finalizers": ["a.b/c", "nodomain"]}}).json()
    assert unnamed["details"]["causes"][0]["field"] == "metadata.finalizers[1]"


def test_a_pod_of_its_own_runs_and_ends_within_its_grace(http: httpx.Client, space: str) -> None:
    path = f"{NS}/{space}/pods"
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    assert http.post(path, json=pod).json()["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    eventually(lambda: http.get(f"{path}/p").json()["status"]["phase"] == "Running")
    ending = http.request("DELETE", f"{path}/p", json={"gracePeriodSeconds": 25}).json()
    assert (ending["kind"], ending["metadata"]["deletionGracePeriodSeconds"]) == ("Pod", 25)
    assert http.delete(f"{path}/p", params={"gracePeriodSeconds": "0"}).status_code == 200
    assert http.get(f"{path}/p").status_code == 404


def test_metrics_have_the_form_of_metrics_server(http: httpx.Client) -> None:
    path = "/apis/metrics.k8s.io/v1beta1"
    pods = eventually(lambda: http.get(f"{path}/namespaces/shop/pods").json()["items"], within=40)
    pod = pods[0]
    assert pod["metadata"]["namespace"] == "shop"
    assert pod["containers"][0]["usage"]["cpu"].endswith("n")
    assert pod["containers"][0]["usage"]["memory"].endswith("Ki")
    assert float(pod["window"].removesuffix("s")) <= 16
    node = http.get(f"{path}/nodes/node-1").json()
    assert node["kind"] == "NodeMetrics"
    assert _status(http.get(f"{path}/namespaces/shop/pods/zz"))[:2] == (404, "NotFound")


def test_an_access_review_allows_the_one_user_everything(http: httpx.Client) -> None:
    body = {"spec": {"resourceAttributes": {"verb": "delete", "resource": "pods"}}}
    answer = http.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", json=body)
    assert (answer.status_code, answer.json()["status"]["allowed"]) == (201, True)


def test_a_body_that_is_too_large_is_refused(http: httpx.Client, space: str) -> None:
    answer = http.post(
        f"{NS}/{space}/services", content=b"x" * (4 * 1024 * 1024), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413


APPLY = {"Content-Type": "application/apply-patch+yaml"}


def test_apply_makes_what_is_not_there_and_answers_in_yaml_1_1(http: httpx.Client, space: str) -> None:
    path = f"{NS}/{space}/configmaps/a"
    body = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n"
    assert _status(http.patch(path, headers=APPLY, content=body))[0] == 422
    made = http.patch(path, headers=APPLY, content=body, params={"fieldManager": "me"})
    assert (made.status_code, made.json()["data"]) == (201, {"k": "v"})
    again = http.patch(path, headers=APPLY, content=body, params={"fieldManager": "me"})
    assert again.json()["metadata"]["resourceVersion"] == made.json()["metadata"]["resourceVersion"]
    truth = http.patch(path, headers=APPLY, content=body.replace("k: v", "k: y"), params={"fieldManager": "me"})
    assert _status(truth)[0] == 500
    assert "expected string, got &value.valueUnstructured{Value:true}" in truth.json()["message"]


def test_a_definition_is_served_checked_scaled_and_goes_with_its_objects(http: httpx.Client, space: str) -> None:
    group = f"{space}.example.com"
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {"n": {"type": "integer", "maximum": 5, "default": 1}},
                "x-kubernetes-validations": [{"rule": "self.n != 3", "message": "not three"}],
            }
        },
    }
    scale = {"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n"}
    version = {
        "name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}, "scale": scale},
    }  # fmt: skip
    definition = {
        "metadata": {"name": f"things.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [version],
        },
    }
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    assert http.post(definitions, json=definition).status_code == 201
    path = f"/apis/{group}/v1/namespaces/{space}/things"
    eventually(lambda: http.get(path).status_code == 200, message="the definition to be served")
    head = {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "t"}}
    assert _status(http.post(path, json={**head, "spec": {"n": 3}}))[2] == (
        f'Thing.{group} "t" is invalid: spec: Invalid value: not three'
    )
    made = http.post(path, json={**head, "spec": {"typo": 1}})
    assert made.json()["spec"] == {"n": 1}
    assert made.headers["warning"] == '299 - "unknown field \\"spec.typo\\""'
    scaled = http.patch(f"{path}/t/scale", headers=MERGE, json={"spec": {"replicas": 2}})
    assert scaled.json()["spec"] == {"replicas": 2}
    assert http.get(f"{path}/t").json()["metadata"]["generation"] == 2
    assert _status(http.patch(f"{path}/t/scale", headers=MERGE, json={"spec": {"replicas": 9}}))[0] == 422
    assert http.delete(f"{definitions}/things.{group}").status_code == 200
    eventually(lambda: http.get(path).status_code == 404, message="the definition and its objects to be gone")


def test_a_quota_is_counted_at_once_and_given_back(http: httpx.Client, space: str) -> None:
    quotas = f"{NS}/{space}/resourcequotas"
    http.post(quotas, json={"metadata": {"name": "q"}, "spec": {"hard": {"count/secrets": "2"}}})
    eventually(lambda: "used" in http.get(f"{quotas}/q").json()["status"], message="the quota to be counted")
    made = [http.post(f"{NS}/{space}/secrets", json={"metadata": {"name": f"c{n}"}}) for n in range(3)]
    assert [answer.status_code for answer in made][-1] == 403
    asked = http.post(f"{NS}/{space}/secrets", params={"dryRun": "All"}, json={"metadata": {"name": "more"}})
    assert asked.status_code == 403
    assert "exceeded quota: q, requested: count/secrets=1, used: count/secrets=2" in made[-1].json()["message"]
    http.delete(f"{NS}/{space}/secrets/c0")
    eventually(
        lambda: http.get(f"{quotas}/q").json()["status"]["used"] == {"count/secrets": "1"},
        message="the quota to be counted anew",
    )
