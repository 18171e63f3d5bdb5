"""Entry point: `python -m ai4k8s_gateway.main`."""

from __future__ import annotations

import sys

import structlog
import uvicorn
from pydantic import ValidationError

from ai4k8s_common.bus.relay import Relay
from ai4k8s_common.settings import (
    AuditSettings,
    BusSettings,
    ClusterAccessSettings,
    CycleSettings,
    InternalSettings,
    LogSettings,
    PeopleKeySettings,
    SealSettings,
    StoreSettings,
)
from ai4k8s_common.telemetry.logs import configure_logs
from ai4k8s_common.telemetry.tracing import configure_tracing
from ai4k8s_gateway.accounts.mail import Postman
from ai4k8s_gateway.accounts.mail_settings import MailSettings
from ai4k8s_gateway.accounts.oidc_settings import OidcSettings
from ai4k8s_gateway.app import create_app
from ai4k8s_gateway.audit.keeping import AuditKeeper
from ai4k8s_gateway.settings import GatewaySettings
from ai4k8s_gateway.wiring import wire

GRACEFUL_SECONDS = 5

log = structlog.stdlib.get_logger(__name__)


def main() -> None:
    """Serve until told to stop."""
    configure_logs("gateway", LogSettings())
    configure_tracing("gateway")
    try:
        settings, bus_settings = GatewaySettings(), BusSettings()
        wiring = wire(
            settings,
            StoreSettings(),
            bus_settings,
            SealSettings(),
            CycleSettings(),
            ClusterAccessSettings(),
            people=PeopleKeySettings(),
            internal=InternalSettings(),
            oidc=OidcSettings(),
            mail=MailSettings(),
        )
    except ValidationError as error:
        # Names the variables; never their values.
        sys.exit("\n".join(f"AI4K8S_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()))
    relay = Relay(wiring.bus, "gateway", bus_settings.resend_after_seconds)
    relay.start()
    keeper = AuditKeeper(wiring.bus, AuditSettings().audit_keep_days)
    keeper.start()
    postman = Postman(wiring.bus, wiring.secrets, wiring.mailer) if wiring.mailer and wiring.sends_mail else None
    if postman is not None:
        postman.start()
    log.info("gateway_started", host=settings.host, port=settings.port)
    try:
        uvicorn.run(
            create_app(wiring),
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            # Believed proxies are the app's own business, so that tests see the same.
            proxy_headers=False,
            ssl_certfile=settings.tls_certificate,
            ssl_keyfile=settings.tls_key,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
            ws="websockets-sansio",
            ws_max_size=64_000,
        )
    finally:
        keeper.stop()
        if postman is not None:
            postman.stop()
        relay.stop()
        wiring.bus.close()


if __name__ == "__main__":
    main()
