"""What the gateway's routes work with, made once by an entry point (or a test) and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ai4k8s_common.bus.transaction import Bus
from ai4k8s_common.kube.addresses import AccessPolicy
from ai4k8s_common.services import Service
from ai4k8s_gateway.accounts.mail import Mailer, SmtpMailer
from ai4k8s_gateway.accounts.passwords import Passwords
from ai4k8s_gateway.accounts.secrets import PeoplesSecrets
from ai4k8s_gateway.accounts.sessions import SessionRules
from ai4k8s_gateway.accounts.single_sign_on import SingleSignOn
from ai4k8s_gateway.clusters.service import ClusterRules
from ai4k8s_gateway.http.rates import RateLimits
from ai4k8s_gateway.metrics import Metrics

if TYPE_CHECKING:
    from pydantic import SecretStr

    from ai4k8s_common.settings import (
        BusSettings,
        ClusterAccessSettings,
        CycleSettings,
        InternalSettings,
        PeopleKeySettings,
        SealSettings,
        StoreSettings,
    )
    from ai4k8s_gateway.accounts.mail_settings import MailSettings
    from ai4k8s_gateway.accounts.oidc_settings import OidcSettings
    from ai4k8s_gateway.settings import GatewaySettings


@dataclass(frozen=True)
class Wiring:
    """The gateway's parts."""

    settings: GatewaySettings
    bus_settings: BusSettings
    bus: Bus
    passwords: Passwords
    sessions: SessionRules
    clusters: ClusterRules
    metrics: Metrics
    secrets: PeoplesSecrets
    rates: RateLimits
    internal_key: SecretStr | None = None  # None: no MCP here
    single_sign_on: SingleSignOn | None = None
    mailer: Mailer | None = None

    @property
    def sends_mail(self) -> bool:
        """Whether links can be sent: a link needs an address that no request made up, and mail is kept sealed."""
        return self.mailer is not None and self.settings.public_url is not None and self.secrets.is_configured


def wire(
    settings: GatewaySettings,
    store: StoreSettings,
    bus: BusSettings,
    seal: SealSettings,
    cycle: CycleSettings,
    access: ClusterAccessSettings,
    passwords: Passwords | None = None,
    people: PeopleKeySettings | None = None,
    internal: InternalSettings | None = None,
    oidc: OidcSettings | None = None,
    mail: MailSettings | None = None,
) -> Wiring:
    """Put the parts together. Connects lazily: stores may come later."""
    return Wiring(
        settings=settings,
        bus_settings=bus,
        bus=Bus.open(Service.GATEWAY, store, bus),
        passwords=passwords or Passwords(),
        sessions=SessionRules(
            longest=timedelta(hours=settings.session_hours),
            idle=timedelta(hours=settings.session_idle_hours),
            rotate_every=timedelta(minutes=settings.session_rotate_minutes),
            second_factor_for=frozenset(settings.second_factor_for),
            step_up_after=timedelta(minutes=settings.step_up_minutes) if settings.step_up_minutes else None,
        ),
        clusters=ClusterRules(
            access=AccessPolicy.of(access),
            seal_public_key=seal.credentials_public_key,
            cycle_seconds=cycle.cycle_seconds,
        ),
        metrics=Metrics(),
        secrets=PeoplesSecrets(None if people is None else people.people_private_key),
        rates=RateLimits(settings, bus.redis_url.get_secret_value()),
        internal_key=None if internal is None else internal.internal_key,
        single_sign_on=None if oidc is None or oidc.issuer is None else _single_sign_on(oidc),
        mailer=None if mail is None or mail.host is None else SmtpMailer(mail),
    )


def _single_sign_on(settings: OidcSettings) -> SingleSignOn:
    from ai4k8s_gateway.accounts.openid import OpenIdProvider  # noqa: PLC0415 - only who has one needs Authlib

    return SingleSignOn(OpenIdProvider(settings), settings)
