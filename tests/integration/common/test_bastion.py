"""Clusters behind a bastion: the right way in works, any doubt about the bastion ends before a credential is sent."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import pytest
from pydantic import SecretStr

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.kube.addresses import AccessPolicy
from ai4k8s_common.kube.bastion import shared_tunnels
from ai4k8s_common.kube.client import AsyncKubeClient, KubeClient
from ai4k8s_common.kube.credentials import ClusterCredential
from ai4k8s_common.kube.errors import KubeUnavailableError
from ai4k8s_common.kube.hostkey import BastionError, BastionHostKeyChangedError, BastionRefusedError
from ai4k8s_common.kube.types import PODS
from tests.support.certificates import make_authority
from tests.support.kube_api import answer
from tests.support.scripted_http import scripted
from tests.support.ssh_server import ssh_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.scripted_http import ScriptedServer
    from tests.support.ssh_server import SshServer

POLICY = AccessPolicy(allow_loopback=True)
CA = make_authority()


@pytest.fixture(scope="module")
def bastion() -> Iterator[SshServer]:
    with ssh_server() as server:
        yield server


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedServer]:
    with scripted(answer, CA.server_context(tmp_path_factory.mktemp("tls"), name="localhost")) as server:
        yield server


def credential(api: ScriptedServer, bastion: SshServer, **changes: object) -> ClusterCredential:
    return ClusterCredential(
        server=f"https://localhost:{api.port}",
        ca_pem=CA.pem,
        token=SecretStr("canary-token"),
        bastion=bastion.bastion(**changes),
    )


def test_one_tunnel_serves_synchronous_and_asynchronous_clients_and_tls_is_the_clusters_own(
    api: ScriptedServer, bastion: SshServer
) -> None:
    bastion.forwarded.clear()
    locked = credential(api, bastion, locked=True)
    with KubeClient(locked, POLICY) as client:
        assert client.version().git_version == "v1.33.0"

    async def read() -> int:
        async with AsyncKubeClient(locked, POLICY) as kube:
            return len(await kube.list_all(PODS))

    assert asyncio.run(read()) == 0
    assert set(bastion.forwarded) == {("localhost", api.port)}
    assert api.seen[-1].headers["authorization"] == "Bearer canary-token"


def test_a_tunnel_is_a_socket_that_only_its_user_can_enter(api: ScriptedServer, bastion: SshServer) -> None:
    tunnel = shared_tunnels().tunnel(bastion.bastion(), "localhost", api.port, POLICY)
    tunnel.ensure()
    path = Path(tunnel.path)
    assert path.is_socket()
    assert path.parent.stat().st_mode & 0o077 == 0


def test_another_host_key_is_refused_before_anything_is_sent(api: ScriptedServer, bastion: SshServer) -> None:
    with ssh_server() as other:
        changed = credential(api, bastion, host_key=other.host_key)
    seen = len(api.seen)
    with KubeClient(changed, POLICY) as client, pytest.raises(BastionHostKeyChangedError) as caught:
        client.version()
    assert not caught.value.retryable
    assert "SHA256:" in caught.value.detail
    assert "confirm its new key" in caught.value.hint
    assert len(api.seen) == seen


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"user": "somebody"}, BastionRefusedError, "does not let 'somebody' in"),
        ({"locked": True, "passphrase": SecretStr("wrong")}, InvalidInputError, "passphrase is wrong"),
        ({"locked": True, "passphrase": None}, InvalidInputError, "needs a passphrase"),
        ({"private_key": SecretStr("nonsense")}, InvalidInputError, "private key cannot be used"),
        ({"host": "nowhere.invalid"}, BastionError, "cannot be resolved"),
        ({"host": "169.254.169.254"}, InvalidInputError, "link-local"),
    ],
)
def test_a_bastion_that_cannot_be_used_says_why(
    api: ScriptedServer, bastion: SshServer, changes: dict[str, object], error: type[Exception], words: str
) -> None:
    if "user" in changes:
        changes = {**changes, "private_key": SecretStr(other_key())}
    with KubeClient(credential(api, bastion, **changes), POLICY) as client, pytest.raises(error) as caught:
        client.version()
    assert words in str(caught.value)
    assert "canary" not in str(caught.value)


def other_key() -> str:
    return asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()


def test_a_bastion_on_this_machine_needs_the_operators_leave(api: ScriptedServer, bastion: SshServer) -> None:
    with KubeClient(credential(api, bastion), AccessPolicy()) as client, pytest.raises(InvalidInputError, match=r"127"):
        client.version()


def test_what_the_bastion_does_not_reach_is_told_as_such(bastion: SshServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    tunnel = shared_tunnels().tunnel(bastion.bastion(), "127.0.0.1", port, POLICY)
    with pytest.raises(BastionError, match="does not reach"):
        tunnel.reach()
    dead = ClusterCredential(server=f"https://127.0.0.1:{port}", token=SecretStr("x"), bastion=bastion.bastion())
    with KubeClient(dead, POLICY) as client, pytest.raises(KubeUnavailableError):
        client.version()


def test_a_tunnel_opens_again_after_the_bastion_went_away_and_not_to_another_one(api: ScriptedServer) -> None:
    with ssh_server() as first:
        known = credential(api, first)
        client = KubeClient(known, POLICY)
        client.version()
        port = first.port
    try:
        with pytest.raises(KubeUnavailableError):
            client.version()
        with ssh_server(port), pytest.raises(BastionHostKeyChangedError):
            client.version()
    finally:
        client.close()


def test_the_first_time_a_bastions_key_is_read_to_be_confirmed(bastion: SshServer) -> None:
    found = shared_tunnels().read_host_key("127.0.0.1", bastion.port, POLICY)
    assert found.host_key.split() == bastion.host_key.split()[:2]
    assert found.fingerprint.startswith("SHA256:")
    with pytest.raises(InvalidInputError):
        shared_tunnels().read_host_key("127.0.0.1", bastion.port, AccessPolicy())
