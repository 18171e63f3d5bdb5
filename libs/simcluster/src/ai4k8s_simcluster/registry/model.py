"""What the server must know of a resource type: how discovery describes it, and how it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verb(StrEnum):
    """What can be asked of a resource."""

    CREATE = "create"
    DELETE = "delete"
    DELETE_COLLECTION = "deletecollection"
    GET = "get"
    LIST = "list"
    PATCH = "patch"
    UPDATE = "update"
    WATCH = "watch"


ALL_VERBS = tuple(Verb)
NO_COLLECTION_DELETE = tuple(verb for verb in Verb if verb is not Verb.DELETE_COLLECTION)
READ_ONLY = (Verb.GET, Verb.LIST, Verb.WATCH)
_SUBRESOURCE_VERBS = (Verb.GET, Verb.PATCH, Verb.UPDATE)
META_FIELDS: Mapping[str, str] = {"metadata.name": "metadata.name", "metadata.namespace": "metadata.namespace"}


@dataclass(frozen=True, slots=True)
class Subresource:
    """A part of a resource with its own path."""

    name: str
    kind: str
    verbs: tuple[Verb, ...] = _SUBRESOURCE_VERBS
    group: str = ""
    version: str = ""


# Where built-in workloads keep what their Scale shows, in the words of a definition.
BUILT_IN_SCALE: Mapping[str, Any] = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
SCALE = Subresource("scale", "Scale", group="autoscaling", version="v1")


@dataclass(frozen=True, slots=True, eq=False)
class Custom:
    """What a custom resource's definition says of it beyond its names.

    columns and scale are as the definition has them; scale is None where there is no such subresource.
    """

    schema: Mapping[str, Any]
    list_kind: str
    columns: tuple[Mapping[str, Any], ...] = ()
    scale: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ResourceType:
    """A resource as discovery describes it, plus what the server must know to keep it.

    stored_as: the type whose objects this one shows in another version or group; None when it is kept itself.
    returns_deleted: a deletion is answered with the object rather than with a Status.
    deprecation: what every answer warns of.
    field_labels: what a field selector may name, and the path of it in the object.
    custom: what its definition says of a custom resource; None for a built-in type.
    """

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    namespaced: bool
    definition: str
    verbs: tuple[Verb, ...] = ALL_VERBS
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[Subresource, ...] = ()
    field_labels: Mapping[str, str] = field(default_factory=lambda: META_FIELDS)
    defaulted_fields: Mapping[str, str] = field(default_factory=dict)
    has_generation: bool = False
    stored: bool = True
    returns_deleted: bool = False
    deprecation: str = ""
    stored_as: "ResourceType | None" = None
    custom: Custom | None = None

    @property
    def key(self) -> str:
        """Name the type uniquely."""
        return f"{self.plural}.{self.group}/{self.version}"

    @property
    def storage(self) -> "ResourceType":
        """Return the type under which the objects are kept."""
        return self.stored_as or self

    @property
    def qualified(self) -> str:
        """Name the type as messages do: `deployments.apps`, `pods`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """Return what objects carry as apiVersion."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def replicas_path(self) -> str:
        """Return where objects say how many replicas they want, without the leading dot."""
        paths = (self.custom.scale if self.custom else None) or BUILT_IN_SCALE
        return str(paths["specReplicasPath"]).lstrip(".")

    @property
    def list_kind(self) -> str:
        """Return the kind of a list of these objects."""
        return self.custom.list_kind if self.custom else f"{self.kind}List"

    def subresource(self, name: str) -> Subresource | None:
        """Return the subresource of that name, if there is one."""
        return next((sub for sub in self.subresources if sub.name == name), None)


@dataclass(frozen=True, slots=True)
class Family:
    """The types of one group and version, whose definitions share a package."""

    group: str
    version: str
    package: str

    def resource(
        self,
        plural: str,
        kind: str,
        *,
        namespaced: bool = True,
        verbs: tuple[Verb, ...] = ALL_VERBS,
        short: tuple[str, ...] = (),
        categories: tuple[str, ...] = (),
        subresources: tuple[Subresource, ...] = (),
        status: bool = False,
        fields: Mapping[str, str] = META_FIELDS,
        defaulted: Mapping[str, str] | None = None,
        generation: bool = False,
        stored: bool = True,
        returns_deleted: bool = False,
        deprecation: str = "",
        stored_as: ResourceType | None = None,
    ) -> ResourceType:
        """Return one type; `status` says that it has that subresource."""
        parts = (*subresources, Subresource("status", kind)) if status else subresources
        return ResourceType(
            self.group,
            self.version,
            plural,
            kind.lower(),
            kind,
            namespaced=namespaced,
            definition=f"{self.package}.{kind}",
            verbs=verbs,
            short_names=short,
            categories=categories,
            subresources=tuple(sorted(parts, key=lambda part: part.name)),
            field_labels=fields,
            defaulted_fields=defaulted or {},
            has_generation=generation,
            stored=stored,
            returns_deleted=returns_deleted,
            deprecation=deprecation,
            stored_as=stored_as,
        )


def with_fields(*paths: str) -> dict[str, str]:
    """Return the field labels every type has, and these."""
    return {**META_FIELDS, **{path: path for path in paths}}
