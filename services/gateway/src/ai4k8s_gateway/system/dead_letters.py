"""What administrators do about messages that were given up on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ai4k8s_common.errors import ConflictError, ForbiddenError, NotFoundError
from ai4k8s_gateway.system import repository
from ai4k8s_gateway.system.schemas import DeadLetterView, VerdictView

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ai4k8s_common.services import Service
    from ai4k8s_common.store.gateway import Verdict
    from ai4k8s_gateway.accounts.service import Principal

log = structlog.stdlib.get_logger(__name__)


def list_views(connection: Connection, principal: Principal, limit: int) -> list[DeadLetterView]:
    """Return the newest. Raises ForbiddenError."""
    _require_admin(principal)
    rows = repository.dead_letters(connection, limit)
    return [DeadLetterView(**row._mapping) for row in rows]  # noqa: SLF001  # SQLAlchemy's public name for it


def decide(
    connection: Connection, principal: Principal, service: Service, dead_letter_id: int, verdict: Verdict
) -> VerdictView:
    """Decide about one; the service that gave it up carries that out.

    Raises ForbiddenError, NotFoundError, and ConflictError when something else was decided before.
    """
    _require_admin(principal)
    if not repository.dead_letter_exists(connection, service, dead_letter_id):
        raise NotFoundError("there is no such dead letter", hint="It may have been settled already; look again.")
    holds = repository.decide(connection, service, dead_letter_id, verdict, principal.user_id)
    if holds is not verdict:
        raise ConflictError(
            f"it was decided to {holds.value} this message", hint="Its service carries that out within seconds."
        )
    log.info("dead_letter_decided", service=service.value, dead_letter=dead_letter_id, verdict=verdict.value)
    return VerdictView(service=service, id=dead_letter_id, verdict=verdict)


def _require_admin(principal: Principal) -> None:
    if not principal.is_admin:
        raise ForbiddenError(
            "dead letters are for administrators: they may hold other people's requests",
            hint="Ask an administrator.",
        )
