"""The process around a cluster: sockets, the ticking, and stopping at once when asked to."""

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import orjson
import structlog
import uvicorn

from ai4k8s_simcluster.api.app import ApiApplication, ApiParts
from ai4k8s_simcluster.api.fairness import Fairness
from ai4k8s_simcluster.api.gate import Gate
from ai4k8s_simcluster.api.metrics import MetricsApi
from ai4k8s_simcluster.api.resources import ResourceApi
from ai4k8s_simcluster.api.reviews import Reviews
from ai4k8s_simcluster.api.sockets import Sockets
from ai4k8s_simcluster.api.subresources.bindings import PodBindings
from ai4k8s_simcluster.api.subresources.evictions import Evictions
from ai4k8s_simcluster.api.subresources.exec import PodExec
from ai4k8s_simcluster.api.subresources.logs import PodLogs
from ai4k8s_simcluster.api.subresources.tokens import PodTokens, TokenRequests
from ai4k8s_simcluster.api.watching import WatchHub
from ai4k8s_simcluster.auth.authentication import Authenticator
from ai4k8s_simcluster.certificates import CertificateProtocol
from ai4k8s_simcluster.clock import Clock, SystemClock
from ai4k8s_simcluster.cluster import Cluster
from ai4k8s_simcluster.faults.control import FaultControl
from ai4k8s_simcluster.faults.injection import FaultInjector
from ai4k8s_simcluster.persistence import StateFiles, write_private
from ai4k8s_simcluster.pods.work import MeasuredWork
from ai4k8s_simcluster.prom.app import PrometheusApplication
from ai4k8s_simcluster.registry import BINDINGS, PODS, SERVICE_ACCOUNTS
from ai4k8s_simcluster.settings import SimSettings
from ai4k8s_simcluster.tls import Identity, kubeconfig, load_identity

_TICK_SECONDS = 0.1
_REACTION_SECONDS = 0.01
_KEEP_ALIVE_SECONDS = 75
_FAREWELL_SECONDS = 0.02
log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to the process it is part of."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _cut(server: uvicorn.Server) -> None:
    """Cut connections that are still saying goodbye: a TLS client may take half a minute over it."""
    for connection in tuple(server.server_state.connections):
        transport = getattr(connection, "transport", None)
        if isinstance(transport, asyncio.Transport):
            transport.abort()
    await asyncio.sleep(_FAREWELL_SECONDS)


