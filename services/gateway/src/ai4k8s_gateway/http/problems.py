"""Every error leaves as a problem detail (RFC 9457), with a stable code and a hint for a person.

Nothing of the request is repeated in one: a refused body may hold a password or a kubeconfig.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from ai4k8s_common.errors import Ai4k8sError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI, Request

MEDIA_TYPE = "application/problem+json"
DEFAULT_RETRY_AFTER_SECONDS = 2

log = structlog.stdlib.get_logger(__name__)


class FieldProblem(BaseModel):
    """One thing that is wrong with one field."""

    field: str = Field(examples=["body.max_replicas"])
    message: str = Field(examples=["Input should be greater than or equal to 1"])


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(examples=["urn:ai4k8s:problem:not_found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["there is no such cluster"])
    code: str = Field(examples=["not_found"], description="stable, for programs")
    hint: str = Field(examples=["Choose one of the clusters you may see."], description="what to do next; may be empty")
    errors: list[FieldProblem] | None = None


def problem_response(
    status: int,
    code: str,
    detail: str,
    *,
    hint: str = "",
    errors: Sequence[FieldProblem] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Build the answer."""
    problem = Problem(
        type=f"urn:ai4k8s:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=int(status),
        detail=detail,
        code=code,
        hint=hint,
        errors=None if errors is None else list(errors),
    )
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=int(status),
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of the app a problem."""
    app.add_exception_handler(Ai4k8sError, _on_own_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_unforeseen)


def responses_for(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI says about these errors."""
    return {
        status.value: {
            "model": Problem,
            "description": status.phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def _on_own_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Ai4k8sError)  # noqa: S101  # registered for this type
    headers: dict[str, str] = {}
    if error.status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        seconds = getattr(error, "retry_after_seconds", None) or DEFAULT_RETRY_AFTER_SECONDS
        headers["Retry-After"] = str(max(1, round(seconds)))
    return problem_response(error.status, error.code, error.detail, hint=error.hint, headers=headers)


def _on_invalid_request(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for this type
    errors = [
        FieldProblem(field=".".join(str(part) for part in item["loc"]), message=str(item["msg"]))
        for item in error.errors()
    ]
    first = f"{errors[0].field}: {errors[0].message}" if errors else "the request is not valid"
    return problem_response(422, "invalid_input", first, hint="Correct the fields named in 'errors'.", errors=errors)


_HTTP_CODES = {
    HTTPStatus.NOT_FOUND: ("not_found", "there is nothing at this address", ""),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "this address does not take that method", ""),
    HTTPStatus.CONTENT_TOO_LARGE if hasattr(HTTPStatus, "CONTENT_TOO_LARGE") else HTTPStatus(413): (
        "body_too_large",
        "the request is larger than allowed",
        "",
    ),
}


def _on_http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for this type
    if error.status_code == HTTPStatus.BAD_REQUEST:
        # FastAPI's word for a body that its parser gave up on: nested too deep, or not UTF-8.
        return problem_response(422, "body_unreadable", "the request's body cannot be read as JSON")
    code, detail, hint = _HTTP_CODES.get(
        HTTPStatus(error.status_code), ("http_error", HTTPStatus(error.status_code).description or "refused", "")
    )
    return problem_response(error.status_code, code, detail, hint=hint, headers=error.headers)


def _on_unforeseen(_: Request, error: Exception) -> JSONResponse:
    log.error("request_crashed", error_type=type(error).__name__)
    return problem_response(
        500, "internal", "something went wrong that nobody foresaw", hint="Try again; the log has the details."
    )
