"""An unsafe route without audit does not pass: what can change something is recorded, or says why it need not be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from fastapi.routing import APIRoute
from pydantic import BaseModel, SecretStr

from ai4k8s_common.audit import MASKED, masked
from ai4k8s_gateway.app import create_api
from ai4k8s_gateway.audit.hook import CHANGES_NOTHING, RECORDS_ITSELF
from ai4k8s_gateway.dependencies import open_transaction
from ai4k8s_gateway.http.guards import SAFE_METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi.dependencies.models import Dependant


def routes_of(holder: Any) -> Iterator[APIRoute]:
    """FastAPI keeps an included router as one entry of its own: look inside."""
    for route in holder.routes:
        if isinstance(route, APIRoute):
            yield route
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes_of(inner)


def unsafe_routes() -> list[APIRoute]:
    found = [route for route in routes_of(create_api()) if (route.methods or set()) - SAFE_METHODS]
    assert len(found) > 30
    return found


def opens_the_audited_transaction(dependant: Dependant) -> bool:
    if dependant.call is open_transaction:
        return True
    return any(opens_the_audited_transaction(inner) for inner in dependant.dependencies)


def test_every_unsafe_route_is_recorded_or_says_why_not() -> None:
    unrecorded = {
        route.name
        for route in unsafe_routes()
        if route.name not in RECORDS_ITSELF | CHANGES_NOTHING and not opens_the_audited_transaction(route.dependant)
    }
    assert unrecorded == set(), "use Tx, or record by itself and add the name to RECORDS_ITSELF"


def test_only_routes_that_exist_are_excepted() -> None:
    assert {route.name for route in unsafe_routes()} >= RECORDS_ITSELF | CHANGES_NOTHING


def secret_fields(model: object, seen: set[object]) -> Iterator[str]:
    for part in get_args(model):
        yield from secret_fields(part, seen)
    if not (isinstance(model, type) and issubclass(model, BaseModel)) or model in seen:
        return
    seen.add(model)
    for name, field in model.model_fields.items():
        kinds = {field.annotation, *get_args(field.annotation)}
        if SecretStr in kinds:
            yield name
        yield from secret_fields(field.annotation, seen)


def test_secret_fields_of_bodies_are_masked_by_their_names() -> None:
    seen: set[object] = set()
    names = {
        name
        for route in unsafe_routes()
        if route.body_field is not None
        for name in secret_fields(route.body_field.field_info.annotation, seen)
    }
    assert {"password", "kubeconfig"} <= names
    shown = {name for name in names if masked({name: "canary"}) != {name: MASKED}}
    assert shown == set(), "a secret field has a name that the audit log does not mask"
