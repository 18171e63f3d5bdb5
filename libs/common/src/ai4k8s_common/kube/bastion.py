"""The way to a cluster through an SSH server: one tunnel for each API server, shared by all who talk to it.

A tunnel ends in a Unix socket inside a folder that only this process's user can enter. A port on the loopback address
would let everybody on the machine use the way that one person's key opens. asyncssh rather than paramiko: it forwards
to sockets in files, is typed, and its server serves the tests.

Connections live in a thread of their own, because synchronous and asynchronous clients share them and because they are
kept alive between tasks.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import importlib
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import structlog

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from asyncssh import SSHClientConnection

    from ai4k8s_common.kube.addresses import AccessPolicy
    from ai4k8s_common.kube.credentials import Bastion
    from ai4k8s_common.kube.hostkey import HostKey

T = TypeVar("T")

UNUSED_SECONDS = 900.0

log = structlog.stdlib.get_logger(__name__)


class _Ssh(Protocol):
    async def connect(self, bastion: Bastion, policy: AccessPolicy) -> SSHClientConnection: ...
    async def reach(self, connection: SSHClientConnection, host: str, port: int) -> None: ...
    async def read_host_key(self, host: str, port: int, policy: AccessPolicy) -> HostKey: ...


def _ssh() -> _Ssh:
    """Whoever has no bastion does not pay for asyncssh."""
    return cast("_Ssh", importlib.import_module("ai4k8s_common.kube.ssh"))


@dataclass
class Tunnel:
    """The way to one address behind one bastion. `path` is the socket to connect to once `ensure` has returned."""

    owner: Tunnels = field(repr=False)
    bastion: Bastion = field(repr=False)
    host: str
    port: int
    policy: AccessPolicy
    path: str
    connection: SSHClientConnection | None = field(default=None, repr=False)
    opening: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    used_at: float = 0.0

    def ensure(self) -> None:
        """Open the tunnel unless it is open. Raises KubeError."""
        self.owner.call(self.open())

    async def ensure_async(self) -> None:
        """The same from another event loop."""
        await asyncio.wrap_future(self.owner.submit(self.open()))

    def reach(self) -> None:
        """See whether the bastion reaches the address. Raises KubeError."""
        self.owner.call(self._reach())

    async def _reach(self) -> None:
        await self.open()
        assert self.connection is not None  # noqa: S101 - just opened
        await _ssh().reach(self.connection, self.host, self.port)

    async def open(self) -> None:
        """In the tunnels' own thread: connect and listen, once for all who wait."""
        async with self.opening:
            self.used_at = asyncio.get_running_loop().time()
            if self.connection is not None and not self.connection.is_closed():
                return
            self.connection = await _ssh().connect(self.bastion, self.policy)
            _remove(self.path)
            await self.connection.forward_local_path_to_port(self.path, self.host, self.port)
            log.info("tunnel_opened", bastion=self.bastion.host, host=self.host, port=self.port)


def _remove(path: str) -> None:
    """A socket that an earlier connection left behind would be in the way."""
    Path(path).unlink(missing_ok=True)


class Tunnels:
    """All tunnels of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._known: dict[str, Tunnel] = {}

    def tunnel(self, bastion: Bastion, host: str, port: int, policy: AccessPolicy) -> Tunnel:
        """Return the tunnel to an address; nothing is opened yet."""
        digest = hashlib.sha256(bastion.to_json() + f"\n{host}\n{port}\n{policy}".encode()).hexdigest()[:24]
        with self._lock:
            self._start()
            assert self._folder is not None  # noqa: S101 - made at the start
            path = str(Path(self._folder.name) / digest)
            return self._known.setdefault(digest, Tunnel(self, bastion, host, port, policy, path))

    def submit(self, work: Coroutine[Any, Any, T]) -> Any:
        """Run in the tunnels' thread; returns its future."""
        assert self._loop is not None  # noqa: S101 - whoever has a tunnel has started it
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run in the tunnels' thread and wait."""
        result: T = self.submit(work).result()
        return result

    def read_host_key(self, host: str, port: int, policy: AccessPolicy) -> HostKey:
        """Ask a bastion for its key, without logging in. Raises KubeError."""
        with self._lock:
            self._start()
        return self.call(_ssh().read_host_key(host, port, policy))

    def close(self) -> None:
        """End all tunnels and the thread."""
        with self._lock:
            loop, self._loop = self._loop, None
            if loop is None:
                return
            asyncio.run_coroutine_threadsafe(self._close_all(), loop).result(5)
            loop.call_soon_threadsafe(loop.stop)
            self._known.clear()
            if self._folder is not None:
                self._folder.cleanup()
                self._folder = None

    def _start(self) -> None:
        if self._loop is not None:
            return
        self._folder = tempfile.TemporaryDirectory(prefix="ai4k8s-tunnels-", ignore_cleanup_errors=True)
        loop = self._loop = asyncio.new_event_loop()

        def run() -> None:
            loop.create_task(self._close_unused())  # noqa: RUF006 - lives as long as the loop
            loop.run_forever()
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

        threading.Thread(target=run, name="tunnels", daemon=True).start()

    async def _close_unused(self) -> None:
        """A cluster that was removed leaves no connection behind."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(UNUSED_SECONDS / 3)
            for digest, tunnel in list(self._known.items()):
                if loop.time() - tunnel.used_at > UNUSED_SECONDS and not tunnel.opening.locked():
                    del self._known[digest]
                    _end(tunnel)

    async def _close_all(self) -> None:
        for tunnel in self._known.values():
            _end(tunnel)
        open_ones = [tunnel.connection for tunnel in self._known.values() if tunnel.connection is not None]
        for connection in open_ones:
            with contextlib.suppress(OSError, TimeoutError):
                await asyncio.wait_for(connection.wait_closed(), 2)


def _end(tunnel: Tunnel) -> None:
    if tunnel.connection is not None:
        tunnel.connection.close()


@functools.cache
def shared_tunnels() -> Tunnels:
    """The tunnels of this process."""
    return Tunnels()
