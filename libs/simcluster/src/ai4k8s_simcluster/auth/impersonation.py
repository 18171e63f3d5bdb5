"""Asking as somebody else, for who may.

Constrained impersonation is tried first: the right to do this very thing as such a user
(`impersonate-on:<mode>:<verb>`), and the right to be that user (`impersonate:<mode>`). The one right `impersonate`
still does for everything. Refusals are those of the first way that was tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from urllib.parse import unquote

from ai4k8s_simcluster.auth.attributes import Attributes
from ai4k8s_simcluster.auth.rbac import Rbac
from ai4k8s_simcluster.auth.users import (
    ANONYMOUS,
    AUTHENTICATED,
    MASTERS,
    NODE_NAME,
    UNAUTHENTICATED,
    User,
    node_of,
    service_account_groups,
    split_service_account,
)
from ai4k8s_simcluster.errors import ApiError, bad_request

_USER, _GROUP, _UID, _EXTRA = "impersonate-user", "impersonate-group", "impersonate-uid", "impersonate-extra-"
_AUTHENTICATION = "authentication.k8s.io"
_NODES = "system:nodes"

Headers = Sequence[tuple[str, str]]


class Mode(StrEnum):
    """The kinds of user that constrained impersonation tells apart."""

    ASSOCIATED_NODE = "associated-node"
    ARBITRARY_NODE = "arbitrary-node"
    SERVICE_ACCOUNT = "serviceaccount"
    USER_INFO = "user-info"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The user that a request wants to be, as its headers say."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def only_named(self) -> bool:
        """Say whether nothing but the name was given."""
        return not (self.uid or self.groups or self.extra)


def read_wanted(headers: Headers) -> Wanted | None:
    """Read the headers, their names in lower case. Raises ApiError (400) when they name no user."""
    name = uid = ""
    groups: list[str] = []
    extra: dict[str, tuple[str, ...]] = {}
    for header, value in headers:
        if header == _USER:
            name = value
        elif header == _UID:
            uid = value
        elif header == _GROUP:
            groups.append(value)
        elif header.startswith(_EXTRA):
            key = unquote(header.removeprefix(_EXTRA))
            extra[key] = (*extra.get(key, ()), value)
    wanted = Wanted(name, uid, tuple(groups), extra)
    if not name and not wanted.only_named:
        raise bad_request(f"requested {_go_user(wanted)} without impersonating a user name")
    return wanted if name else None


def impersonate(rbac: Rbac, request: Attributes, wanted: Wanted) -> User:
    """Return the user a request acts as. Raises ApiError (403)."""
    first: ApiError | None = None
    for mode in Mode:
        if not _applies(mode, wanted, request.user):
            continue
        try:
            rbac.require(replace(request, verb=f"impersonate-on:{mode}:{request.verb}"))
            return _Check(rbac, request.user, mode).be(wanted)
        except ApiError as error:
            first = first or error
    try:
        return _Check(rbac, request.user, None).be(wanted)
    except ApiError as error:
        raise first or error from None


def _applies(mode: Mode, wanted: Wanted, requestor: User) -> bool:
    node, account = node_of(wanted.name), split_service_account(wanted.name)
    match mode:
        case Mode.ASSOCIATED_NODE:
            mine = split_service_account(requestor.name) and requestor.extra.get(NODE_NAME) == (node,)
            return bool(node) and wanted.only_named and bool(mine)
        case Mode.ARBITRARY_NODE:
            return bool(node) and wanted.only_named
        case Mode.SERVICE_ACCOUNT:
            return account is not None and wanted.only_named
        case Mode.USER_INFO:
            return not node and account is None


class _Check:
    """The rights to be one user; without a mode, by the one right for everything."""

    def __init__(self, rbac: Rbac, requestor: User, mode: Mode | None) -> None:
        self._rbac = rbac
        self._mode = mode
        verb = f"impersonate:{mode}" if mode else "impersonate"
        group = _AUTHENTICATION if mode else ""
        self._base = Attributes(requestor, verb, group, "v1")

    def be(self, wanted: Wanted) -> User:
        groups = self._check_name(wanted)
        if wanted.uid:
            self._rbac.require(replace(self._base, group=_AUTHENTICATION, resource="uids", name=wanted.uid))
        for name in wanted.groups:
            self._check_group(name)
        for key, values in wanted.extra.items():
            asked = replace(self._base, group=_AUTHENTICATION, resource="userextras", subresource=key)
            for value in values:
                self._rbac.require(replace(asked, name=value))
        user = User(wanted.name, wanted.uid, groups, wanted.extra)
        if user.name == ANONYMOUS:
            return user.with_group(UNAUTHENTICATED)
        return user if UNAUTHENTICATED in user.groups else user.with_group(AUTHENTICATED)

    def _check_name(self, wanted: Wanted) -> tuple[str, ...]:
        node, account = node_of(wanted.name), split_service_account(wanted.name)
        if account is not None:
            namespace, name = account
            self._rbac.require(replace(self._base, resource="serviceaccounts", namespace=namespace, name=name))
            return wanted.groups or service_account_groups(namespace)
        if self._mode and node:
            asked_name = "*" if self._mode is Mode.ASSOCIATED_NODE else node
            self._rbac.require(replace(self._base, resource="nodes", name=asked_name))
            return (_NODES,)
        self._rbac.require(replace(self._base, resource="users", name=wanted.name))
        return wanted.groups

    def _check_group(self, name: str) -> None:
        asked = replace(self._base, resource="groups", name=name)
        if self._mode and not name:
            raise asked.denied("impersonating the empty string group is not allowed")
        if self._mode and name == MASTERS:
            raise asked.denied("impersonating the system:masters group is not allowed")
        self._rbac.require(asked)


def _go_user(wanted: Wanted) -> str:
    """Write the user as Go's %#v does, which is what a real server answers."""
    groups = "[]string(nil)"
    if wanted.groups:
        groups = "[]string{" + ", ".join(f'"{name}"' for name in wanted.groups) + "}"
    extra = "map[string][]string(nil)"
    if wanted.extra:
        pairs = [f'"{key}":[]string{{{_listed(values)}}}' for key, values in sorted(wanted.extra.items())]
        extra = "map[string][]string{" + ", ".join(pairs) + "}"
    return f'&user.DefaultInfo{{Name:"{wanted.name}", UID:"{wanted.uid}", Groups:{groups}, Extra:{extra}}}'


def _listed(values: Sequence[str]) -> str:
    return ", ".join(f'"{value}"' for value in values)
