"""Both clients against a server that does everything a real one can, including hanging up."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import pytest

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.kube.addresses import AccessPolicy
from ai4k8s_common.kube.client import AsyncKubeClient, KubeClient
from ai4k8s_common.kube.credentials import ClusterCredential
from ai4k8s_common.kube.errors import (
    KubeConflictError,
    KubeError,
    KubeForbiddenError,
    KubeGoneError,
    KubeInvalidError,
    KubeNotFoundError,
    KubeProtocolError,
    KubeThrottledError,
    KubeTlsError,
    KubeUnauthorizedError,
    KubeUnavailableError,
)
from ai4k8s_common.kube.transport import Timeouts
from ai4k8s_common.kube.types import PODS, Pod, WorkloadKind, WorkloadRef
from tests.support.certificates import make_authority
from tests.support.scripted_http import Reply, ScriptedServer, Seen, in_turn, scripted

if TYPE_CHECKING:
    from pathlib import Path

POLICY = AccessPolicy(allow_loopback=True)
QUICK = Timeouts(connect_seconds=0.5, read_seconds=0.3, total_seconds=0.6)
WEB = WorkloadRef(WorkloadKind.DEPLOYMENT, "shop", "web")


def credential(server: ScriptedServer | str, **more: Any) -> ClusterCredential:
    url = server if isinstance(server, str) else server.url
    return ClusterCredential.model_validate({"server": url, "token": "canary-token", **more})


def pods(*names: str, following: str = "", remaining: int | None = None) -> Reply:
    metadata: dict[str, Any] = {"resourceVersion": "7", "continue": following}
    if remaining is not None:
        metadata["remainingItemCount"] = remaining
    items = [{"metadata": {"name": name, "namespace": "shop"}, "spec": {"containers": []}} for name in names]
    return Reply(body={"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items})


def status(code: int, message: str = "because", **headers: str) -> Reply:
    return Reply(code, {"kind": "Status", "status": "Failure", "message": message, "code": code}, headers)


class Both:
    """The same question through either client."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def pods(self, used: ClusterCredential, timeouts: Timeouts = QUICK) -> list[Pod]:
        if self.kind == "sync":
            with KubeClient(used, POLICY, timeouts) as client:
                return client.list_all(PODS)

        async def ask() -> list[Pod]:
            async with AsyncKubeClient(used, POLICY, timeouts) as client:
                return await client.list_all(PODS)

        return asyncio.run(ask())


@pytest.fixture(params=["sync", "async"])
def both(request: pytest.FixtureRequest) -> Both:
    return Both(request.param)


def names(found: list[Pod]) -> list[str]:
    return [pod.metadata.name for pod in found]


def test_a_list_is_read_page_by_page(both: Both) -> None:
    with scripted(in_turn(pods("a", "b", following="t1", remaining=1), pods("c"))) as server:
        assert names(both.pods(credential(server))) == ["a", "b", "c"]
    assert [seen.params for seen in server.seen] == [{"limit": "500"}, {"limit": "500", "continue": "t1"}]
    assert server.seen[0].headers["authorization"] == "Bearer canary-token"


def test_a_null_list_is_an_empty_one(both: Both) -> None:
    with scripted(in_turn(Reply(body={"kind": "PodList", "metadata": {}, "items": None}))) as server:
        assert both.pods(credential(server)) == []


def test_an_expired_snapshot_half_way_restarts_the_list(both: Both) -> None:
    answers = in_turn(pods("a", following="t1"), status(410), pods("a", "b", following="t2"), pods("c"))
    with scripted(answers) as server:
        assert names(both.pods(credential(server))) == ["a", "b", "c"]


def test_a_snapshot_that_always_expires_is_an_error(both: Both) -> None:
    def script(seen: Seen) -> Reply:
        return status(410) if "continue" in seen.params else pods("a", following="t1")

    with scripted(script) as server, pytest.raises(KubeGoneError):
        both.pods(credential(server))
    assert len(server.seen) == 6


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(body=pods("a", "b").raw(), cut_after=40), id="connection cut"),
        pytest.param(Reply(body=pods("a", "b").raw()[:-5]), id="half a JSON"),
        pytest.param(Reply(body=b""), id="nothing"),
        pytest.param(Reply(body={}), id="an empty object"),
        pytest.param(Reply(body={"kind": "Status", "metadata": {}}), id="another kind"),
        pytest.param(Reply(body=b"<html>welcome</html>"), id="a login page"),
        pytest.param(Reply(302, b"", {"location": "https://10.0.0.1/"}), id="a redirect"),
    ],
)
def test_what_is_no_whole_list_is_never_an_empty_one(both: Both, reply: Reply) -> None:
    with scripted(in_turn(reply)) as server, pytest.raises(KubeError):
        both.pods(credential(server))


