"""Entry point: `python -m ai4k8s_chat.mcp` serves http://127.0.0.1:5002/mcp for the gateway."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
import uvicorn
from pydantic import ValidationError

from ai4k8s_chat.executing import Caller, run
from ai4k8s_chat.mcp.app import create_app
from ai4k8s_chat.mcp.server import build_server
from ai4k8s_chat.settings import ChatSettings
from ai4k8s_chat.wiring import make_toolbox
from ai4k8s_common.bus.signs import SignsOfLife
from ai4k8s_common.bus.transaction import Bus
from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import UnavailableError
from ai4k8s_common.plans import PlanOrigin
from ai4k8s_common.services import Service
from ai4k8s_common.settings import BusSettings, HealthSettings, InternalSettings, LogSettings, StoreSettings
from ai4k8s_common.store.rights import read_rights
from ai4k8s_common.telemetry.logs import configure_logs
from ai4k8s_common.telemetry.tracing import configure_tracing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ai4k8s_chat.domain.results import ToolResult
    from ai4k8s_chat.executing import Toolbox
    from ai4k8s_common.security.identity import Identity

SIGN_EVERY_SECONDS = 5.0

log = structlog.stdlib.get_logger(__name__)


def call(bus: Bus, box: Toolbox, identity: Identity, name: str, arguments: Mapping[str, Any]) -> ToolResult:
    """Run one tool in a transaction of its own, with the person's rights as they are now."""
    with bus.transaction() as tx:
        rights = read_rights(tx.connection, identity.user_id, identity.token_id)
        return run(tx, box, Caller(rights, PlanOrigin.MCP, identity.token_id), name, arguments)


def show_signs(bus: Bus, folder: Path | None) -> None:
    """Show for ever that the process lives, and that the store answers."""
    signs = SignsOfLife(folder)
    while folder is not None:
        signs.alive()
        with contextlib.suppress(UnavailableError):
            bus.ping_store()
            signs.ready()
        time.sleep(SIGN_EVERY_SECONDS)


def main() -> None:
    """Serve until told to stop."""
    configure_logs("chat-mcp", LogSettings())
    configure_tracing("chat-mcp")
    try:
        settings, internal, bus_settings = ChatSettings(), InternalSettings(), BusSettings()
        bus = Bus.open(Service.CHAT, StoreSettings(), bus_settings)
        box = make_toolbox(bus)
        if internal.internal_key is None:
            sys.exit("AI4K8S_INTERNAL_KEY: must be given, and the same to the gateway")
    except ValidationError as error:
        # Names the variables; never their values.
        sys.exit("\n".join(f"AI4K8S_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()))
    server = build_server(partial(call, bus, box), settings.parallel_tools)
    app = create_app(server, internal.internal_key, utc_now, bus.ping_store, settings.mcp_allowed_hosts)
    threading.Thread(target=show_signs, args=(bus, HealthSettings().health_directory), daemon=True).start()
    log.info("mcp_started", host=settings.mcp_host, port=settings.mcp_port)
    try:
        uvicorn.run(
            app,
            host=settings.mcp_host,
            port=settings.mcp_port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    finally:
        bus.close()


if __name__ == "__main__":
    main()
