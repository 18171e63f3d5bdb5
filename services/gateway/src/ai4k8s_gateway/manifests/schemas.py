"""What goes in and out of the routes about manifests."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

LONGEST_MANIFEST = 400_000
Version = Annotated[str, StringConstraints(pattern=r"^v?1\.\d{1,3}$")]
ManifestText = Annotated[str, StringConstraints(max_length=LONGEST_MANIFEST)]


class ProfileName(StrEnum):
    """The Pod Security Standard that pods are held to."""

    PRIVILEGED = "privileged"
    BASELINE = "baseline"
    RESTRICTED = "restricted"


class Write(BaseModel):
    """A request in plain English."""

    model_config = ConfigDict(extra="forbid")

    request: Annotated[str, StringConstraints(min_length=1, max_length=4_000, strip_whitespace=True)]
    manifest: ManifestText = Field(default="", description="what shall be changed; empty for something new")
    namespace: Annotated[str, StringConstraints(pattern=r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$")] = ""
    version: Version | None = Field(default=None, description="of Kubernetes; the newest that is known without")
    profile: ProfileName = ProfileName.BASELINE
    cluster_id: UUID | None = Field(default=None, description="whose documents are read besides")
    offline: bool = Field(default=False, description="by rules, even where there is a model")


class Check(BaseModel):
    """A manifest to check."""

    model_config = ConfigDict(extra="forbid")

    manifest: ManifestText
    version: Version | None = None
    profile: ProfileName = ProfileName.BASELINE


class Kind(BaseModel):
    """A kind, as an object names it."""

    api_version: Annotated[str, StringConstraints(max_length=200)]
    kind: Annotated[str, StringConstraints(max_length=100)]


class Describe(BaseModel):
    """Kinds whose fields an editor completes."""

    model_config = ConfigDict(extra="forbid")

    kinds: list[Kind] = Field(max_length=12)
    version: Version | None = None


class Document(BaseModel):
    """A document of one's own: conventions, templates, examples."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
    text: Annotated[str, StringConstraints(min_length=1, max_length=300_000)]


class KnowledgeItem(BaseModel):
    """An entry, or a document of one's own."""

    id: UUID
    title: str
    kind: str
    source: str
    version: str
    own: bool
    parts: int
    stored_at: datetime


class KnowledgeList(BaseModel):
    """What is known of manifests, for one cluster."""

    items: list[KnowledgeItem]
