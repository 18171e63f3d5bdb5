"""Questions about rights and identities: the reviews that are created to be answered, and never kept."""

from typing import Any

from starlette.responses import Response

from ai4k8s_simcluster import errors
from ai4k8s_simcluster.api.bodies import check_kind, fit, media_type, read_object
from ai4k8s_simcluster.api.patching import manager_of
from ai4k8s_simcluster.api.rendering import Renderer
from ai4k8s_simcluster.api.resources import Call
from ai4k8s_simcluster.apply.authors import asked_entries
from ai4k8s_simcluster.auth.attributes import Attributes
from ai4k8s_simcluster.auth.authentication import Authenticator
from ai4k8s_simcluster.auth.rbac import Rbac
from ai4k8s_simcluster.auth.tokens import API_AUDIENCES
from ai4k8s_simcluster.auth.users import User
from ai4k8s_simcluster.clock import Clock, rfc3339
from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.registry import (
    ACCESS_REVIEWS,
    LOCAL_ACCESS_REVIEWS,
    RULES_REVIEWS,
    SELF_SUBJECT_REVIEWS,
    SUBJECT_ACCESS_REVIEWS,
    TOKEN_REVIEWS,
    ResourceType,
)
from ai4k8s_simcluster.types import Obj

_ONE_OF = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
_NOT_BOTH = "cannot be specified in combination with resourceAttributes"
_NOBODY = "at least one of user or group must be specified"
_GROUP = "authorization.k8s.io"


class Reviews:
    """Answers reviews."""

    def __init__(self, rbac: Rbac, authenticator: Authenticator, clock: Clock) -> None:
        self._rbac = rbac
        self._authenticator = authenticator
        self._clock = clock
        self._answers = {
            ACCESS_REVIEWS: self._self_access,
            SUBJECT_ACCESS_REVIEWS: self._access,
            LOCAL_ACCESS_REVIEWS: self._local_access,
            RULES_REVIEWS: self._rules,
            SELF_SUBJECT_REVIEWS: self._self,
            TOKEN_REVIEWS: self._token,
        }

    def knows(self, resource: ResourceType) -> bool:
        """Say whether a type is a review."""
        return resource in self._answers

    def answer(self, call: Call) -> Response:
        """Answer one review."""
        resource = call.target.resource
        value = read_object(call.body, media_type(call.headers), resource.kind)
        check_kind(value, resource.kind, resource.group, resource.version)
        review = fit(resource, value, call.query.get("fieldValidation", "")).obj
        asked: Obj = review.get("spec") or {}
        head = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": review.get("metadata") or {}}
        answer = self._answers[resource](call, asked)
        if answer.get("spec"):
            head["metadata"] = self._managed(call, {**head, "spec": asked})
        return respond(call.renderer, resource, {**head, **answer})

    def _managed(self, call: Call, review: Obj) -> Obj:
        """Return the metadata of a review with its fields' manager."""
        now = rfc3339(self._clock.now())
        manager = manager_of(call.query, call.headers)
        entries = asked_entries(call.target.resource.definition, review, "", manager, lambda: now)
        return {**review["metadata"], "managedFields": entries}

    def _self_access(self, call: Call, spec: Obj) -> Obj:
        _check_attributes(spec)
        return {"spec": spec, "status": self._decide(call.user, spec)}

    def _access(self, _: Call, spec: Obj) -> Obj:
        _check_attributes(spec, subject=True)
        return {"spec": spec, "status": self._decide(_subject(spec), spec)}

    def _local_access(self, call: Call, spec: Obj) -> Obj:
        _check_attributes(spec, subject=True, local=True)
        namespace = call.target.namespace
        if (spec["resourceAttributes"].get("namespace") or "") != namespace:
            raise errors.bad_request(f"spec.resourceAttributes.namespace must match namespace: {namespace}")
        return {"spec": spec, "status": self._decide(_subject(spec), spec)}

    def _decide(self, user: User, spec: Obj) -> Obj:
        decision = self._rbac.authorize(_attributes(user, spec))
        status: Obj = {"allowed": decision.allowed}
        if decision.reason:
            status["reason"] = decision.reason
        return status

    def _rules(self, call: Call, spec: Obj) -> Obj:
        namespace = spec.get("namespace") or ""
        if not namespace:
            raise errors.bad_request("no namespace on request")
        granted = self._rbac.rules_of(call.user, namespace)
        status: Obj = {
            "resourceRules": [rule.resource_rule() for rule in granted.rules if rule.resources],
            "nonResourceRules": [rule.url_rule() for rule in granted.rules if rule.urls],
            "incomplete": bool(granted.errors),
        }
        if granted.errors:
            status["evaluationError"] = ", ".join(granted.errors)
        return {"spec": {}, "status": status}

    def _self(self, call: Call, _: Obj) -> Obj:
        now = rfc3339(self._clock.now())
        return {"metadata": {"creationTimestamp": now}, "status": {"userInfo": call.user.info()}}

    def _token(self, _: Call, spec: Obj) -> Obj:
        token = str(spec.get("token") or "")
        if not token:
            raise errors.bad_request("token is required for TokenReview in authentication")
        wanted = tuple(spec.get("audiences") or API_AUDIENCES)
        found = self._authenticator.by_token(token, wanted)
        if found is None:
            return {"spec": spec, "status": {"user": {}, "error": "invalid bearer token"}}
        status: Obj = {"authenticated": True, "user": found.user.info(), "audiences": list(found.audiences)}
        return {"spec": spec, "status": status}


def respond(renderer: Renderer, resource: ResourceType, obj: Obj) -> Response:
    """Answer with an object that was made for this request only."""
    return renderer.one(resource, obj, 201)


def _subject(spec: Obj) -> User:
    extra = {key: tuple(values) for key, values in (spec.get("extra") or {}).items()}
    return User(str(spec.get("user") or ""), str(spec.get("uid") or ""), tuple(spec.get("groups") or ()), extra)


def _attributes(user: User, spec: Obj) -> Attributes:
    wanted: Obj = spec.get("resourceAttributes") or {}
    if not wanted:
        plain: Obj = spec.get("nonResourceAttributes") or {}
        return Attributes(user, str(plain.get("verb") or ""), path=str(plain.get("path") or "/"))

    def part(name: str) -> str:
        return str(wanted.get(name) or "")

    names = ("verb", "group", "version", "resource", "subresource", "namespace", "name")
    return Attributes(user, *(part(name) for name in names))


def _check_attributes(spec: Obj, *, subject: bool = False, local: bool = False) -> None:
    """Refuse a question that is none. Raises ApiError (422)."""
    causes: list[Cause] = []
    of_resource, of_path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if of_resource is not None and of_path is not None:
        causes.append(Cause.invalid("spec.nonResourceAttributes", of_path, _NOT_BOTH))
    if of_resource is None and (local or of_path is None):
        causes.append(Cause("spec.resourceAttributes", "FieldValueInvalid", f"Invalid value: null: {_ONE_OF}"))
    if subject and not spec.get("user") and not spec.get("groups"):
        causes.append(Cause.invalid("spec.user", _text(spec.get("user")), _NOBODY))
    if causes:
        # A real server leaves the kind out of this one.
        error = errors.invalid("", _GROUP, "", causes)
        error.details = {key: value for key, value in (error.details or {}).items() if key != "kind"}
        raise error


def _text(value: Any) -> str:
    return str(value or "")
