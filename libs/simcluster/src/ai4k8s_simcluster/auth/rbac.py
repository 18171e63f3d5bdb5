"""RBAC over the roles and bindings of the store.

Bindings are kept by subject and roles by name, and both follow the store change by change, so that a decision costs a
look at what was granted to this user, however many bindings there are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ai4k8s_simcluster.auth.attributes import Attributes
from ai4k8s_simcluster.auth.rules import Rule, read_rules
from ai4k8s_simcluster.auth.users import User, service_account_name
from ai4k8s_simcluster.auth.validation import GROUP
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES
from ai4k8s_simcluster.store import Change, ChangeKind, Store
from ai4k8s_simcluster.types import Obj

_NAMED_RESOURCES = {"ClusterRole": "clusterrole", "Role": "role"}


class SubjectKind(StrEnum):
    """What a binding can be to, once service accounts are known by their user names."""

    USER = "User"
    GROUP = "Group"


SubjectKey = tuple[SubjectKind, str]
RoleKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class RoleRef:
    """A role as a binding names it; the namespace is empty for a ClusterRole."""

    kind: str
    name: str
    namespace: str = ""

    @property
    def key(self) -> RoleKey:
        """Return how the role is kept."""
        return self.namespace, self.name

    @property
    def missing(self) -> str:
        """Return what is said when there is no such role."""
        return f'{_NAMED_RESOURCES.get(self.kind, self.kind)}.{GROUP} "{self.name}" not found'


@dataclass(frozen=True, slots=True)
class Grant:
    """What one binding gives to one subject, and the words in which it is explained."""

    role: RoleRef
    binding: str
    subject: str

    @property
    def reason(self) -> str:
        """Return why a request was allowed."""
        return f'RBAC: allowed by {self.binding} of {self.role.kind} "{self.role.name}" to {self.subject}'


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request is allowed, and why (often empty)."""

    allowed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GrantedRules:
    """Every rule that applies to a user in a namespace, and the bindings whose role is missing."""

    rules: tuple[Rule, ...]
    errors: tuple[str, ...]


class _Grants:
    """The grants of one scope by subject."""

    def __init__(self) -> None:
        self._by_subject: dict[SubjectKey, dict[str, list[Grant]]] = {}

    def add(self, binding: str, grants: Iterable[tuple[SubjectKey, Grant]]) -> None:
        for key, grant in grants:
            self._by_subject.setdefault(key, {}).setdefault(binding, []).append(grant)

    def drop(self, binding: str, keys: Iterable[SubjectKey]) -> None:
        for key in keys:
            self._by_subject.get(key, {}).pop(binding, None)

    def to(self, user: User) -> Iterator[Grant]:
        keys = [(SubjectKind.USER, user.name), *((SubjectKind.GROUP, group) for group in user.groups)]
        for key in keys:
            for grants in self._by_subject.get(key, {}).values():
                yield from grants


