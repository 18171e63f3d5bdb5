"""What the token routes take and give."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ai4k8s_common.rights import Permission

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class NewToken(BaseModel):
    """A token to be made. It may never do more than its owner may at that moment."""

    model_config = ConfigDict(extra="forbid")

    name: Title = Field(description="what it is for", examples=["nightly report"])
    scopes: list[Permission] = Field(min_length=1, description="what it may be used for", examples=[["cluster:read"]])
    cluster_ids: list[UUID] | None = Field(
        default=None, min_length=1, max_length=100, description="the only clusters it is for; null: all of yours"
    )
    expires_in_days: int | None = Field(default=90, ge=1, le=3650, description="null: never, until it is revoked")


class TokenView(BaseModel):
    """A token, without what opens anything."""

    id: UUID
    name: str
    prefix: str = Field(description="its first characters", examples=["ai4k8s_3kf9"])
    scopes: list[Permission]
    cluster_ids: list[UUID] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="to the minute")
    last_used_from: str | None


class MadeToken(TokenView):
    """A new token. This is the only time that it is shown; only its hash is kept."""

    token: str = Field(examples=["ai4k8s_3kf9…"])


class TokenList(BaseModel):
    """Tokens, newest first."""

    items: list[TokenView]
