"""Tokens of service accounts: JSON web tokens signed by the cluster's own key, with the claims of a real cluster's."""

import base64
import binascii
import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from ai4k8s_simcluster.auth.users import service_account_name
from ai4k8s_simcluster.clock import Clock
from ai4k8s_simcluster.persistence import write_private
from ai4k8s_simcluster.types import Obj

ISSUER = "https://kubernetes.default.svc"
API_AUDIENCES = (ISSUER,)
_LEGACY_ISSUER = "kubernetes/serviceaccount"
_LEGACY = "kubernetes.io/serviceaccount/"
_COORDINATE_BYTES = 32


class InvalidTokenError(Exception):
    """A token that proves nothing: not ours, changed, expired or not yet valid."""


@dataclass(frozen=True, slots=True)
class Bound:
    """An object whose end is the token's end."""

    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says of its bearer.

    secret: the Secret a legacy token is kept in; such tokens never expire and have no id.
    """

    namespace: str
    name: str
    uid: str
    audiences: tuple[str, ...] = API_AUDIENCES
    bound: tuple[Bound, ...] = ()
    token_id: str = ""
    secret: str = ""

    @property
    def subject(self) -> str:
        """Return the user name."""
        return service_account_name(self.namespace, self.name)


def load_signing_key(directory: Path) -> ec.EllipticCurvePrivateKey:
    """Return the cluster's key as kept in its state directory, made on the first start."""
    path = directory / "sa.key"
    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        plain = serialization.NoEncryption()
        write_private(path, made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    loaded = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} is not a key of this program; remove it to have a new one made")
    return loaded


class TokenIssuer:
    """Signs tokens, and knows its own again."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, clock: Clock) -> None:
        self._key = key
        self._clock = clock
        numbers = key.public_key().public_numbers()
        self._x, self._y = (number.to_bytes(_COORDINATE_BYTES, "big") for number in (numbers.x, numbers.y))
        self._key_id = _encode(hashlib.sha256(self._x + self._y).digest())

    def issue(self, claims: Claims, seconds: int) -> tuple[str, float]:
        """Return a token for that long, and when it ends (Unix seconds)."""
        now = int(self._clock.now())
        inner: Obj = {"namespace": claims.namespace}
        inner["serviceaccount"] = {"name": claims.name, "uid": claims.uid}
        for bound in claims.bound:
            inner[bound.kind.lower()] = {"name": bound.name, "uid": bound.uid}
        payload: Obj = {
            "aud": list(claims.audiences),
            "exp": now + seconds,
            "iat": now,
            "iss": ISSUER,
            "jti": str(uuid.uuid4()),
            "kubernetes.io": inner,
            "nbf": now,
            "sub": claims.subject,
        }
        return self._sign(payload), float(now + seconds)

    def issue_legacy(self, claims: Claims) -> str:
        """Return the token for a Secret of type `kubernetes.io/service-account-token`: it does not expire."""
        payload = {
            "iss": _LEGACY_ISSUER,
            f"{_LEGACY}namespace": claims.namespace,
            f"{_LEGACY}secret.name": claims.secret,
            f"{_LEGACY}service-account.name": claims.name,
            f"{_LEGACY}service-account.uid": claims.uid,
            "sub": claims.subject,
        }
        return self._sign(payload)

    def read(self, token: str) -> Claims:
        """Return what a token says. Raises InvalidTokenError."""
        payload = self._verified(token)
        try:
            if payload["iss"] == _LEGACY_ISSUER:
                found = _legacy_claims(payload)
            else:
                found = _bound_claims(payload)
                self._check_time(payload)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidTokenError("the claims are not those of a service account") from error
        return found

    def key_set(self) -> Obj:
        """Return the public key as a JSON web key set."""
        key = {"use": "sig", "kty": "EC", "kid": self._key_id, "crv": "P-256", "alg": "ES256"}
        return {"keys": [{**key, "x": _encode(self._x), "y": _encode(self._y)}]}

    def configuration(self, address: str) -> Obj:
        """Return the OpenID provider's configuration."""
        return {
            "issuer": ISSUER,
            "jwks_uri": f"https://{address}/openid/v1/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }

    def _sign(self, payload: Obj) -> str:
        header = {"alg": "ES256", "kid": self._key_id}
        signed = f"{_encode(orjson.dumps(header))}.{_encode(orjson.dumps(payload))}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")
        return f"{signed}.{_encode(signature)}"

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            signed, _, raw = token.rpartition(".")
            head, _, body = signed.partition(".")
            if orjson.loads(_decode(head)).get("alg") != "ES256":
                raise InvalidTokenError("signed in another way than this cluster signs")
            signature = _decode(raw)
            if len(signature) != 2 * _COORDINATE_BYTES:
                raise InvalidTokenError("the signature has the wrong length")
            r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
            checked = encode_dss_signature(r, s)
            self._key.public_key().verify(checked, signed.encode(), ec.ECDSA(hashes.SHA256()))
            payload = orjson.loads(_decode(body))
        except (binascii.Error, orjson.JSONDecodeError, InvalidSignature, AttributeError, UnicodeError) as error:
            raise InvalidTokenError("not a token of this cluster") from error
        if not isinstance(payload, dict) or payload.get("iss") not in (ISSUER, _LEGACY_ISSUER):
            raise InvalidTokenError("from another issuer")
        return payload

    def _check_time(self, payload: dict[str, Any]) -> None:
        now = self._clock.now()
        if now >= payload["exp"]:
            raise InvalidTokenError("service account token has expired")
        if now < payload["nbf"]:
            raise InvalidTokenError("service account token is not valid yet")


def audiences_in_common(audiences: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the audiences of a token that are among the wanted ones."""
    return tuple(audience for audience in audiences if audience in wanted)


def _bound_claims(payload: dict[str, Any]) -> Claims:
    inner = payload["kubernetes.io"]
    account = inner["serviceaccount"]
    kinds = (("pod", "Pod"), ("node", "Node"), ("secret", "Secret"))
    bound = [Bound(kind, inner[key]["name"], inner[key]["uid"]) for key, kind in kinds if key in inner]
    return Claims(
        inner["namespace"], account["name"], account["uid"], tuple(payload["aud"]), tuple(bound), payload["jti"]
    )


def _legacy_claims(payload: dict[str, Any]) -> Claims:
    return Claims(
        payload[f"{_LEGACY}namespace"],
        payload[f"{_LEGACY}service-account.name"],
        payload[f"{_LEGACY}service-account.uid"],
        secret=payload[f"{_LEGACY}secret.name"],
    )


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
