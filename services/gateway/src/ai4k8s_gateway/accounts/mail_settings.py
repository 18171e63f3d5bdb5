"""Settings of mail, AI4K8S_GATEWAY_SMTP_*; the password may be given as a file, as any of the common groups."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from ai4k8s_common.settings import Group


class MailSecurity(StrEnum):
    """How the connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"  # for a relay on this very machine


class MailSettings(Group):
    """The mail server that links are sent by. Off without a host, and without the gateway's public URL."""

    model_config = SettingsConfigDict(env_prefix="AI4K8S_GATEWAY_SMTP_", frozen=True, extra="ignore")

    host: str | None = Field(default=None, description="of the mail server")
    port: int = Field(default=587, ge=1, le=65535)
    security: MailSecurity = Field(default=MailSecurity.STARTTLS, description="starttls, tls or none")
    username: str | None = Field(default=None, description="none: without log-in")
    password: SecretStr | None = None
    sender: str = Field(default="AI4K8s <ai4k8s@localhost>", description="what mails are from")
