"""From what a request shows to who makes it: client certificates, bearer tokens, or nobody in particular."""

import base64
import binascii
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from ai4k8s_simcluster.auth.tokens import (
    API_AUDIENCES,
    Bound,
    Claims,
    InvalidTokenError,
    TokenIssuer,
    audiences_in_common,
)
from ai4k8s_simcluster.auth.users import (
    AUTHENTICATED,
    CREDENTIAL_ID,
    MASTERS,
    NODE_NAME,
    NODE_UID,
    POD_NAME,
    POD_UID,
    User,
    anonymous,
    service_account_groups,
)
from ai4k8s_simcluster.clock import Clock
from ai4k8s_simcluster.errors import unauthorized
from ai4k8s_simcluster.registry import NODES, PODS, SECRETS, SERVICE_ACCOUNTS, ResourceType
from ai4k8s_simcluster.store import Store

ADMIN = "admin"
_WEBSOCKET_TOKEN = "base64url.bearer.authorization.k8s.io."  # noqa: S105 - the name of a protocol
_REMEMBERED_SECONDS = 10.0
_REMEMBERED = 2_000
_BOUND_TYPES: Mapping[str, ResourceType] = {"Pod": PODS, "Secret": SECRETS, "Node": NODES}


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Whose token it is, and for which of the wanted audiences it is meant."""

    user: User
    audiences: tuple[str, ...]


class Authenticator:
    """Knows the cluster's credentials.

    A token that was good is believed for ten seconds more, as a real server does: signatures are not checked anew for
    every request, and an account that was deleted can be used that long.
    """

    def __init__(self, store: Store, issuer: TokenIssuer, admin_token: str, clock: Clock) -> None:
        self._store = store
        self._issuer = issuer
        self._admin_token = admin_token.encode()
        self._clock = clock
        self._remembered: OrderedDict[tuple[bytes, tuple[str, ...]], tuple[float, Authenticated]] = OrderedDict()

    def identify(self, headers: Mapping[str, str], certificate: bytes | None) -> User:
        """Return who makes a request; the certificate is the client's in DER, checked by TLS already.

        Raises ApiError (401) when a token is shown that is not good.
        """
        named = certificate_user(certificate) if certificate else None
        if named is not None:
            return named.with_group(AUTHENTICATED)
        token = bearer_token(headers)
        if not token:
            return anonymous()
        found = self.by_token(token)
        if found is None:
            raise unauthorized()
        return found.user

    def by_token(self, token: str, audiences: Sequence[str] = API_AUDIENCES) -> Authenticated | None:
        """Return whose token it is; None when it is not good, or good for other audiences only."""
        if hmac.compare_digest(token.encode(), self._admin_token):
            user = User(ADMIN, "1", (MASTERS, AUTHENTICATED))
            return Authenticated(user, audiences_in_common(API_AUDIENCES, audiences))
        key = hashlib.sha256(token.encode()).digest(), tuple(audiences)
        now = self._clock.now()
        until, found = self._remembered.get(key, (0.0, None))
        if found is not None and now < until:
            return found
        found = self._check(token, audiences)
        if found is not None:
            self._remembered[key] = (now + _REMEMBERED_SECONDS, found)
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return found

    def _check(self, token: str, audiences: Sequence[str]) -> Authenticated | None:
        try:
            claims = self._issuer.read(token)
        except InvalidTokenError:
            return None
        common = audiences_in_common(claims.audiences, audiences)
        account = self._store.get(SERVICE_ACCOUNTS, claims.namespace, claims.name)
        if not common or account is None or account.obj["metadata"]["uid"] != claims.uid:
            return None
        if not all(self._exists(claims.namespace, bound) for bound in claims.bound):
            return None
        if claims.secret and not self._kept(claims, token):
            return None
        return Authenticated(_service_account(claims), common)

    def _exists(self, namespace: str, bound: Bound) -> bool:
        where = "" if bound.kind == "Node" else namespace
        stored = self._store.get(_BOUND_TYPES[bound.kind], where, bound.name)
        return stored is not None and stored.obj["metadata"]["uid"] == bound.uid

    def _kept(self, claims: Claims, token: str) -> bool:
        stored = self._store.get(SECRETS, claims.namespace, claims.secret)
        kept = ((stored.obj if stored else {}).get("data") or {}).get("token", "")
        return hmac.compare_digest(base64.b64encode(token.encode()), str(kept).encode())


def bearer_token(headers: Mapping[str, str]) -> str:
    """Return the token of a request, empty when there is none; browsers hide it in the WebSocket protocols."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    for protocol in headers.get("sec-websocket-protocol", "").split(","):
        if protocol.strip().startswith(_WEBSOCKET_TOKEN):
            raw = protocol.strip().removeprefix(_WEBSOCKET_TOKEN)
            try:
                return base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)).decode()
            except (binascii.Error, UnicodeDecodeError) as error:
                raise unauthorized() from error
    return ""


def certificate_user(der: bytes) -> User | None:
    """Return the user a client certificate names: its common name, its organisations as groups."""
    certificate = x509.load_der_x509_certificate(der)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not names:
        return None
    organisations = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    extra = {CREDENTIAL_ID: (f"X509SHA256={hashlib.sha256(der).hexdigest()}",)}
    return User(str(names[0].value), groups=tuple(str(one.value) for one in organisations), extra=extra)


def _service_account(claims: Claims) -> User:
    extra: dict[str, tuple[str, ...]] = {}
    if claims.token_id:
        extra[CREDENTIAL_ID] = (f"JTI={claims.token_id}",)
    keys = {"Pod": (POD_NAME, POD_UID), "Node": (NODE_NAME, NODE_UID)}
    for bound in claims.bound:
        if bound.kind in keys:
            name, uid = keys[bound.kind]
            extra |= {name: (bound.name,), uid: (bound.uid,)}
    groups = (*service_account_groups(claims.namespace), AUTHENTICATED)
    return User(claims.subject, claims.uid, groups, extra)
