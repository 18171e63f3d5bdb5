"""What the account routes take and give."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ai4k8s_common.store.gateway import UserRole

USERNAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$"
EMAIL = r"^[^@\s]{1,64}@[^@\s]{1,189}$"
PASSWORD_MIN_LENGTH = 10


class Registration(BaseModel):
    """A new account."""

    model_config = ConfigDict(extra="forbid")

    username: str = Field(pattern=USERNAME, examples=["ada"])
    email: str = Field(pattern=EMAIL, examples=["ada@example.org"])
    password: SecretStr = Field(min_length=PASSWORD_MIN_LENGTH, max_length=200, examples=["correct horse battery"])


class Credentials(BaseModel):
    """Username and password."""

    model_config = ConfigDict(extra="forbid")

    username: str = Field(min_length=1, max_length=200, examples=["ada"])
    password: SecretStr = Field(max_length=200, examples=["correct horse battery"])


class UserView(BaseModel):
    """A person, as the page sees them."""

    id: UUID
    username: str = Field(examples=["ada"])
    role: UserRole


class SessionView(BaseModel):
    """Who is logged in. Unsafe requests must carry `csrf_token` in the header X-CSRF-Token."""

    user: UserView
    csrf_token: str = Field(examples=["w6kq0m7bq1Yv3lq8p0j2uQ"])