def test_a_list_that_ends_early_is_an_error(both: Both) -> None:
    answers = in_turn(pods("a", following="t1", remaining=3), pods("b"))
    with scripted(answers) as server, pytest.raises(KubeProtocolError, match="2 of 4"):
        both.pods(credential(server))


def test_a_list_that_never_ends_is_an_error(both: Both) -> None:
    with scripted(in_turn(pods("a", following="t1"))) as server, pytest.raises(KubeProtocolError):
        both.pods(credential(server))


@pytest.mark.parametrize(
    ("code", "kind", "retryable"),
    [
        (400, KubeInvalidError, False),
        (401, KubeUnauthorizedError, False),
        (403, KubeForbiddenError, False),
        (404, KubeNotFoundError, False),
        (409, KubeConflictError, False),
        (410, KubeGoneError, True),
        (422, KubeInvalidError, False),
        (429, KubeThrottledError, True),
        (500, KubeUnavailableError, True),
        (503, KubeUnavailableError, True),
        (504, KubeUnavailableError, True),
    ],
)
def test_each_answer_is_an_error_that_says_whether_to_retry(
    both: Both, code: int, kind: type[KubeError], retryable: bool
) -> None:
    with scripted(in_turn(status(code, "pods is bad"))) as server, pytest.raises(kind) as caught:
        both.pods(credential(server))
    assert caught.value.retryable is retryable
    assert "pods is bad" in caught.value.detail
    assert "canary" not in f"{caught.value!r} {caught.value.hint}"


def test_a_throttled_answer_says_how_long_to_wait(both: Both) -> None:
    with scripted(in_turn(status(429, **{"Retry-After": "7"}))) as server, pytest.raises(KubeThrottledError) as caught:
        both.pods(credential(server))
    assert caught.value.retry_after_seconds == 7


def test_a_server_that_hangs_is_unavailable(both: Both) -> None:
    with scripted(in_turn(Reply(hang=True))) as server, pytest.raises(KubeUnavailableError, match="in time"):
        both.pods(credential(server))


def test_a_server_that_drips_is_unavailable(both: Both) -> None:
    with (
        scripted(in_turn(Reply(body=pods("a").raw(), drip_seconds=0.05))) as server,
        pytest.raises(KubeUnavailableError, match="whole"),
    ):
        both.pods(credential(server))


def test_a_refused_connection_is_unavailable(both: Both) -> None:
    with scripted(in_turn(Reply())) as server:
        used = credential(server)
    with pytest.raises(KubeUnavailableError, match="refuses connections"):
        both.pods(used)


def test_a_name_that_does_not_resolve_is_unavailable(both: Both) -> None:
    with pytest.raises(KubeUnavailableError, match="cannot be resolved"):
        both.pods(credential("https://nowhere.invalid"))


