"""What a request asks to do, in the terms that rules are written in.

It is read from the method and the path alone: who may not do a thing is told so before anything else is looked at,
also when nothing is served at that path.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ai4k8s_simcluster.auth.users import User
from ai4k8s_simcluster.errors import ApiError, forbidden

_VERBS = {
    "GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete",
}  # fmt: skip
_TRUE = {"1", "true", "True", "t", "T", "TRUE"}
_NAMESPACE_PARTS = {"status", "finalize"}
_LEGACY_VERBS = {"proxy", "watch"}


@dataclass(frozen=True, slots=True)
class Attributes:
    """One action by one user. A path is only given for what is no resource."""

    user: User
    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def full_resource(self) -> str:
        """Return the resource with its subresource: `pods/log`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource

    def denied(self, reason: str = "") -> ApiError:
        """Return the refusal of this action (403)."""
        why = self._sentence() + (f": {reason}" if reason else "")
        if self.path:
            return forbidden(f"forbidden: {why}", {})
        qualified = f"{self.resource}.{self.group}" if self.group else self.resource
        named = f'{qualified} "{self.name}"' if self.name else qualified
        details = {"name": self.name, "group": self.group, "kind": self.resource}
        return forbidden(f"{named} is forbidden: {why}", {key: value for key, value in details.items() if value})

    def _sentence(self) -> str:
        subject = f'User "{self.user.name}" cannot {self.verb}'
        if self.path:
            return f'{subject} path "{self.path}"'
        what = f'{subject} resource "{self.full_resource}" in API group "{self.group}"'
        return f'{what} in the namespace "{self.namespace}"' if self.namespace else f"{what} at the cluster scope"


def attributes_of(user: User, method: str, path: str, query: Mapping[str, str]) -> Attributes:
    """Read what a request asks to do."""
    parts = [part for part in path.split("/") if part]
    at = _resource_begins(parts)
    if at is None:
        return Attributes(user, method.lower(), path=path)
    group, version = (parts[1], parts[2]) if parts[0] == "apis" else ("", parts[1])
    rest = parts[at:]
    verb = _VERBS.get(method, "")
    if rest[0] in _LEGACY_VERBS and len(rest) > 1:
        verb, rest = rest[0], rest[1:]
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in _NAMESPACE_PARTS:
            rest = rest[2:]
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    verb, name = _collection(verb, name, query)
    return Attributes(user, verb, group, version, rest[0], subresource, namespace, name)


def _resource_begins(parts: list[str]) -> int | None:
    """Return where the resource stands in a path; None when the path names none."""
    if parts[:1] == ["api"] and len(parts) > 2:
        return 2
    return 3 if parts[:1] == ["apis"] and len(parts) > 3 else None


def _collection(verb: str, name: str, query: Mapping[str, str]) -> tuple[str, str]:
    """Tell lists and watches from reads; a selector on the name alone counts as the name."""
    if name:
        return verb, name
    if verb == "get":
        verb = "watch" if query.get("watch", "") in _TRUE else "list"
        key, equals, value = query.get("fieldSelector", "").partition("=")
        if key == "metadata.name" and equals and "," not in value:
            name = value.removeprefix("=")
    return ("deletecollection" if verb == "delete" else verb), name
