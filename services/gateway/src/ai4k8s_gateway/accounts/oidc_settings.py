"""Settings of single sign-on, AI4K8S_GATEWAY_OIDC_*; the secret may be given as a file, as any of the common groups."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from ai4k8s_common.settings import Group
from ai4k8s_common.store.gateway import UserRole


class OidcSettings(Group):
    """One provider of single sign-on (OpenID Connect). Off without an issuer."""

    model_config = SettingsConfigDict(env_prefix="AI4K8S_GATEWAY_OIDC_", frozen=True, extra="ignore")

    issuer: str | None = Field(default=None, description="exactly as the provider calls itself")
    client_id: str = Field(default="ai4k8s", description="as it is registered at the provider")
    client_secret: SecretStr | None = Field(default=None, description="none for a public client, which PKCE protects")
    label: str = Field(default="single sign-on", description="on the button, such as the company's name")
    scopes: str = Field(default="openid profile email", description="separated by blanks")
    create_accounts: bool = Field(default=True, description="whether who comes for the first time gets an account")
    default_role: UserRole | None = Field(
        default=UserRole.VIEWER, description="of who is in none of the groups below; empty: they are refused"
    )
    groups_claim: str = Field(default="groups", description="the claim that lists a person's groups")
    role_of_group: dict[str, UserRole] = Field(
        default={}, description="JSON {group: role}; with any, the provider decides everybody's role"
    )
    team_of_group: dict[str, str] = Field(
        default={}, description="JSON {group: 'team:role'}; the provider decides who is in these teams"
    )

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_none(cls, values: dict[str, object]) -> dict[str, object]:
        return {
            key: None if key in {"issuer", "default_role"} and value == "" else value for key, value in values.items()
        }

    @model_validator(mode="after")
    def _is_safe(self) -> OidcSettings:
        if self.issuer is not None:
            parts = urlsplit(self.issuer)
            if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
                raise ValueError("the issuer must be an https address")
        for target in self.team_of_group.values():
            team, _, role = target.rpartition(":")
            if not team or role not in set(UserRole):
                raise ValueError(f"'{target}' is not TEAM:ROLE")
        return self
