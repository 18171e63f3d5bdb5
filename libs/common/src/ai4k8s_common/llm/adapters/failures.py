"""From a package's exception to one of ours. What the server said is cut and redacted: it may quote the prompt."""

from __future__ import annotations

import email.utils
import json
import time
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ai4k8s_common.llm.adapters.base import (
    GarbledError,
    KeyRefusedError,
    LimitedError,
    NotReachedError,
    OverloadedError,
    RefusedRequestError,
    UnknownModelError,
)
from ai4k8s_common.llm.redaction import redact
from ai4k8s_common.llm.types import ModelError, ModelTimeoutError, ModelUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_OVERLOADED = 529
_SAID_CHARACTERS = 200
# Before a connection is made, nothing can have been done.
_NOT_SENT = ("ConnectError", "ConnectTimeout")


@contextmanager
def translated(package: ModuleType, core: ModuleType) -> Iterator[None]:
    """Run calls of a provider's package; only ModelErrors leave."""
    try:
        yield
    except ModelError:
        raise
    # Decoders of the packages raise whatever their parsers do, and none of it may leave an adapter.
    except Exception as error:  # noqa: BLE001
        raise _translation(error, package, core) from None


def _translation(error: Exception, package: ModuleType, core: ModuleType) -> ModelError:
    for cause in _causes(error):
        if isinstance(cause, ModelError):
            return cause
    if isinstance(error, package.APIStatusError):
        return _of_status(error)
    for cause in _causes(error):
        if isinstance(cause, core.ConnectError | core.ConnectTimeout):
            return NotReachedError("it cannot be reached", hint="Look at the address, and whether the server runs.")
        if isinstance(cause, core.TimeoutException):
            return ModelTimeoutError("it did not answer in time")
        if isinstance(cause, core.NetworkError | core.RemoteProtocolError | core.LocalProtocolError):
            return ModelUnavailableError(f"the connection broke ({type(cause).__name__})")
    if isinstance(error, package.APIConnectionError):
        return ModelUnavailableError("the connection broke")
    return GarbledError(f"it sent something that is no answer ({type(error).__name__})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _of_status(error: Any) -> ModelError:
    status, said = int(error.status_code), _said(error)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return LimitedError(f"its limit is reached{said}", retry_after_seconds=_retry_after(error))
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return KeyRefusedError(f"it refuses the key ({status})", hint="Look at the provider's key in the settings.")
    if status == HTTPStatus.NOT_FOUND:
        return UnknownModelError(f"it has no such model or address (404){said}")
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, _OVERLOADED}:
        return OverloadedError(f"it is overloaded ({status})")
    if status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT}:
        return ModelTimeoutError(f"it took too long by its own measure ({status})")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ModelUnavailableError(f"it failed ({status})")
    return RefusedRequestError(f"it does not take the request ({status}){said}")


def _said(error: Any) -> str:
    body = error.body
    if isinstance(body, dict):
        inner = body.get("error", body)
        body = inner.get("message") if isinstance(inner, dict) else inner
    if not body:
        return ""
    text = body if isinstance(body, str) else json.dumps(body, default=str)
    words = " ".join(redact(text).split())
    return f": {words[:_SAID_CHARACTERS]}"


def _retry_after(error: Any) -> float | None:
    """Seconds or a date, as HTTP has it."""
    value = error.response.headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
