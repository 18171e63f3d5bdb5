"""What the routes about people, one's own account and links take and give."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ai4k8s_common.store.gateway import SessionMethod, UserRole
from ai4k8s_gateway.accounts.schemas import EMAIL, NewPassword
from ai4k8s_gateway.settings import Registration


class PersonView(BaseModel):
    """A person, as administrators see them."""

    id: UUID
    username: str = Field(examples=["ada"])
    email: str | None = Field(examples=["ada@example.org"])
    role: UserRole
    disabled: bool
    has_password: bool
    has_second_factor: bool
    has_single_sign_on: bool
    sessions: int = Field(description="that are open now")
    created_at: datetime
    last_login_at: datetime | None


class PeopleList(BaseModel):
    """Everybody."""

    items: list[PersonView]


class PersonChange(BaseModel):
    """What shall be otherwise; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    role: UserRole | None = None
    disabled: bool | None = None


class ResetLink(BaseModel):
    """A link for a new password. It is shown once; what is stored does not tell it."""

    username: str = Field(examples=["ada"])
    path: str = Field(description="below the page's address; serves once", examples=["/reset#Wq0m7bq1Yv3lq8p0j2uQ"])
    expires_at: datetime


class NewInvitation(BaseModel):
    """Who shall be invited."""

    model_config = ConfigDict(extra="forbid")

    role: UserRole = Field(default=UserRole.VIEWER, description="that the account will have")
    email: str | None = Field(default=None, pattern=EMAIL, description="the only address it may be accepted with")
    team_id: UUID | None = Field(default=None, description="a team to join as well")
    team_role: UserRole | None = Field(default=None, description="in that team; viewer when left out")
    hours: int | None = Field(default=None, ge=1, le=24 * 90, description="how long it serves; at most as set")


class Invitation(BaseModel):
    """An invitation that still serves."""

    id: UUID
    role: UserRole
    email: str | None
    team_id: UUID | None
    team_role: UserRole | None
    created_by: str
    created_at: datetime
    expires_at: datetime


class InvitationList(BaseModel):
    """Those that still serve, the newest first."""

    items: list[Invitation]


class InvitationLink(BaseModel):
    """A link for one new account. It is shown once; what is stored does not tell it."""

    id: UUID
    path: str = Field(description="below the page's address; serves once", examples=["/join#Wq0m7bq1Yv3lq8p0j2uQ"])
    expires_at: datetime


class LinkToken(BaseModel):
    """What follows the # in a link; in a body, so that no address with it is logged."""

    model_config = ConfigDict(extra="forbid")

    token: SecretStr = Field(min_length=1, max_length=200)


class InvitationSeen(BaseModel):
    """What a link invites to."""

    role: UserRole
    email: str | None
    expires_at: datetime


class ResetSeen(BaseModel):
    """Whose password a link sets."""

    username: str


class NewPasswordByLink(LinkToken):
    """A link and the password that shall be."""

    password: NewPassword


class PasswordChange(BaseModel):
    """The password that is and the one that shall be."""

    model_config = ConfigDict(extra="forbid")

    current_password: SecretStr | None = Field(default=None, max_length=200, description="where there is one")
    new_password: NewPassword


class Forgotten(BaseModel):
    """Who forgot their password."""

    model_config = ConfigDict(extra="forbid")

    username_or_email: str = Field(min_length=1, max_length=300, examples=["ada@example.org"])


class OwnSession(BaseModel):
    """One of somebody's own sessions."""

    id: UUID
    is_this: bool = Field(description="whether it is the one that asks")
    client: str = Field(description="the address it was begun from", examples=["203.0.113.7"])
    user_agent: str = Field(examples=["Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"])
    method: SessionMethod
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class OwnSessionList(BaseModel):
    """Somebody's own sessions, the one in use last first."""

    items: list[OwnSession]


class SessionsEnded(BaseModel):
    """How many were ended."""

    ended: int


class SingleSignOnOffer(BaseModel):
    """The provider that people may come by."""

    label: str = Field(examples=["Example Corp"])


class WaysIn(BaseModel):
    """How one gets in here; for the page before anybody is logged in."""

    registration: Registration
    single_sign_on: SingleSignOnOffer | None
    resets_by_mail: bool
    password_min_length: int
