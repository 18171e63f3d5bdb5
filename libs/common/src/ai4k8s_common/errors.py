"""Every failure of ours says what it means to an HTTP client and whether trying again can help.

Adapters translate third-party exceptions into these; nothing above an adapter catches anything else.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar


class Ai4k8sError(Exception):
    """Base of all errors of ours.

    `code` is stable and machine-readable, `hint` tells a person what to do next.
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str, *, hint: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint


class InvalidInputError(Ai4k8sError):
    """The request is understood but cannot be carried out as given."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid_input"


class UnauthenticatedError(Ai4k8sError):
    """Nobody is logged in."""

    status = HTTPStatus.UNAUTHORIZED
    code = "unauthenticated"


class ForbiddenError(Ai4k8sError):
    """The person is known and may not do this."""

    status = HTTPStatus.FORBIDDEN
    code = "forbidden"


class NotFoundError(Ai4k8sError):
    """There is no such thing, or not for this person."""

    status = HTTPStatus.NOT_FOUND
    code = "not_found"


class ConflictError(Ai4k8sError):
    """The thing changed, or exists already."""

    status = HTTPStatus.CONFLICT
    code = "conflict"


class NotReadyError(Ai4k8sError):
    """What is asked for does not exist yet, and the hint says what makes it."""

    status = HTTPStatus.CONFLICT
    code = "not_ready"


class TooManyRequestsError(Ai4k8sError):
    """Slow down; later it will work."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_requests"
    retryable = True


class NotConfiguredError(Ai4k8sError):
    """The feature exists and somebody has to set it up first."""

    status = HTTPStatus.NOT_IMPLEMENTED
    code = "not_configured"


class UnavailableError(Ai4k8sError):
    """Something we depend on does not answer now."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "unavailable"
    retryable = True


class PoisonMessageError(Ai4k8sError):
    """A message that can never be handled: it goes to the dead letters at once."""

    code = "poison_message"
