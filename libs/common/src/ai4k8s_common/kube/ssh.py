"""Logging in at bastions with asyncssh. Imported only when there is one: asyncssh takes 45 MB of every process."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import asyncssh
import structlog

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.kube.addresses import check_address
from ai4k8s_common.kube.hostkey import (
    BastionError,
    BastionHostKeyChangedError,
    BastionRefusedError,
    HostKey,
    check_bastion_address,
    parse_host_key,
)

if TYPE_CHECKING:
    from asyncssh import SSHClientConnection, SSHKey

    from ai4k8s_common.kube.addresses import AccessPolicy
    from ai4k8s_common.kube.credentials import Bastion

CONNECT_SECONDS = 8.0
KEEPALIVE_SECONDS = 10

log = structlog.stdlib.get_logger(__name__)
# Its own log names every channel; ours says what matters.
asyncssh.set_log_level("ERROR")


async def connect(bastion: Bastion, policy: AccessPolicy) -> SSHClientConnection:
    """Log in at a bastion that shows the confirmed host key. Raises KubeError."""
    expected = parse_host_key(bastion.host_key)
    address = await _address(bastion.host, bastion.port, policy)
    shown: list[HostKey] = []

    class Client(asyncssh.SSHClient):
        def validate_host_public_key(self, host: str, addr: str, port: int, key: SSHKey) -> bool:  # noqa: ARG002
            shown.append(_as_host_key(key))
            return shown[-1].host_key == expected.host_key

    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            connection, _ = await asyncssh.create_connection(
                Client,
                address,
                bastion.port,
                **_quiet(),
                username=bastion.user,
                client_keys=[_private_key(bastion)],
                preferred_auth="publickey",
                known_hosts=((), (), ()),
                server_host_key_algs=_algorithms(expected),
                keepalive_interval=KEEPALIVE_SECONDS,
                keepalive_count_max=3,
            )
    except (asyncssh.HostKeyNotVerifiable, asyncssh.KeyExchangeFailed) as error:
        raise _host_key_changed(bastion, expected, shown, error) from None
    except asyncssh.PermissionDenied:
        raise BastionRefusedError(
            f"the bastion {bastion.host} does not let '{bastion.user}' in with this key",
            hint="Check the user, and that the key's public half is in ~/.ssh/authorized_keys there.",
        ) from None
    except (asyncssh.Error, OSError, TimeoutError) as error:
        raise _unreachable(bastion.host, bastion.port, error) from None
    return connection


def _host_key_changed(
    bastion: Bastion, expected: HostKey, shown: list[HostKey], error: Exception
) -> BastionHostKeyChangedError:
    found = shown[-1].fingerprint if shown else f"none of that kind ({error})"
    log.warning("bastion_host_key_changed", bastion=bastion.host, expected=expected.fingerprint, found=found)
    return BastionHostKeyChangedError(
        f"the bastion {bastion.host} shows another host key than the confirmed one: {found} instead of "
        f"{expected.fingerprint}. Nothing was sent to it",
        hint="Ask who runs it. If it was set up anew, confirm its new key in the cluster's settings; if not, "
        "somebody may be listening in.",
    )


async def read_host_key(host: str, port: int, policy: AccessPolicy) -> HostKey:
    """Return the key that an SSH server shows, by the algorithm it would be asked for later. Raises KubeError."""
    address = await _address(host, port, policy)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            key = await asyncssh.get_server_host_key(
                address,
                port,
                config=None,
                server_host_key_algs=["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256"],
            )
    except (asyncssh.Error, OSError, TimeoutError) as error:
        raise _unreachable(host, port, error) from None
    if key is None:
        raise BastionError(f"{host}:{port} shows no host key", hint="Check that this is an SSH server.")
    return _as_host_key(key)


def _as_host_key(key: SSHKey) -> HostKey:
    return parse_host_key(key.export_public_key("openssh").decode())


def _private_key(bastion: Bastion) -> SSHKey:
    passphrase = bastion.passphrase.get_secret_value() if bastion.passphrase is not None else None
    try:
        return asyncssh.import_private_key(bastion.private_key.get_secret_value(), passphrase)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        wanted = "its passphrase is wrong" if passphrase else "it needs a passphrase, or is no private key"
        raise InvalidInputError(
            f"the bastion's private key cannot be used: {wanted}", hint="Give the key and its passphrase again."
        ) from None


def _algorithms(expected: HostKey) -> list[str]:
    kind = expected.host_key.partition(" ")[0]
    return ["rsa-sha2-512", "rsa-sha2-256"] if kind == "ssh-rsa" else [kind]


def _quiet() -> dict[str, Any]:
    """Nothing of this machine's own SSH set-up is used: no configuration, agent, or identities."""
    return {"config": None, "agent_path": None, "x509_trusted_certs": None, "gss_host": None}


async def _address(host: str, port: int, policy: AccessPolicy) -> str:
    check_bastion_address(host, policy)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise BastionError(
            f"the name '{host}' of the bastion cannot be resolved: {error.strerror or error}",
            hint="Check the bastion's name and this server's DNS.",
        ) from None
    for entry in found:
        check_address(str(entry[4][0]), f"the bastion '{host}'", policy)
    return str(found[0][4][0])


def _unreachable(host: str, port: int, error: Exception) -> BastionError:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or "no answer in time"
    return BastionError(
        f"the bastion {host}:{port} cannot be used: {reason}",
        hint="Check host and port, firewalls between this server and the bastion, and that its SSH server runs.",
    )


async def reach(connection: SSHClientConnection, host: str, port: int) -> None:
    """See whether the bastion reaches an address, which a forwarded connection does not tell. Raises BastionError."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await connection.open_connection(host, port)
            writer.close()
    except (asyncssh.Error, OSError, TimeoutError) as error:
        reason = getattr(error, "reason", "") or "no answer in time"
        raise BastionError(
            f"the bastion does not reach {host}:{port}: {reason}",
            hint="Give the API server's address as the bastion sees it, and check that it allows forwarding.",
        ) from None