def test_a_name_is_checked_again_when_it_is_resolved(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def rebound(host: str, port: int, *_: object, **__: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    with pytest.raises(InvalidInputError, match="link-local"):
        both.pods(credential("https://innocent.example"))


def test_proxies_of_the_environment_are_ignored(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with scripted(in_turn(pods("a"))) as server:
        assert names(both.pods(credential(server))) == ["a"]


def test_tls_is_checked_against_the_clusters_own_ca(both: Both, tmp_path: Path) -> None:
    authority = make_authority()
    with scripted(in_turn(pods("a")), authority.server_context(tmp_path)) as server:
        assert names(both.pods(credential(server, ca_pem=authority.pem))) == ["a"]
        for wrong in (make_authority().pem, None):
            with pytest.raises(KubeTlsError):
                both.pods(credential(server, ca_pem=wrong))
        with pytest.raises(KubeTlsError):
            both.pods(credential(server, ca_pem=authority.pem, tls_server_name="other.test"))
        named = credential(server, ca_pem=authority.pem, tls_server_name="kube.test")
        assert names(both.pods(named)) == ["a"]
        assert names(both.pods(credential(server, insecure_skip_tls_verify=True))) == ["a"]


def test_a_client_certificate_logs_in_and_leaves_no_file(both: Both, tmp_path: Path) -> None:
    authority = make_authority()
    certificate, key = authority.sign("me")
    tls = authority.server_context(tmp_path, client_required=True)
    with scripted(in_turn(pods("a")), tls) as server:
        used = ClusterCredential.model_validate(
            {
                "server": server.url,
                "ca_pem": authority.pem,
                "client_certificate_pem": certificate,
                "client_key_pem": key,
            }
        )
        assert names(both.pods(used)) == ["a"]
    with pytest.raises(InvalidInputError):
        both.pods(used.model_copy(update={"client_certificate_pem": authority.sign("you")[0]}))


def test_username_and_password_log_in() -> None:
    with scripted(in_turn(Reply(body={"gitVersion": "v1.33.1"}))) as server:
        used = ClusterCredential.model_validate({"server": server.url, "username": "me", "password": "pw"})
        with KubeClient(used, POLICY, QUICK) as client:
            assert client.version().git_version == "v1.33.1"
    assert server.seen[0].headers["authorization"] == f"Basic {base64.b64encode(b'me:pw').decode()}"


def scale_body(replicas: int, version: str) -> dict[str, Any]:
    return {
        "kind": "Scale",
        "metadata": {"name": "web", "namespace": "shop", "resourceVersion": version, "uid": "u"},
        "spec": {"replicas": replicas},
        "status": {"replicas": 2},
    }


def test_a_scale_patch_names_the_version_it_was_planned_on() -> None:
    with (
        scripted(in_turn(Reply(body=scale_body(2, "41")), Reply(body=scale_body(5, "42")))) as server,
        KubeClient(credential(server), POLICY, QUICK) as client,
    ):
        before = client.get_scale(WEB)
        after = client.patch_scale(WEB, 5, resource_version=before.resource_version)
    assert (before.desired_replicas, before.current_replicas) == (2, 2)
    assert (after.desired_replicas, after.resource_version) == (5, "42")
    sent = server.seen[1]
    assert (sent.method, sent.path) == ("PATCH", "/apis/apps/v1/namespaces/shop/deployments/web/scale")
    assert sent.headers["content-type"] == "application/merge-patch+json"
    assert sent.params == {"fieldManager": "ai4k8s"}
    assert sent.body == b'{"metadata": {"resourceVersion": "41"}, "spec": {"replicas": 5}}'


def test_annotations_are_set_and_removed() -> None:
    answer = Reply(body={"metadata": {"name": "web", "annotations": {"a": "1"}, "resourceVersion": "9"}})
    with (
        scripted(in_turn(answer)) as server,
        KubeClient(credential(server), POLICY, QUICK) as client,
    ):
        assert client.patch_annotations(WEB, {"a": "1", "b": None}).resource_version == "9"
    assert server.seen[0].body == b'{"metadata": {"annotations": {"a": "1", "b": null}}}'


@pytest.mark.parametrize("name", ["../../secrets", "a/b", "", "Web", "a..b", "x?y"])
def test_a_name_never_becomes_another_path(name: str) -> None:
    with KubeClient(credential("https://10.0.0.1"), POLICY, QUICK) as client, pytest.raises(InvalidInputError):
        client.get_scale(WorkloadRef(WorkloadKind.DEPLOYMENT, "shop", name))


def test_a_patch_without_a_version_is_refused() -> None:
    with KubeClient(credential("https://10.0.0.1"), POLICY, QUICK) as client, pytest.raises(InvalidInputError):
        client.patch_scale(WEB, 3, resource_version="")


def test_a_right_is_asked_for() -> None:
    with (
        scripted(in_turn(Reply(201, {"status": {"allowed": True}}))) as server,
        KubeClient(credential(server), POLICY, QUICK) as client,
    ):
        assert client.allowed("list", "apps", "deployments")
    assert b'"verb": "list"' in server.seen[0].body
