"""A small TCP proxy that delays, throttles, stalls and cuts: the other half of the fault harness."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

T = TypeVar("T")
HOST = "127.0.0.1"
CHUNK_BYTES = 65_536
START_WITHIN_SECONDS = 10.0
# Linger on with time 0: closing resets the connection, as a broken network path does, instead of ending it politely.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class TcpProxy:
    """Forwards a port of its own to a target, in a thread of its own, and misbehaves when told to."""

    def __init__(self, target_host: str, target_port: int) -> None:
        self.target = (target_host, target_port)
        self.port = 0
        self.accepted_connections = 0
        self._delay_seconds = 0.0
        self._bytes_per_second: float | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy", daemon=True)
        self._thread.start()
        self._call(self._listen())

    def url_for(self, url: str) -> str:
        """The same address, reached through this proxy."""
        parts = urlsplit(url)
        login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
        return urlunsplit(parts._replace(netloc=f"{login}{HOST}:{self.port}"))

    def delay(self, milliseconds: float) -> None:
        """Hold back every chunk for this long, in both directions."""
        self._delay_seconds = milliseconds / 1000

    def throttle(self, bytes_per_second: float | None) -> None:
        """Let only so much through per connection and direction; None for no limit."""
        self._bytes_per_second = bytes_per_second

    def stall(self) -> None:
        """Keep connections open and accept new ones, but let nothing through, until `restore`."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def cut(self) -> None:
        """Reset all connections and refuse new ones, until `restore`."""
        self._call(self._cut())

    def reset_connections(self) -> None:
        """Reset all connections, but go on accepting."""
        self._call(self._reset())

    def restore(self) -> None:
        """Be a good proxy again: no delay, no limit, accepting."""
        self._delay_seconds = 0.0
        self._bytes_per_second = None
        self._call(self._restore())

    def close(self) -> None:
        """End the proxy and its thread."""
        self._call(self._shut_down())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_WITHIN_SECONDS)
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_WITHIN_SECONDS)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted_connections += 1
        try:
            onward_reader, onward_writer = await asyncio.open_connection(*self.target)
        except OSError:
            self._abort(writer)
            return
        self._writers |= {writer, onward_writer}
        for source, sink in ((reader, onward_writer), (onward_reader, writer)):
            task = asyncio.get_running_loop().create_task(self._pump(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while chunk := await source.read(CHUNK_BYTES):
                await self._misbehave(len(chunk))
                sink.write(chunk)
                await sink.drain()
        except OSError:
            self._abort(sink)
        finally:
            self._writers.discard(sink)
            sink.close()

    async def _misbehave(self, size_bytes: int) -> None:
        await self._flowing.wait()
        seconds = self._delay_seconds
        if self._bytes_per_second is not None:
            seconds += size_bytes / self._bytes_per_second
        if seconds:
            await asyncio.sleep(seconds)

    async def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._reset()

    async def _reset(self) -> None:
        for writer in list(self._writers):
            self._abort(writer)
        await self._end_tasks()

    async def _end_tasks(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _restore(self) -> None:
        self._flowing.set()
        if self._server is None:
            await self._listen()

    async def _shut_down(self) -> None:
        self._flowing.set()
        await self._cut()

    def _abort(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        if (connection := writer.get_extra_info("socket")) is not None and not writer.is_closing():
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        writer.transport.abort()


@pytest.fixture
def tcp_proxy() -> Iterator[Callable[[str, int], TcpProxy]]:
    """Put a proxy in front of a server: `proxy = tcp_proxy("127.0.0.1", port)`, then `proxy.url_for(url)`."""
    made: list[TcpProxy] = []

    def make(target_host: str, target_port: int) -> TcpProxy:
        made.append(TcpProxy(target_host, target_port))
        return made[-1]

    try:
        yield make
    finally:
        for proxy in made:
            proxy.close()
