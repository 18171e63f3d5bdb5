"""What the account routes take and give."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ai4k8s_common.store.gateway import UserRole

USERNAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$"
EMAIL = r"^[^@\s]{1,64}@[^@\s]{1,189}$"
PASSWORD_MIN_LENGTH = 10

NewPassword = Annotated[
    SecretStr, Field(min_length=PASSWORD_MIN_LENGTH, max_length=200, examples=["correct horse battery"])
]


class Registration(BaseModel):
    """A new account."""

    model_config = ConfigDict(extra="forbid")

    username: str = Field(pattern=USERNAME, examples=["ada"])
    email: str = Field(pattern=EMAIL, examples=["ada@example.org"])
    password: NewPassword
    invitation_token: SecretStr | None = Field(
        default=None, max_length=200, description="what follows the # in the link"
    )


class Credentials(BaseModel):
    """Username and password."""

    model_config = ConfigDict(extra="forbid")

    username: str = Field(min_length=1, max_length=200, examples=["ada"])
    password: SecretStr = Field(max_length=200, examples=["correct horse battery"])
    code: SecretStr | None = Field(
        default=None, max_length=50, description="of the second factor, or a recovery code; where the account has one"
    )


class UserView(BaseModel):
    """A person, as the page sees them."""

    id: UUID
    username: str = Field(examples=["ada"])
    role: UserRole


class SessionView(BaseModel):
    """Who is logged in. Unsafe requests must carry `csrf_token` in the header X-CSRF-Token."""

    user: UserView
    csrf_token: str = Field(examples=["w6kq0m7bq1Yv3lq8p0j2uQ"])
    needs_second_factor: bool = Field(
        default=False, description="whether a second factor must be set up before anything else"
    )
