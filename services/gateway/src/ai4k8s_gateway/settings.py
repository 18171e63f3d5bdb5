"""The gateway's own settings, AI4K8S_GATEWAY_*; what it shares with others is in the common groups."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ai4k8s_common.store.gateway import UserRole


class Registration(StrEnum):
    """Who may make an account."""

    OPEN = "open"
    INVITATION = "invitation"
    CLOSED = "closed"


class GatewaySettings(BaseSettings):
    """Where the gateway listens, under which names it may be called, and who may register."""

    model_config = SettingsConfigDict(env_prefix="AI4K8S_GATEWAY_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=5003, ge=0, le=65535)
    public_url: str | None = Field(
        default=None,
        description="the address people use, such as https://ai4k8s.example.org",
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(), description="further names it answers to (JSON list); addresses and localhost always work"
    )
    trusted_proxies: str = Field(
        default="", description="addresses of reverse proxies whose X-Forwarded-* headers are believed, comma separated"
    )
    tls_certificate: Path | None = Field(
        default=None, description="file with the certificate chain (PEM), to serve https without a proxy"
    )
    tls_key: Path | None = Field(default=None, description="file with the certificate's private key (PEM)")
    registration: Registration = Field(
        default=Registration.OPEN,
        description="who may register: anybody (open), who has a link (invitation), or nobody",
    )
    invitation_hours: int = Field(default=72, ge=1, le=24 * 90, description="how long an invitation link serves")
    reset_minutes: int = Field(default=60, ge=5, le=24 * 60, description="how long a link for a new password serves")
    session_hours: int = Field(default=168, ge=1, description="a session ends after this, however active")
    session_idle_hours: int = Field(default=24, ge=1, description="a session ends when unused for this long")
    session_rotate_minutes: int = Field(default=60, ge=1, description="a session gets another token this often")
    second_factor_for: tuple[UserRole, ...] = Field(
        default=(), description="roles that need a second factor when they log in by password (JSON list)"
    )
    step_up_minutes: int = Field(
        default=0, ge=0, description="what is worth it asks for the password again after this; 0: it does not"
    )
    max_body_bytes: int = Field(default=2_000_000, ge=1_000)
    rate_per_minute: int = Field(
        default=1_200, ge=0, description="requests a minute of one person or token; 0: any number"
    )
    rate_changes_per_minute: int = Field(
        default=240, ge=0, description="of these, changes by one and the same route; 0: any number"
    )
    rate_strangers_per_minute: int = Field(
        default=600, ge=0, description="requests a minute from one address that nobody known makes; 0: any number"
    )
    plans_four_eyes: bool = Field(
        default=False, description="whether somebody else must approve what a person asked for"
    )
    mcp_url: str = Field(default="http://127.0.0.1:5002/mcp", description="where chat's MCP server is")
