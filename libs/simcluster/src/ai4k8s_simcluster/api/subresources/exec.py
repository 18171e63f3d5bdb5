"""`pods/exec`: commands in containers, over the WebSocket protocols of Kubernetes' clients.

Every message begins with the number of its channel. The exit code comes last, as a Status on the error channel.
SPDY, the older way, is not spoken: who asks for it is told so.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import orjson
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from ai4k8s_simcluster import errors
from ai4k8s_simcluster.api.requests import Target
from ai4k8s_simcluster.api.resources import Call
from ai4k8s_simcluster.auth.attributes import Attributes
from ai4k8s_simcluster.auth.rbac import Rbac
from ai4k8s_simcluster.clock import Clock
from ai4k8s_simcluster.pods.containers import Container, find_container
from ai4k8s_simcluster.pods.inside import TokenMaker, look_inside
from ai4k8s_simcluster.pods.reach import reach_kubelet
from ai4k8s_simcluster.pods.shell import Result, Shell
from ai4k8s_simcluster.registry import PODS
from ai4k8s_simcluster.store import Store
from ai4k8s_simcluster.types import Obj

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_INTERACTIVE = {"sh", "bash", "ash", "/bin/sh", "/bin/bash", "/bin/ash"}
_TRUE = {"1", "true", "True"}
_CLOSE_CHANNEL = 255
_PROMPT = "{directory} # "


Start = Callable[[WebSocket], Awaitable[None]]


class Channel(IntEnum):
    """The streams of one command."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2
    ERROR = 3
    RESIZE = 4


@dataclass(frozen=True, slots=True)
class ExecOptions:
    """What to run, where, and which streams the client wants."""

    command: tuple[str, ...]
    container: str = ""
    stdin: bool = False
    stdout: bool = False
    stderr: bool = False
    tty: bool = False


def read_options(pairs: Sequence[tuple[str, str]]) -> ExecOptions:
    """Read the query of a request. Raises ApiError (400)."""
    query = dict(pairs)
    command = tuple(value for name, value in pairs if name == "command")
    if not command:
        raise errors.bad_request("you must specify at least 1 command for the container")
    flags = {name: query.get(name, "") in _TRUE for name in ("stdin", "stdout", "stderr", "tty")}
    if not any(flags[name] for name in ("stdin", "stdout", "stderr")):
        raise errors.bad_request("you must specify at least one of stdin, stdout, stderr")
    return ExecOptions(command, query.get("container", ""), **flags)


class PodExec:
    """Runs commands in pods."""

    def __init__(self, store: Store, rbac: Rbac, clock: Clock, make_token: TokenMaker) -> None:
        self._store = store
        self._rbac = rbac
        self._clock = clock
        self._make_token = make_token

    def refuse(self, call: Call) -> Response:
        """Answer a request that is no WebSocket: with what is wrong with it, or that an upgrade is needed.

        Raises ApiError always (400, 404, 500).
        """
        self._prepare(call.target, call.pairs)
        if call.headers.get("upgrade", "").lower().startswith("spdy"):
            raise errors.bad_request("unable to upgrade: SPDY is not served here; use the WebSocket protocols")
        raise errors.bad_request("Upgrade request required")

    def prepare(self, request: Attributes, target: Target, pairs: Sequence[tuple[str, str]]) -> Start:
        """Return what starts the command. Raises ApiError (400, 403, 404, 500)."""
        # A WebSocket begins as a GET, and whoever may only read must not run commands.
        self._rbac.require(replace(request, verb="create"))
        options, container = self._prepare(target, pairs)

        async def start(socket: WebSocket) -> None:
            inside = look_inside(self._store, container, self._make_token)
            await _Session(socket, options, Shell(inside, self._clock.now)).run()

        return start

    def _prepare(self, target: Target, pairs: Sequence[tuple[str, str]]) -> tuple[ExecOptions, Container]:
        options = read_options(pairs)
        stored = self._store.get(PODS, target.namespace, target.name)
        if stored is None:
            raise errors.not_found(PODS, target.name)
        container = find_container(stored.obj, options.container)
        if not stored.obj["spec"].get("nodeName"):
            raise errors.bad_request(f"pod {target.name} does not have a host assigned")
        reach_kubelet(self._store, container, "exec", "Post")
        if container.running is None:
            raise errors.internal(f'unable to upgrade connection: container not found ("{container.name}")')
        return options, container


