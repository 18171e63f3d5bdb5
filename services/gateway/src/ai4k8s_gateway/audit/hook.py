"""Every unsafe request ends in the audit log, without its route doing anything about it.

What was done is recorded in the request's own transaction: both or neither. What was refused is recorded in one of its
own, once it is known who asked; strangers cannot fill the log. A use case that knows more says so with `tell`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ai4k8s_common.audit import Actor, AuditResult, Entry
from ai4k8s_gateway.http.guards import SAFE_METHODS

if TYPE_CHECKING:
    from fastapi import Request

    from ai4k8s_common.bus.transaction import Bus, Transaction
    from ai4k8s_common.errors import Ai4k8sError

#: Unsafe by their method only: they need a body and change nothing.
CHANGES_NOTHING = frozenset(
    {
        "what_if",
        "preview_policy",
        "preview_schedule",
        "list_kubeconfig_contexts",
        # What is asked is in its conversation; what comes of it is a plan, and chat records those.
        "ask_question",
        "serve_mcp",
    }
)
#: Have transactions of their own, and record in them with `tx.audit`.
RECORDS_ITSELF = frozenset({"register", "log_in", "start_single_sign_on"})


@dataclass(frozen=True, slots=True)
class Told:
    """What only the use case knows."""

    namespace: str = ""
    object: str = ""
    before: Any = None
    after: Any = None
    cluster: UUID | None = None


def remember_actor(request: Request, user_id: UUID, name: str, token: str = "") -> None:
    """Note who is asking, as soon as that is known."""
    request.state.actor = Actor(user_id, name, token, client_of(request))


def tell(tx: Transaction, told: Told) -> None:
    """Say more about what is done in this transaction; the last word counts."""
    tx.told = told


def is_recorded(request: Request) -> bool:
    """Whether this request changes something."""
    return request.method not in SAFE_METHODS and operation_of(request) not in CHANGES_NOTHING


def record_done(request: Request, tx: Transaction) -> None:
    """Record it with the transaction that did it."""
    if is_recorded(request):
        tx.audit(_entry(request, tx.told if isinstance(tx.told, Told) else Told(), AuditResult.DONE, ""))


def record_refused(request: Request, bus: Bus, error: Ai4k8sError) -> None:
    """Record that somebody known was refused."""
    if is_recorded(request) and getattr(request.state, "actor", None) is not None:
        with bus.transaction() as tx:
            tx.audit(_entry(request, Told(), AuditResult.REFUSED, f"{error.code}: {error.detail}"))


def operation_of(request: Request) -> str:
    """Return the route's name, which is also its operation in the OpenAPI document."""
    return str(getattr(request.scope.get("route"), "name", "unknown"))


def client_of(request: Request) -> str:
    """Return the address a request came from; behind a trusted proxy the one that the proxy names."""
    return request.client.host if request.client else "unknown"


def _entry(request: Request, told: Told, result: AuditResult, detail: str) -> Entry:
    parameters: dict[str, Any] = dict(request.path_params)
    body = getattr(request, "_json", None)
    sent = body if isinstance(body, dict) else {}
    after = told.after if told.after is not None else ({**parameters, **sent} or None)
    return Entry(
        actor=getattr(request.state, "actor", Actor(client=client_of(request))),
        action=operation_of(request),
        cluster=told.cluster or _uuid(parameters.get("cluster_id") or sent.get("cluster_id")),
        namespace=told.namespace or str(parameters.get("namespace") or sent.get("namespace") or ""),
        object=told.object or _object(parameters, sent),
        before=told.before,
        after=after,
        result=result,
        detail=detail,
    )


def _object(parameters: dict[str, Any], sent: dict[str, Any]) -> str:
    """The thing a path or body names, such as 'workload 12' or 'Deployment/web'."""
    name = parameters.get("name") or sent.get("name")
    if name:
        return f"{sent['kind']}/{name}" if sent.get("kind") else str(name)
    ids = [f"{key.removesuffix('_id')} {value}" for key, value in parameters.items() if key != "cluster_id"]
    return ", ".join(ids)


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value)) if value else None
    except ValueError:
        return None
