"""What the routes about one's own profile, second factor and ways to log in take and give."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ai4k8s_common.store.gateway import UserRole
from ai4k8s_gateway.accounts.schemas import SessionView


class IdentityView(BaseModel):
    """Who a person is at the provider of single sign-on."""

    issuer: str
    label: str = Field(examples=["ada@example.org"])
    created_at: datetime


class Profile(BaseModel):
    """Oneself."""

    id: UUID
    username: str
    email: str | None
    role: UserRole
    has_password: bool
    has_second_factor: bool
    recovery_codes_left: int
    identities: list[IdentityView]


class Proof(BaseModel):
    """Who it is, once more."""

    model_config = ConfigDict(extra="forbid")

    password: SecretStr | None = Field(default=None, max_length=200, description="where the account has one")
    code: SecretStr | None = Field(default=None, max_length=50, description="of the second factor, where there is one")


class Code(BaseModel):
    """A code of the app."""

    model_config = ConfigDict(extra="forbid")

    code: SecretStr = Field(min_length=1, max_length=50)


class SecondFactorSetUp(BaseModel):
    """A seed for an app; its picture is at /me/second-factor/picture.svg until it is confirmed."""

    secret: str = Field(description="base32, to be typed")
    address: str = Field(description="otpauth:, what the picture says")


class RecoveryCodes(BaseModel):
    """Shown this once; each serves once in the place of a code."""

    recovery_codes: list[str]
    session: SessionView | None = None
