"""A simulated cluster for tests: as a process of its own, or in a thread of the test's process.

Both write the same files and answer the same requests; the process can also be killed, stopped and started again.
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from ai4k8s_simcluster.clock import Clock
from ai4k8s_simcluster.server import SimServer
from ai4k8s_simcluster.settings import SimSettings

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.02


class SimClusterError(RuntimeError):
    """The simulated cluster did not come up, or did not go away."""


@dataclass
class SimProcess:
    """A simulated cluster in its own process.

    arguments: what the command takes besides its state directory and kubeconfig, for example
    ("--no-demo", "--shape", "shop/web=hourly", "--startup-seconds", "0-0", "--seed", "7").
    """

    state_dir: Path
    arguments: Sequence[str] = ()
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def kubeconfig(self) -> Path:
        """Return the kubeconfig's path."""
        return self.state_dir / "kubeconfig"

    @property
    def log_path(self) -> Path:
        """Return where the process writes its log."""
        return self.state_dir / "simcluster.log"

    @property
    def api_url(self) -> str:
        """Return the address of the API."""
        return str(self._endpoints()["api_url"])

    @property
    def prometheus_url(self) -> str:
        """Return the address of Prometheus."""
        return str(self._endpoints()["prometheus_url"])

    @property
    def token(self) -> str:
        """Return the bearer token."""
        return (self.state_dir / "token").read_text()

    @property
    def ca_file(self) -> Path:
        """Return the certificate authority's path."""
        return self.state_dir / "ca.crt"

    @property
    def pid(self) -> int:
        """Return the process id. Raises SimClusterError when it does not run."""
        if self._process is None:
            raise SimClusterError("the simulated cluster is not running")
        return self._process.pid

    def start(self) -> Self:
        """Start it and wait until it listens. Raises SimClusterError."""
        self.state_dir.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "ai4k8s_simcluster", "--state-dir", str(self.state_dir)]
        command += ["--kubeconfig-out", str(self.kubeconfig), *self.arguments]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_up():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise SimClusterError(f"the simulated cluster did not start: {self.log_path.read_text()[-2000:]}")
            time.sleep(_POLL_SECONDS)
        return self

    def stop(self) -> None:
        """End it as a supervisor would, and wait."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without warning, and wait."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen one go on."""
        os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGCONT)
            self._process.send_signal(number)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            self._process.kill()
            self._process.wait()
            raise SimClusterError("the simulated cluster did not stop in time") from error
        finally:
            self._process = None

    def _is_up(self) -> bool:
        path = self.state_dir / "endpoints.json"
        return path.exists() and self._process is not None and self._endpoints()["pid"] == self._process.pid

    def _endpoints(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads((self.state_dir / "endpoints.json").read_bytes())
        return found


class SimThread:
    """A simulated cluster in a thread; with a clock of the test's own where it needs one."""

    def __init__(self, settings: SimSettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._server: SimServer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failure: BaseException | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="simcluster", daemon=True)

    @property
    def server(self) -> SimServer:
        """Return what is being served; its state belongs to its own thread."""
        if self._server is None:
            raise SimClusterError("the simulated cluster is not running")
        return self._server

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(_START_SECONDS) or self._failure is not None:
            raise SimClusterError("the simulated cluster did not start") from self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._server is not None:
            self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            raise SimClusterError("the simulated cluster did not stop in time")

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (OSError, RuntimeError, ValueError) as error:
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = SimServer(self._settings, self._clock)
        await self._server.serve(self._ready.set)