def _bind(host: str, wanted: int, remembered: int) -> socket.socket:
    """Return a listening socket: on the port asked for, else the one used last time, else any."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in dict.fromkeys([wanted] if wanted else [remembered, 0]):
        found = socket.socket(family, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, port))
        except OSError:
            found.close()
            if wanted:
                raise
            continue
        found.listen(1024)
        found.setblocking(False)
        return found
    raise OSError(f"no free port on {host}")


def _url(scheme: str, host: str, bound: socket.socket) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}:{bound.getsockname()[1]}"


class SimServer:
    """One simulated cluster being served."""

    def __init__(self, settings: SimSettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._files = StateFiles(settings.state_dir, durable=not settings.pods)
        self._clock = clock or SystemClock()
        remembered = self._remembered()
        try:
            self._api_socket = _bind(settings.host, settings.port, remembered.get("api_port", 0))
            self._prometheus_socket = _bind(
                settings.host, settings.prometheus_port, remembered.get("prometheus_port", 0)
            )
            self.identity: Identity = load_identity(settings.state_dir, settings.host)
            self.cluster = Cluster(settings, self._clock, self._files)
        except BaseException:
            self._files.close()
            raise
        self.api_url = _url("https", settings.host, self._api_socket)
        self.prometheus_url = _url("http", settings.host, self._prometheus_socket)
        self._hub = WatchHub()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Begin to stop; to be called in the loop that serves."""
        self._stopping.set()

    async def serve(self, ready: Callable[[], Any] | None = None) -> None:
        """Serve until told to stop, then save and leave."""
        api = self._server(self._api(), tls=True)
        cluster = self.cluster
        prometheus = self._server(
            PrometheusApplication(cluster.sources, cluster.recorder.exposition, self._clock), tls=False
        )
        async with self._running(api, self._api_socket), self._running(prometheus, self._prometheus_socket):
            while not (api.started and prometheus.started):  # noqa: ASYNC110 - uvicorn offers no event
                await asyncio.sleep(0.005)
            self._announce()
            if ready is not None:
                ready()
            await self._tick_until_stopped()
            self._hub.close()
        self.cluster.close()
        log.info("simulated cluster stopped")

    async def _tick_until_stopped(self) -> None:
        """Tick ten times a second, and soon after every write, as controllers react to what they watch."""
        changed = asyncio.Event()
        self.cluster.store.subscribe(lambda _: changed.set())
        while not self._stopping.is_set():
            self.cluster.tick()
            changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _REACTION_SECONDS)
            if not changed.is_set():
                await self._wait_for(changed)

    async def _wait_for(self, changed: asyncio.Event) -> None:
        """Wait until something was written, it is time, or the end has come."""
        waits = [asyncio.create_task(event.wait()) for event in (changed, self._stopping)]
        await asyncio.wait(waits, timeout=_TICK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def _running(self, server: _Server, bound: socket.socket) -> AsyncIterator[None]:
        task = asyncio.create_task(server.serve(sockets=[bound]))
        try:
            yield
        finally:
            server.should_exit = True
            await task
            await _cut(server)
            bound.close()

    def _api(self) -> FaultInjector:
        cluster = self.cluster
        store, rbac, clock = cluster.store, cluster.rbac, self._clock
        gate = Gate(Authenticator(store, cluster.issuer, self.identity.token, clock), rbac)
        commands = PodExec(store, rbac, clock, PodTokens(store, cluster.issuer))
        logs = PodLogs(store, MeasuredWork(cluster.sources()), clock, lambda: self._hub.closed)
        parts = ApiParts(
            resources=ResourceApi(store, cluster.writer, self._hub, rbac),
            metrics=MetricsApi(store, cluster.usage),
            control={"workloads": cluster.describe_workloads},
            faults=FaultControl(cluster.faults),
            gate=gate,
            fairness=Fairness(self._settings.max_requests_inflight),
            reviews=Reviews(rbac, gate.authenticator, clock),
            actions={
                (BINDINGS, ""): PodBindings(store, clock).create,
                (PODS, "binding"): PodBindings(store, clock).create,
                (PODS, "eviction"): Evictions(store, cluster.writer, clock).create,
                (PODS, "exec"): commands.refuse,
                (PODS, "log"): logs.get,
                (SERVICE_ACCOUNTS, "token"): TokenRequests(store, cluster.issuer, clock).create,
            },
            sockets=Sockets(gate, store.catalogue, commands),
            issuer=cluster.issuer,
            address=lambda: self.api_url.removeprefix("https://"),
            clock=clock,
        )
        return FaultInjector(ApiApplication(parts), cluster.faults, clock)

    def _server(self, application: Any, *, tls: bool) -> _Server:
        secure: dict[str, Any] = {}
        if tls:
            # A client may show a certificate; one of another authority ends the handshake.
            secure = {
                "ssl_certfile": str(self.identity.certificate_file),
                "ssl_keyfile": str(self.identity.key_file),
                "ssl_ca_certs": str(self.identity.ca_file),
                "ssl_cert_reqs": ssl.CERT_OPTIONAL,
            }
        config = uvicorn.Config(
            application,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=not tls,  # the API dates its own answers: its clock may be wrong on demand
            http=CertificateProtocol,
            ws="websockets-sansio" if tls else "none",
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
            **secure,
        )
        return _Server(config)

    def _announce(self) -> None:
        """Tell where the cluster is; whoever waits for the kubeconfig may use it at once."""
        endpoints = {"api_url": self.api_url, "prometheus_url": self.prometheus_url, "pid": os.getpid()}
        ports = {
            "api_port": self._api_socket.getsockname()[1],
            "prometheus_port": self._prometheus_socket.getsockname()[1],
        }
        write_private(self._settings.state_dir / "ports.json", orjson.dumps(ports))
        if self._settings.kubeconfig_out is not None:
            self._settings.kubeconfig_out.parent.mkdir(parents=True, exist_ok=True)
            write_private(self._settings.kubeconfig_out, kubeconfig(self.api_url, self.identity))
        # Last: whoever waits for this file finds everything else.
        write_private(self._settings.state_dir / "endpoints.json", orjson.dumps(endpoints))
        log.info("simulated cluster listening", **endpoints)

    def _remembered(self) -> dict[str, int]:
        path = self._settings.state_dir / "ports.json"
        found: dict[str, int] = orjson.loads(path.read_bytes()) if path.exists() else {}
        return found