class Rbac:
    """Decides by what the store's roles and bindings say now."""

    def __init__(self, store: Store) -> None:
        self._roles: dict[RoleKey, tuple[Rule, ...]] = {}
        self._scopes: dict[str, _Grants] = {}
        for resource in (CLUSTER_ROLES, ROLES):
            for stored in store.values(resource):
                self._keep_role(stored.obj)
        for resource in (CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS):
            for stored in store.listing(resource):
                self._bind(stored.obj)
        store.subscribe(self._follow)

    def authorize(self, request: Attributes) -> Decision:
        """Say whether a request is allowed."""
        if request.user.is_master:
            return Decision(allowed=True)
        missing: list[str] = []
        for grant in self._grants(request.user, request.namespace):
            rules = self._roles.get(grant.role.key)
            if rules is None:
                missing.append(grant.role.missing)
            elif any(rule.allows(request) for rule in rules):
                return Decision(allowed=True, reason=grant.reason)
        return Decision(allowed=False, reason=f"RBAC: {_together(missing)}" if missing else "")

    def require(self, request: Attributes) -> None:
        """Raise ApiError (403) unless a request is allowed."""
        decision = self.authorize(request)
        if not decision.allowed:
            raise request.denied(decision.reason)

    def rules_of(self, user: User, namespace: str) -> GrantedRules:
        """Return what a user may do in a namespace, or cluster-wide when it is empty."""
        rules: list[Rule] = []
        missing: list[str] = []
        for grant in self._grants(user, namespace):
            found = self._roles.get(grant.role.key)
            if found is None:
                missing.append(grant.role.missing)
            else:
                rules.extend(found)
        return GrantedRules(tuple(rules), tuple(missing))

    def rules_in(self, role: RoleRef) -> tuple[Rule, ...]:
        """Return the rules of a role. Raises ApiError (404)."""
        rules = self._roles.get(role.key)
        if rules is None:
            kind = _NAMED_RESOURCES.get(role.kind, role.kind)
            raise ApiError(404, "NotFound", role.missing, {"name": role.name, "group": GROUP, "kind": kind})
        return rules

    def _grants(self, user: User, namespace: str) -> Iterator[Grant]:
        for scope in dict.fromkeys(("", namespace)):
            if scope in self._scopes:
                yield from self._scopes[scope].to(user)

    def _follow(self, change: Change) -> None:
        gone = change.kind is ChangeKind.DELETED
        if change.resource in (ROLES, CLUSTER_ROLES):
            if gone:
                self._roles.pop(_role_key(change.stored.obj), None)
            else:
                self._keep_role(change.stored.obj)
        elif change.resource in (ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS):
            if change.previous is not None:
                self._unbind(change.previous.obj)
            if not gone:
                self._bind(change.stored.obj)

    def _keep_role(self, role: Obj) -> None:
        self._roles[_role_key(role)] = read_rules(role)

    def _bind(self, binding: Obj) -> None:
        scope = self._scopes.setdefault(_namespace(binding), _Grants())
        scope.add(binding["metadata"]["name"], _grants_of(binding))

    def _unbind(self, binding: Obj) -> None:
        scope = self._scopes.get(_namespace(binding))
        if scope is not None:
            scope.drop(binding["metadata"]["name"], [key for key, _ in _grants_of(binding)])


def role_of(binding: Obj) -> RoleRef:
    """Return the role that a binding refers to."""
    ref = binding.get("roleRef") or {}
    kind = str(ref.get("kind", ""))
    return RoleRef(kind, str(ref.get("name", "")), "" if kind == "ClusterRole" else _namespace(binding))


def _grants_of(binding: Obj) -> list[tuple[SubjectKey, Grant]]:
    name, namespace = binding["metadata"]["name"], _namespace(binding)
    shown = f'RoleBinding "{name}/{namespace}"' if namespace else f'ClusterRoleBinding "{name}"'
    role = role_of(binding)
    found: list[tuple[SubjectKey, Grant]] = []
    for subject in binding.get("subjects") or ():
        key = _subject_key(subject, namespace)
        if key is not None:
            found.append((key, Grant(role, shown, _subject_words(subject))))
    return found


def _subject_key(subject: Obj, namespace: str) -> SubjectKey | None:
    name = str(subject.get("name", ""))
    match subject.get("kind"):
        case "User":
            return SubjectKind.USER, name
        case "Group":
            return SubjectKind.GROUP, name
        case "ServiceAccount":
            where = str(subject.get("namespace") or namespace)
            return (SubjectKind.USER, service_account_name(where, name)) if where else None
    return None


def _subject_words(subject: Obj) -> str:
    if subject["kind"] == "ServiceAccount":
        return f'ServiceAccount "{subject.get("name", "")}/{subject.get("namespace", "")}"'
    return f'{subject["kind"]} "{subject.get("name", "")}"'


def _namespace(obj: Obj) -> str:
    return str(obj["metadata"].get("namespace", ""))


def _role_key(role: Obj) -> RoleKey:
    return _namespace(role), str(role["metadata"]["name"])


def _together(messages: list[str]) -> str:
    distinct = list(dict.fromkeys(messages))
    return distinct[0] if len(distinct) == 1 else "[" + ", ".join(distinct) + "]"