class _Session:
    """One command over one socket."""

    def __init__(self, socket: WebSocket, options: ExecOptions, shell: Shell) -> None:
        self._socket = socket
        self._options = options
        self._shell = shell

    async def run(self) -> None:
        """Run the command to its end and tell its exit code."""
        wanted = self._socket.scope.get("subprotocols") or []
        protocol = next((name for name in PROTOCOLS if name in wanted), None)
        await self._socket.accept(protocol)
        try:
            await self._send(Channel.STDOUT, b"")
            code = await self._command()
            await self._send(Channel.ERROR, orjson.dumps(exit_status(code)))
            await self._socket.close()
        except WebSocketDisconnect:
            return  # the client has gone, and the command with it

    async def _command(self) -> int:
        command = self._options.command
        name = command[0].rsplit("/", 1)[-1]
        if command[0] in _INTERACTIVE and not any(word.endswith("c") for word in command[1:2]) and self._options.stdin:
            return await self._interactive()
        if name == "sleep":
            return await self._sleep(command[1:])
        if name == "cat" and self._options.stdin and len(command) == 1:
            return await self._copy()
        return await self._show(self._shell.run(command))

    async def _show(self, done: Result) -> int:
        if self._options.stdout and done.stdout:
            await self._send(Channel.STDOUT, self._terminal(done.stdout))
        if done.stderr:
            # A terminal has one stream for both.
            where = Channel.STDOUT if self._options.tty else Channel.STDERR
            if self._options.stderr or self._options.tty:
                await self._send(where, self._terminal(done.stderr))
        return done.code

    async def _sleep(self, arguments: Sequence[str]) -> int:
        try:
            seconds = sum(float(argument.removesuffix("s")) for argument in arguments)
        except ValueError:
            return await self._show(Result(stderr=f"sleep: invalid number '{arguments[0]}'\n", code=1))
        if not arguments:
            return await self._show(Result(stderr="sleep: missing operand\n", code=1))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    await self._receive()  # a client that leaves ends the sleep, by the exception
        return 0

    async def _copy(self) -> int:
        while (data := await self._receive()) is not None:
            if data and self._options.stdout:
                await self._send(Channel.STDOUT, data)
        return 0

    async def _interactive(self) -> int:
        pending = ""
        await self._prompt()
        while not self._shell.ended:
            data = await self._receive()
            if data is None:
                if pending:
                    await self._show(self._shell.line(pending))
                break
            text = data.decode("utf-8", "replace").replace("\r", "\n")
            if self._options.tty:
                await self._send(Channel.STDOUT, self._terminal(text))
                if "\x04" in text:
                    break
            *lines, pending = (pending + text).split("\n")
            await self._lines(lines)
        return self._shell.last_code

    async def _lines(self, lines: Sequence[str]) -> None:
        for line in lines:
            await self._show(self._shell.line(line))
            if self._shell.ended:
                return
            await self._prompt()

    async def _prompt(self) -> None:
        if self._options.tty:
            await self._send(Channel.STDOUT, _PROMPT.format(directory=self._shell.directory).encode())

    def _terminal(self, text: str) -> bytes:
        return (text.replace("\n", "\r\n") if self._options.tty else text).encode()

    async def _receive(self) -> bytes | None:
        """Return the next piece of standard input; None at its end. Raises WebSocketDisconnect."""
        while True:
            message: Mapping[str, Any] = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect
            data: bytes = message.get("bytes") or (message.get("text") or "").encode()
            if data[:1] == bytes([_CLOSE_CHANNEL]) and data[1:2] == bytes([Channel.STDIN]):
                return None
            if data[:1] == bytes([Channel.STDIN]):
                return data[1:]

    async def _send(self, channel: Channel, data: bytes) -> None:
        await self._socket.send_bytes(bytes([channel]) + data)


def exit_status(code: int) -> Obj:
    """Return the Status that tells an exit code."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit code {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }
