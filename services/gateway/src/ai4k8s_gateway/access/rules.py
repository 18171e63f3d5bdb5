"""The policy table: what each route asks for. A route says it itself, as a dependency; without a rule nothing starts.

    @router.put("/workloads/{workload_id}/policy", dependencies=[require(Permission.WORKLOAD_SCALE)])

`require` finds the cluster and namespace (or the team) that the address names, answers 404 for a place that is not
there for whoever asks, and 403 with the reason for one where they may look and not do this.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fastapi import Depends, Request
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute

from ai4k8s_common.errors import ForbiddenError, NotFoundError
from ai4k8s_common.rights import LEAST_ROLE, Permission, Role
from ai4k8s_common.store.rights import require as require_right
from ai4k8s_gateway.access import places
from ai4k8s_gateway.dependencies import Tx, User, Wired, client_of


class Scope(StrEnum):
    """Where a permission must be held."""

    PLACE = "place"  # in the cluster, namespace or team that the address names
    BODY = "body"  # in what the body names: the use case asks there; here, somewhere at all
    SEEN = "seen"  # somewhere at all: the answer holds what may be seen
    INSTALLATION = "installation"


class Audience(StrEnum):
    """Who may call a route that asks for no permission."""

    PUBLIC = "public"  # anybody; the reason is in the rule
    PERSON = "person"  # whoever is logged in, about themselves; no API token
    CALLER = "caller"  # whoever is logged in, and any token


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table."""

    permission: Permission | None = None
    scope: Scope | None = None
    audience: Audience = Audience.CALLER
    reason: str = ""
    person_only: bool = False  # not by an API token, whatever its scopes

    @property
    def least_role(self) -> Role | None:
        """The least role that passes."""
        return None if self.permission is None else LEAST_ROLE[self.permission]


@dataclass(frozen=True, slots=True)
class Open:
    """A dependency that asks for nothing."""

    rule: Rule

    def __call__(self, request: Request, wiring: Wired) -> None:
        """Let everybody pass who does not ask too often; probes and scrapers are not even counted."""
        if request.url.path.startswith("/api/"):
            wiring.rates.check_stranger(request, client_of(request))


@dataclass(frozen=True, slots=True)
class Check:
    """A dependency that asks for what its rule says, before the body is even looked at."""

    rule: Rule

    def __call__(self, request: Request, user: User, tx: Tx, wiring: Wired) -> None:
        """Raise RateLimitedError, NotFoundError or ForbiddenError."""
        rule, rights = self.rule, user.rights
        wiring.rates.check_caller(request, str(user.token_id or user.user_id))
        if user.token_id is not None and (rule.person_only or rule.audience is Audience.PERSON):
            raise ForbiddenError("API tokens cannot do this", hint="Log in, and do it in your own session.")
        if rule.permission is None:
            pass
        elif rule.scope is Scope.INSTALLATION:
            require_right(rights, rule.permission, None)
        elif rule.scope is Scope.PLACE:
            places.check(tx.connection, rights, rule.permission, request.path_params)
        elif places.is_hidden(rights, request.path_params) or not rights.may_somewhere(rule.permission):
            places.refuse(rights, rule.permission, request.path_params)
        request.state.passed = True


def require(permission: Permission, scope: Scope = Scope.PLACE, *, person_only: bool = False) -> Dependency:
    """A route's rule: this permission, in the place that its address names unless said otherwise."""
    return Depends(Check(Rule(permission, scope, person_only=person_only)))  # type: ignore[no-any-return]


def public(reason: str) -> Dependency:
    """A route's rule: anybody, for a reason."""
    return Depends(Open(Rule(audience=Audience.PUBLIC, reason=reason)))  # type: ignore[no-any-return]


def person(reason: str = "about oneself") -> Dependency:
    """A route's rule: whoever is logged in, with a session of their own rather than a token."""
    return Depends(Check(Rule(audience=Audience.PERSON, reason=reason)))  # type: ignore[no-any-return]


def caller(reason: str) -> Dependency:
    """A route's rule: whoever is logged in or has a token, whatever it was made for."""
    return Depends(Check(Rule(audience=Audience.CALLER, reason=reason)))  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Ruled:
    """A route and its rule."""

    method: str
    path: str
    name: str
    rule: Rule


def table(routes: Sequence[BaseRoute]) -> Iterator[Ruled]:
    """Return the rule of every route.

    Raises NotFoundError for a route without exactly one rule, or whose address names no place that is known: a route
    that nobody thought about is not served.
    """
    for route in iter_route_contexts(routes):
        if not isinstance(route.original_route, APIRoute):
            continue
        rules = [d.dependency.rule for d in route.dependencies if isinstance(d.dependency, Open | Check)]
        if len(rules) != 1:
            raise NotFoundError(
                f"{route.name} ({route.path}) must have exactly one rule and has {len(rules)}",
                hint="Add dependencies=[require(Permission.X)] to it; see ai4k8s_gateway/access/rules.py.",
            )
        if rules[0].scope is Scope.PLACE and not places.named_in(route.param_convertors):
            raise NotFoundError(
                f"{route.name} ({route.path}) names no place", hint="Choose another Scope, or see access/places.py."
            )
        for method in sorted(route.methods or ()):
            yield Ruled(method, str(route.path), str(route.name), rules[0])
