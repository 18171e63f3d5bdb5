"""What a cluster's API can answer, as errors of ours: each says whether trying again can help.

The difference matters more here than elsewhere: 'forbidden' waits for a person, 'throttled' for a moment, and
none of them ever means that pods are gone.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_common.kube.granting import how_to_grant, missing_in

if TYPE_CHECKING:
    from collections.abc import Mapping


class KubeError(Ai4k8sError):
    """A cluster's API did not do what was asked."""

    status = HTTPStatus.BAD_GATEWAY
    code = "kube_error"


class KubeInvalidError(KubeError):
    """400, 405, 415 or 422: the API server refuses the request as it stands."""

    code = "kube_invalid"


class KubeUnauthorizedError(KubeError):
    """401: the credential is not accepted (any more)."""

    code = "kube_unauthorized"


class KubeForbiddenError(KubeError):
    """403: the credential is known and lacks a right."""

    code = "kube_forbidden"


class KubeNotFoundError(KubeError):
    """404: no such object, or no such API in this cluster."""

    status = HTTPStatus.NOT_FOUND
    code = "kube_not_found"


class KubeConflictError(KubeError):
    """409: the object changed since it was read."""

    status = HTTPStatus.CONFLICT
    code = "kube_conflict"


class KubeGoneError(KubeError):
    """410: the snapshot a list or watch was reading has expired; start again."""

    code = "kube_gone"
    retryable = True


class KubeThrottledError(KubeError):
    """429: the API server asks for patience, for `retry_after_seconds` if it says so."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "kube_throttled"
    retryable = True

    def __init__(self, detail: str, *, hint: str = "", retry_after_seconds: float | None = None) -> None:
        super().__init__(detail, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class KubeUnavailableError(KubeError):
    """5xx, a time-out, a refused or broken connection."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "kube_unavailable"
    retryable = True


class KubeTlsError(KubeError):
    """The server's certificate does not prove that it is the cluster, or TLS fails otherwise."""

    code = "kube_tls"


class KubeProtocolError(KubeError):
    """The answer is not what the Kubernetes API promises: cut off, malformed, or from something else."""

    code = "kube_protocol"
    retryable = True


class KubeStatus(msgspec.Struct, frozen=True):
    """The API's own error body; only what a person needs of it."""

    kind: str = ""
    message: str = ""
    reason: str = ""
    code: int = 0


_HINTS: dict[type[KubeError], str] = {
    KubeUnauthorizedError: "The token or certificate has expired or was revoked: add the credential again.",
    KubeForbiddenError: "Grant the missing right to the credential's user or service account.",
    KubeTlsError: "Check certificate-authority-data, and that the certificate was made for this address.",
    KubeThrottledError: "The API server is busy; it is asked again by itself.",
    KubeUnavailableError: "It is asked again by itself. If this lasts, look at the cluster's control plane.",
}

_BY_STATUS: dict[int, type[KubeError]] = {
    400: KubeInvalidError,
    401: KubeUnauthorizedError,
    403: KubeForbiddenError,
    404: KubeNotFoundError,
    405: KubeInvalidError,
    408: KubeUnavailableError,
    409: KubeConflictError,
    410: KubeGoneError,
    415: KubeInvalidError,
    422: KubeInvalidError,
    429: KubeThrottledError,
}

MAX_MESSAGE_CHARACTERS = 400


def hint_for(kind: type[KubeError]) -> str:
    """What a person can do about this kind of error, in general."""
    return _HINTS.get(kind, "")


def error_for(what: str, status: int, headers: Mapping[str, str], body: bytes) -> KubeError:
    """Translate an unsuccessful answer; `what` names the request, as in 'GET /api/v1/pods'."""
    kind = _BY_STATUS.get(status, KubeUnavailableError if status >= HTTPStatus.INTERNAL_SERVER_ERROR else KubeError)
    detail = f"{what} answered {status}: {_message(body)}"
    hint = _HINTS.get(kind, "")
    if kind is KubeForbiddenError:
        missing = missing_in(body.decode(errors="replace").replace('\\"', '"'))
        hint = how_to_grant(missing) if missing else hint
    if kind is KubeThrottledError:
        return KubeThrottledError(detail, hint=hint, retry_after_seconds=_retry_after(headers))
    return kind(detail, hint=hint)


def _message(body: bytes) -> str:
    try:
        status = msgspec.json.decode(body, type=KubeStatus)
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = body[:MAX_MESSAGE_CHARACTERS].decode(errors="replace").strip()
    else:
        text = status.message or status.reason
    text = "".join(c if c.isprintable() else " " for c in text)
    return text[:MAX_MESSAGE_CHARACTERS] or "no reason given"


def _retry_after(headers: Mapping[str, str]) -> float | None:
    # The API server sends whole seconds; the date form of HTTP is not used there.
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return min(seconds, 300.0) if seconds >= 0 else None
