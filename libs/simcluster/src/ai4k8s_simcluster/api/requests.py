"""From a URL to what is asked: group, version, resource, namespace, name, subresource, and the list
options.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from ai4k8s_simcluster.errors import Cause, UnservedPathError, bad_request, internal, invalid, no_such_resource
from ai4k8s_simcluster.registry import Catalogue, ResourceType, Verb
from ai4k8s_simcluster.types import Obj

_NO_VALUE = "looking for beginning of value"
_TRUE = {"1", "true", "True", "t", "T", "TRUE"}


@dataclass(frozen=True, slots=True)
class Target:
    """The thing a resource path names."""

    resource: ResourceType
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    legacy_watch: bool = False


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What a list or watch is to contain, validated together as a real server does."""

    watch: bool = False
    label_selector: str = ""
    field_selector: str = ""
    limit: int = 0
    resume: "Continuation | None" = None
    resource_version: str = ""
    match: str = ""
    bookmarks: bool = False
    send_initial_events: bool | None = None
    timeout_seconds: int = 0

    @property
    def from_cache(self) -> bool:
        """Say whether any recent state will do: such a list comes whole, whatever its limit."""
        return self.resource_version == "0" and self.match != "Exact" and self.resume is None


@dataclass(frozen=True, slots=True)
class Continuation:
    """Where a paged list goes on: at which version, after which key."""

    version: int
    after: tuple[str, str]

    def token(self) -> str:
        """Write it as the opaque text that clients hand back."""
        start = "/".join(self.after) + "\0"
        raw = orjson.dumps({"v": "meta.k8s.io/v1", "rv": self.version, "start": start})
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def parse_target(catalogue: Catalogue, path: str) -> Target:
    """Read a resource path. Raises ApiError (404) when nothing is served there, UnservedPathError when
    the group is none of the built-in ones.
    """
    parts = [part for part in path.split("/") if part]
    if parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    else:
        group, version, rest = parts[1], parts[2], parts[3:]
    legacy_watch = rest[:1] == ["watch"]
    rest = rest[1:] if legacy_watch else rest
    namespace = ""
    if len(rest) > 2 and rest[0] == "namespaces" and catalogue.find(group, version, rest[2]) is not None:
        namespace, rest = rest[1], rest[2:]
    resource = catalogue.find(group, version, rest[0]) if rest else None
    if resource is None and group and not any(found.group == group and not found.custom for found in catalogue.types):
        raise UnservedPathError
    if resource is None or len(rest) > 3 or (namespace and not resource.namespaced):
        raise no_such_resource()
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if name and resource.namespaced and not namespace:
        raise no_such_resource()
    if legacy_watch and (subresource or Verb.WATCH not in resource.verbs):
        raise no_such_resource()
    return Target(resource, namespace, name, subresource, legacy_watch)


def parse_continuation(text: str) -> Continuation:
    """Read a continue token. Raises ApiError (400) when it is not one of ours."""
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if plain[:1] != b"{":
            found = repr(plain[:1])[1:]
            raise bad_request(
                f"invalid continue token: continue key is not valid: invalid character {found} {_NO_VALUE}"
            )
        raw = orjson.loads(plain)
        namespace, _, name = str(raw["start"]).removesuffix("\0").rpartition("/")
        return Continuation(int(raw["rv"]), (namespace, name))
    except (binascii.Error, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise bad_request(f"invalid continue token: continue key is not valid: {error}") from error


def _integer(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "")
    try:
        return int(text) if text else 0
    except ValueError as error:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from error


def _check_version(version: str, *, watch: bool) -> None:
    if version and not version.isdigit():
        why = f'strconv.ParseUint: parsing "{version}": invalid syntax'
        message = f'resourceVersion: Invalid value: "{version}": {why}'
        raise internal(message) if watch else bad_request(f"invalid resource version: {message}")


def _check_together(options: ListOptions) -> None:
    causes: list[Cause] = []
    field = "resourceVersionMatch"
    if options.watch:
        if options.send_initial_events is None and options.match:
            detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            causes.append(Cause.forbidden(field, detail))
        elif options.send_initial_events is not None and options.match != "NotOlderThan":
            detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            causes.append(Cause.forbidden(field, detail))
    else:
        if options.match and not options.resource_version:
            detail = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            causes.append(Cause.forbidden(field, detail))
        if options.match not in {"", "Exact", "NotOlderThan"}:
            causes.append(Cause.unsupported(field, options.match, ("Exact", "NotOlderThan", "")))
        if options.send_initial_events is not None:
            causes.append(Cause.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    if causes:
        raise invalid("ListOptions", "meta.k8s.io", "", causes)


def parse_list_options(query: Mapping[str, str]) -> ListOptions:
    """Read the options of a list or watch. Raises ApiError when they cannot be, or cannot be together."""
    watch = query.get("watch", "") in _TRUE
    resume = query.get("continue", "")
    initial = query.get("sendInitialEvents")
    options = ListOptions(
        watch=watch,
        label_selector=query.get("labelSelector", ""),
        field_selector=query.get("fieldSelector", ""),
        limit=max(_integer(query, "limit"), 0),
        resume=parse_continuation(resume) if resume and not watch else None,
        resource_version=query.get("resourceVersion", ""),
        match=query.get("resourceVersionMatch", ""),
        bookmarks=query.get("allowWatchBookmarks", "") in _TRUE,
        send_initial_events=None if initial is None else initial in _TRUE,
        timeout_seconds=max(_integer(query, "timeoutSeconds"), 0),
    )
    _check_together(options)
    _check_version(options.resource_version, watch=watch)
    if options.resume and options.resource_version:
        raise bad_request("specifying resource version is not allowed when using continue")
    return options


def parse_dry_run(query: Mapping[str, str], body: Obj | None = None) -> bool:
    """Say whether nothing is to be kept. Raises ApiError (422) for an unknown way of not keeping it."""
    value = query.get("dryRun") or next(iter((body or {}).get("dryRun") or ()), "")
    if value not in {"", "All"}:
        raise invalid("CreateOptions", "meta.k8s.io", "", [Cause.unsupported("dryRun", value, ("All",))])
    return value == "All"
