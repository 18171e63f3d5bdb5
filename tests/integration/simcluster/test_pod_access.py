"""Logs, commands, evictions and bindings, through kubectl and the official client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from kubernetes import client, stream
from kubernetes.client.exceptions import ApiException

from tests.support.wait import eventually

if TYPE_CHECKING:
    import httpx

    from tests.integration.simcluster.conftest import Kubectl

APP = "app.kubernetes.io/name=api"


@pytest.fixture(scope="module")
def core(api: Any) -> Any:
    return client.CoreV1Api(api)


def names(ctl: Kubectl, selector: str = APP) -> list[str]:
    """The ready pods of a workload, oldest names first."""
    pods = ctl.json("get", "pods", "-n", "shop", "-l", selector)["items"]
    return sorted(
        pod["metadata"]["name"]
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
        and any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
    )


@pytest.fixture
def pod(ctl: Kubectl) -> str:
    return eventually(lambda: names(ctl), within=20)[0]


def test_a_log_is_shown_in_parts(ctl: Kubectl, pod: str) -> None:
    whole = ctl("logs", pod, "-n", "shop").splitlines()
    assert ctl("logs", pod, "-n", "shop", "--limit-bytes=10") == whole[0][:10]
    *_, before_last, last = ctl("logs", pod, "-n", "shop", "--timestamps").splitlines()

    def last_two() -> list[str]:
        return ctl("logs", pod, "-n", "shop", "--tail=2", "--timestamps").splitlines()

    # A line may be written between two reads: then the one that was last comes before it.
    assert last in last_two()
    assert len(last_two()) == 2
    assert before_last.partition(" ")[2] in whole
    assert "requests served" in ctl("logs", "deploy/api", "-n", "shop")


def test_a_log_that_is_not_there_says_why(ctl: Kubectl, http: httpx.Client, pod: str) -> None:
    said = ctl.run("logs", pod, "-n", "shop", "--previous").stderr
    assert f'previous terminated container "app" in pod "{pod}" not found' in said
    refused = http.get(f"/api/v1/namespaces/shop/pods/{pod}/log?container=nope")
    assert (refused.status_code, refused.json()["message"]) == (400, f"container nope is not valid for pod {pod}")
    pending: dict[str, Any] = {
        "metadata": {"name": "pending"},
        "spec": {"nodeSelector": {"x": "y"}, "containers": [{"name": "c", "image": "x"}]},
    }
    assert http.post("/api/v1/namespaces/shop/pods", json=pending).status_code == 201
    assert http.get("/api/v1/namespaces/shop/pods/pending/log").status_code == 204
    said = ctl.run("exec", "pending", "-n", "shop", "--", "ls").stderr
    assert said == "error: unable to upgrade connection: pod pending does not have a host assigned\n"
    ctl("delete", "pod", "pending", "-n", "shop", "--force", "--grace-period=0")


def test_a_followed_log_ends_with_its_pod(ctl: Kubectl, pod: str) -> None:
    following = ctl.follow("logs", pod, "-n", "shop", "--tail=1", "-f")
    assert following.stdout is not None
    assert following.stdout.readline()
    ctl("delete", "pod", pod, "-n", "shop", "--wait=false")
    rest, _ = following.communicate(timeout=20)
    assert 'msg="SIGTERM received' in rest
    assert following.returncode == 0


@pytest.mark.parametrize(
    ("command", "stdout", "code"),
    [
        (("cat", "/etc/hostname"), "{pod}\n", 0),
        (("sh", "-c", "echo $HOSTNAME; exit 3"), "{pod}\n", 3),
        (("ls", "/nowhere"), "", 1),
        (("nope",), "", 127),
    ],
)
def test_a_command_runs_and_its_exit_code_comes_back(
    ctl: Kubectl, pod: str, command: tuple[str, ...], stdout: str, code: int
) -> None:
    done = ctl.run("exec", pod, "-n", "shop", "--", *command)
    assert (done.stdout, done.returncode) == (stdout.format(pod=pod), code)


def test_a_shell_reads_its_standard_input(ctl: Kubectl, pod: str) -> None:
    done = ctl.run("exec", "-i", pod, "-n", "shop", "--", "sh", stdin="cd /etc\npwd\nexit 4\n")
    assert (done.stdout, done.returncode) == ("/etc\n", 4)


def test_the_official_client_runs_commands_too(core: Any, pod: str) -> None:
    connect: Any = core.connect_get_namespaced_pod_exec
    run: Any = stream.stream
    command = ["sh", "-c", "echo hi; exit 7"]
    socket = run(connect, pod, "shop", command=command, stdout=True, stderr=True, _preload_content=False)
    socket.run_forever(timeout=10)
    assert (socket.read_stdout(), socket.returncode) == ("hi\n", 7)
    socket.sock.shutdown()  # the client leaves it open once the server has said goodbye


def test_commands_need_the_right_to_create(ctl: Kubectl, pod: str) -> None:
    ctl("create", "role", "looker", "-n", "shop", "--verb=get", "--resource=pods,pods/exec")
    ctl("create", "rolebinding", "looker", "-n", "shop", "--role=looker", "--user=looker")
    refused = ctl.run("exec", pod, "-n", "shop", "--as", "looker", "--", "ls")
    assert refused.returncode == 1
    assert 'cannot create resource "pods/exec"' in refused.stderr


@pytest.mark.parametrize("command", [("attach",), ("port-forward",)])
def test_what_is_not_served_is_not_found(ctl: Kubectl, pod: str, command: tuple[str, ...]) -> None:
    refused = ctl.run(*command, pod, "-n", "shop", *(("8080",) if command == ("port-forward",) else ()))
    assert refused.returncode == 1
    assert "the server could not find the requested resource" in refused.stderr


def test_an_eviction_asks_the_budget(core: Any, ctl: Kubectl) -> None:
    eventually(lambda: len(names(ctl, "app.kubernetes.io/name=web")) == 3, within=30)
    ctl("create", "pdb", "web", "-n", "shop", "--selector=app.kubernetes.io/name=web", "--min-available=2")
    policy = client.PolicyV1Api(core.api_client)
    budget: Any = policy.read_namespaced_pod_disruption_budget
    eventually(lambda: budget("web", "shop").status.disruptions_allowed == 1, within=10)
    first, second, _ = names(ctl, "app.kubernetes.io/name=web")

    def evict(name: str, **options: Any) -> Any:
        body = client.V1Eviction(metadata=client.V1ObjectMeta(name=name), **options)
        return core.create_namespaced_pod_eviction(name, "shop", body)

    evict(first, delete_options=client.V1DeleteOptions(dry_run=["All"]))
    evict(first)
    ctl("delete", "pdb", "web", "-n", "shop")
    ctl("create", "pdb", "web", "-n", "shop", "--selector=app.kubernetes.io/name=web", "--min-available=3")
    eventually(lambda: budget("web", "shop").status.current_healthy == 3, within=20)
    with pytest.raises(ApiException) as refused:
        evict(second)
    assert refused.value.status == 429
    assert "The disruption budget web needs 3 healthy pods and has 3 currently" in str(refused.value.body)
    ctl("create", "pdb", "again", "-n", "shop", "--selector=app.kubernetes.io/name=web", "--max-unavailable=50%")
    with pytest.raises(ApiException) as refused:
        evict(second)
    assert refused.value.status == 500
    ctl("delete", "pdb", "again", "web", "-n", "shop")


def test_a_node_is_drained_and_brought_back(ctl: Kubectl) -> None:
    node = "node-2"
    done = ctl("drain", node, "--ignore-daemonsets", "--timeout=30s", "--force")
    assert f"node/{node} drained" in done
    pods = ctl.json("get", "pods", "-A", "--field-selector", f"spec.nodeName={node}")["items"]
    assert [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]] == []
    assert "SchedulingDisabled" in ctl("get", "node", node)
    ctl("uncordon", node)
    assert "SchedulingDisabled" not in ctl("get", "node", node)


def test_a_pod_is_bound_once(http: httpx.Client) -> None:
    pods = "/api/v1/namespaces/shop/pods"
    spec = {"schedulerName": "mine", "containers": [{"name": "c", "image": "x"}]}
    assert http.post(pods, json={"metadata": {"name": "mine"}, "spec": spec}).status_code == 201
    binding = {"metadata": {"name": "mine"}, "target": {"kind": "Node", "name": "node-1"}}
    assert http.post(f"{pods}/mine/binding", json=binding).status_code == 201
    assert http.get(f"{pods}/mine").json()["spec"]["nodeName"] == "node-1"
    again = http.post(f"{pods}/mine/binding", json=binding)
    assert (again.status_code, again.json()["reason"]) == (409, "Conflict")
    http.delete(f"{pods}/mine?gracePeriodSeconds=0")


def test_a_running_pod_is_resized_in_place_and_nothing_else_of_it_changes(ctl: Kubectl, pod: str) -> None:
    def patch(body: str) -> Any:
        return ctl.run("patch", "pod", pod, "-n", "shop", "--subresource", "resize", "-p", body)

    before = ctl.json("get", "pod", pod, "-n", "shop")
    assert patch(_resources("100m")).returncode == 0

    def allocated() -> bool:
        statuses = ctl.json("get", "pod", pod, "-n", "shop")["status"]["containerStatuses"]
        return bool(statuses[0].get("allocatedResources", {}).get("cpu") == "100m")

    eventually(allocated)
    after = ctl.json("get", "pod", pod, "-n", "shop")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["status"]["containerStatuses"][0]["restartCount"] == 0
    assert after["spec"]["containers"][0]["resources"]["requests"]["cpu"] == "100m"
    assert after["metadata"]["generation"] == before["metadata"].get("generation", 1) + 1
    refused = patch('{"spec":{"containers":[{"name":"app","image":"other"}]}}')
    assert "only cpu and memory resources for sidecar and regular containers are mutable" in refused.stderr
    plain = ctl.run("patch", "pod", pod, "-n", "shop", "-p", _resources("200m"))
    assert "pod updates may not change fields other than" in plain.stderr


def _resources(cpu: str) -> str:
    return json.dumps({"spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": cpu}}}]}})
