"""`serviceaccounts/token`: tokens on request, for a time, an audience and an object to live and die with."""

from starlette.responses import Response

from ai4k8s_simcluster import errors
from ai4k8s_simcluster.api.bodies import media_type, read_object
from ai4k8s_simcluster.api.patching import manager_of
from ai4k8s_simcluster.api.rendering import json_response
from ai4k8s_simcluster.api.resources import Call
from ai4k8s_simcluster.apply.authors import asked_entries
from ai4k8s_simcluster.auth.tokens import API_AUDIENCES, Bound, Claims, TokenIssuer
from ai4k8s_simcluster.clock import Clock, rfc3339
from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.registry import NODES, PODS, SECRETS, SERVICE_ACCOUNTS, ResourceType
from ai4k8s_simcluster.store import Store, Stored
from ai4k8s_simcluster.types import Obj

_DEFAULT_SECONDS = 3600
_LEAST_SECONDS = 600
_MOST_SECONDS = 1 << 32
_API_VERSION = "authentication.k8s.io/v1"
_DEFINITION = "io.k8s.api.authentication.v1.TokenRequest"


class TokenRequests:
    """Issues tokens."""

    def __init__(self, store: Store, issuer: TokenIssuer, clock: Clock) -> None:
        self._store = store
        self._issuer = issuer
        self._clock = clock

    def create(self, call: Call) -> Response:
        """Answer one TokenRequest."""
        target = call.target
        body = read_object(call.body, media_type(call.headers), "TokenRequest")
        stored = self._store.get(SERVICE_ACCOUNTS, target.namespace, target.name)
        if stored is None:
            raise errors.not_found(SERVICE_ACCOUNTS, target.name)
        spec: Obj = body.get("spec") or {}
        seconds = spec.get("expirationSeconds", _DEFAULT_SECONDS)
        _check_body(body, target.name, seconds)
        audiences = tuple(spec.get("audiences") or API_AUDIENCES)
        reference: Obj | None = spec.get("boundObjectRef")
        bound = self._bound(stored, reference) if reference else ()
        account = stored.obj["metadata"]
        claims = Claims(target.namespace, target.name, account["uid"], audiences, bound)
        token, ends_at = self._issuer.issue(claims, int(seconds))
        now = rfc3339(self._clock.now())
        metadata: Obj = {"name": target.name, "namespace": target.namespace, "uid": account["uid"]}
        asked = {"kind": "TokenRequest", "apiVersion": _API_VERSION, "metadata": {}, "spec": spec}
        manager = manager_of(call.query, call.headers)
        entries = asked_entries(_DEFINITION, asked, "token", manager, lambda: now)
        metadata |= {"creationTimestamp": now, "managedFields": entries}
        answer: Obj = {
            "kind": "TokenRequest",
            "apiVersion": _API_VERSION,
            "metadata": metadata,
            "spec": {"audiences": list(audiences), "expirationSeconds": int(seconds), "boundObjectRef": reference},
            "status": {"token": token, "expirationTimestamp": rfc3339(ends_at)},
        }
        return json_response(answer, 201)

    def _bound(self, account: Stored, reference: Obj) -> tuple[Bound, ...]:
        kind, name = str(reference.get("kind") or ""), str(reference.get("name") or "")
        resource = _BINDABLE.get(kind)
        if resource is None or (reference.get("apiVersion") or "v1") != "v1":
            raise errors.bad_request(f"cannot bind token to object of type /{reference.get('apiVersion')}, Kind={kind}")
        stored = self._store.get(resource, "" if resource is NODES else account.namespace, name)
        if stored is None:
            raise errors.not_found(resource, name)
        uid = stored.obj["metadata"]["uid"]
        wanted = reference.get("uid")
        if wanted and wanted != uid:
            why = (
                f"the UID in the bound object reference ({wanted}) does not match the UID in record. "
                "The object might have been deleted and then recreated"
            )
            raise errors.conflict(resource, name, why)
        found = (Bound(kind, name, uid),)
        return (*found, *self._node_of(account, stored)) if resource is PODS else found

    def _node_of(self, account: Stored, pod: Stored) -> tuple[Bound, ...]:
        runs_as = pod.obj["spec"].get("serviceAccountName", "")
        if runs_as != account.name:
            message = f'cannot bind token for serviceaccount "{account.name}" to pod running with serviceaccount '
            raise errors.bad_request(f'{message}name: "{runs_as}"')
        node = self._store.get(NODES, "", pod.obj["spec"].get("nodeName", ""))
        return (Bound("Node", node.name, node.obj["metadata"]["uid"]),) if node else ()


class PodTokens:
    """Makes the token that a pod finds in its projected volume."""

    def __init__(self, store: Store, issuer: TokenIssuer) -> None:
        self._store = store
        self._issuer = issuer

    def __call__(self, pod: Obj, projection: Obj) -> str:
        """Return the token; empty when the pod's account is gone."""
        metadata = pod["metadata"]
        name = pod["spec"].get("serviceAccountName", "default")
        account = self._store.get(SERVICE_ACCOUNTS, metadata["namespace"], name)
        if account is None:
            return ""
        audiences = (projection["audience"],) if projection.get("audience") else API_AUDIENCES
        bound = (Bound("Pod", metadata["name"], metadata["uid"]),)
        claims = Claims(metadata["namespace"], name, account.obj["metadata"]["uid"], audiences, bound)
        return self._issuer.issue(claims, int(projection.get("expirationSeconds") or _DEFAULT_SECONDS))[0]


_BINDABLE: dict[str, ResourceType] = {"Pod": PODS, "Secret": SECRETS, "Node": NODES}


def _check_body(body: Obj, name: str, seconds: object) -> None:
    """Raise ApiError (400, 422) when a request is for another account, or for a time that cannot be."""
    given = (body.get("metadata") or {}).get("name") or name
    if given != name:
        cause = Cause.invalid("metadata.name", given, "must match the service account name if specified")
        raise errors.invalid("TokenRequest", "authentication.k8s.io", name, [cause])
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise errors.bad_request(
            'TokenRequest in version "v1" cannot be handled as a TokenRequest: json: cannot unmarshal '
            "into Go struct field TokenRequestSpec.spec.expirationSeconds of type int64"
        )
    why = ""
    if seconds < _LEAST_SECONDS:
        why = "may not specify a duration less than 10 minutes"
    elif seconds > _MOST_SECONDS:
        why = "may not specify a duration larger than 2^32 seconds"
    if why:
        cause = Cause.invalid("spec.expirationSeconds", seconds, why)
        raise errors.invalid("TokenRequest", "authentication.k8s.io", "", [cause])
