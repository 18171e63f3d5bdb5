"""What the team routes take and give."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ai4k8s_common.rights import Role
from ai4k8s_gateway.clusters.schemas import NAMESPACE

TeamName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=60)]


class Body(BaseModel):
    """What is taken: nothing unknown."""

    model_config = ConfigDict(extra="forbid")


class NewTeam(Body):
    """A team to be, or another name for one."""

    name: TeamName = Field(examples=["payments"])


class NewMember(Body):
    """Somebody to be asked in, by the name they log in with."""

    username: str = Field(min_length=1, max_length=200, examples=["ada"])
    role: Role


class NewRole(Body):
    """A member's role in the team, which holds in all its clusters."""

    role: Role


class NewPlaceRole(Body):
    """Another role in one cluster, or one namespace of it; the most specific one counts."""

    cluster_id: UUID
    namespace: str | None = Field(default=None, pattern=NAMESPACE, description="null: the whole cluster")
    role: Role | None = Field(description="null: as in the team again")


class NewServiceAccount(Body):
    """A program that acts for a team."""

    name: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", examples=["deploy-bot"])
    role: Role


class NewOwner(Body):
    """The team that a cluster shall belong to."""

    team_id: UUID


class PlaceRole(BaseModel):
    """Another role than in the team, in one place."""

    cluster_id: UUID
    cluster_name: str
    namespace: str | None
    role: Role


class Member(BaseModel):
    """Somebody, or a program, in a team."""

    user_id: UUID
    username: str
    role: Role
    is_service_account: bool
    disabled: bool
    since: datetime
    places: list[PlaceRole] = Field(description="where the role is another one")


class TeamCluster(BaseModel):
    """A cluster of a team."""

    id: UUID
    name: str


class TeamView(BaseModel):
    """A team, as somebody sees it."""

    id: UUID
    name: str
    personal: bool = Field(description="somebody's own, made with their account")
    role: Role = Field(description="yours in it")
    members: int
    clusters: int
    may_manage: bool


class TeamList(BaseModel):
    """Your teams; all there are for administrators."""

    items: list[TeamView]


class TeamDetail(BaseModel):
    """A team with who and what is in it."""

    team: TeamView
    members: list[Member]
    clusters: list[TeamCluster]
