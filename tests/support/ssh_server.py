"""A real SSH server on the loopback address: lets one key in, and forwards where it is told to."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncssh
from pydantic import SecretStr

from ai4k8s_common.kube.credentials import Bastion

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "tunnel"
PASSPHRASE = "open, please"


@dataclass
class SshServer:
    """What a test knows of the server."""

    port: int
    host_key: str
    client_key: str
    clear_client_key: str
    forwarded: list[tuple[str, int]] = field(default_factory=list)

    def bastion(self, **changes: object) -> Bastion:
        """As a person would give it, with the confirmed host key; `locked` asks for the key that has a passphrase."""
        if changes.pop("locked", False):
            changes = {
                "private_key": SecretStr(self.client_key),
                "passphrase": SecretStr(PASSPHRASE),
                **changes,
            }
        values: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": USER,
            "private_key": SecretStr(self.clear_client_key),
            "host_key": self.host_key,
        }
        return Bastion.model_validate({**values, **changes})


@contextmanager
def ssh_server(port: int = 0) -> Iterator[SshServer]:
    """Serve until the end of the block. A server started again on the same port has another host key."""
    host_key, client_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    authorized = asyncssh.import_authorized_keys(client_key.export_public_key().decode())
    forwarded: list[tuple[str, int]] = []

    connections: list[asyncssh.SSHServerConnection] = []

    class Server(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            connections.append(conn)

        def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:  # noqa: ARG002
            forwarded.append((dest_host, dest_port))
            return True

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="ssh-server", daemon=True)
    thread.start()

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.create_server(
            Server, "127.0.0.1", port, server_host_keys=[host_key], authorized_client_keys=authorized
        )

    acceptor = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)

    async def stop() -> None:
        acceptor.close()
        for connection in connections:
            connection.abort()
        await acceptor.wait_closed()

    try:
        yield SshServer(
            acceptor.get_port(),
            host_key.export_public_key().decode().strip(),
            # As few rounds as bcrypt lets pass: a test's passphrase need not be strong.
            client_key.export_private_key(passphrase=PASSPHRASE, rounds=50).decode(),
            client_key.export_private_key().decode(),
            forwarded,
        )
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
