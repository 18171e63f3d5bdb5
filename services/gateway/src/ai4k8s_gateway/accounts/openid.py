"""A provider of single sign-on by OpenID Connect: where it is, where to send people, what it says of who came back.

Authorization code with PKCE, and with a nonce that the signed answer must repeat. What is believed is only what the
provider's own keys signed, for us, just now.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core.claims import CodeIDToken
from joserfc import jwk, jwt
from joserfc.errors import JoseError

from ai4k8s_gateway.accounts.provider import Claims, Journey, ProviderRefusedError, ProviderUnavailableError

if TYPE_CHECKING:
    from ai4k8s_gateway.accounts.oidc_settings import OidcSettings

TIMEOUT_SECONDS = 10.0
KEEP_METADATA_SECONDS = 3600.0
LEEWAY_SECONDS = 60
# Signatures by a key pair alone: with a shared secret, whoever checks could also sign.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_LONGEST = 300


@dataclass(frozen=True)
class _Metadata:
    values: dict[str, Any]
    read_at: float

    def endpoint(self, name: str) -> str:
        address = self.values.get(name)
        if not isinstance(address, str) or not address.startswith(("https://", "http://")):
            raise ProviderUnavailableError(f"the provider of single sign-on names no {name}")
        return address


class OpenIdProvider:
    """A provider found by its issuer's address."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._issuer = settings.issuer or ""
        self._lock = threading.Lock()
        self._known: _Metadata | None = None
        self._keys: jwk.KeySet | None = None

    def address(self, journey: Journey) -> str:
        """Return where to send somebody."""
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": journey.redirect_uri,
            "scope": self._settings.scopes,
            "state": journey.state,
            "nonce": journey.nonce,
            "code_challenge": create_s256_code_challenge(journey.verifier),
            "code_challenge_method": "S256",
        }
        endpoint = self._metadata().endpoint("authorization_endpoint")
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}"

    def redeem(self, journey: Journey, code: str) -> Claims:
        """Return who came back with a code."""
        answer = self._exchange(journey, code)
        id_token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(id_token, str):
            raise ProviderRefusedError("the provider sent no identity")
        claims = self._checked(id_token, journey, access_token if isinstance(access_token, str) else None)
        missing = self._settings.groups_claim not in claims or "email" not in claims
        if missing and isinstance(access_token, str) and "userinfo_endpoint" in self._metadata().values:
            claims = {**self._userinfo(access_token, str(claims["sub"])), **claims}
        return self._claims_of(claims)

    def _exchange(self, journey: Journey, code: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": journey.redirect_uri,
            "code_verifier": journey.verifier,
        }
        client_id, secret = self._settings.client_id, self._settings.client_secret
        auth: httpx.BasicAuth | None = None
        ways = self._metadata().values.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if secret is not None and "client_secret_basic" in ways:
            auth = httpx.BasicAuth(client_id, secret.get_secret_value())
        else:
            form["client_id"] = client_id
            if secret is not None:
                form["client_secret"] = secret.get_secret_value()
        response = self._ask("POST", self._metadata().endpoint("token_endpoint"), data=form, auth=auth)
        if response.status_code in {400, 401, 403}:
            raise ProviderRefusedError(
                "the provider does not accept the log-in",
                hint="Try again; if it stays, check the client's id and secret.",
            )
        return _json(response)

    def _checked(self, id_token: str, journey: Journey, access_token: str | None) -> dict[str, Any]:
        try:
            token = self._verified(id_token)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": self._issuer},
                    "aud": {"essential": True, "value": self._settings.client_id},
                },
                {"nonce": journey.nonce, "client_id": self._settings.client_id, "access_token": access_token},
            )
            claims.validate(leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderRefusedError(
                f"the provider's answer is not to be believed: {type(error).__name__}"
            ) from error
        if not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= _LONGEST:
            raise ProviderRefusedError("the provider's answer names nobody")
        return dict(claims)

    def _verified(self, id_token: str) -> jwt.Token:
        offered = self._metadata().values.get("id_token_signing_alg_values_supported") or ["RS256"]
        algorithms = [name for name in ALGORITHMS if name in offered]
        try:
            return jwt.decode(id_token, self._key_set(), algorithms=algorithms)
        except (JoseError, ValueError):
            # Its keys may have followed one another since they were read.
            return jwt.decode(id_token, self._key_set(anew=True), algorithms=algorithms)

    def _userinfo(self, access_token: str, subject: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {access_token}"}
        response = self._ask("GET", self._metadata().endpoint("userinfo_endpoint"), headers=headers)
        told = _json(response)
        if told.get("sub") != subject:
            raise ProviderRefusedError("the provider speaks of two people at once")
        return told

    def _claims_of(self, claims: dict[str, Any]) -> Claims:
        email = claims.get("email")
        verified = isinstance(email, str) and claims.get("email_verified") is True and len(email) <= _LONGEST
        groups = claims.get(self._settings.groups_claim)
        name = claims.get("preferred_username") or claims.get("email") or claims["sub"]
        return Claims(
            issuer=self._issuer,
            subject=claims["sub"],
            name=str(name)[:_LONGEST],
            email=email if verified else None,
            groups=frozenset(str(group) for group in groups) if isinstance(groups, list) else None,
        )

    def _metadata(self) -> _Metadata:
        with self._lock:
            if self._known is None or time.monotonic() - self._known.read_at > KEEP_METADATA_SECONDS:
                self._known = self._discover()
            return self._known

    def _discover(self) -> _Metadata:
        values = _json(self._ask("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"))
        if values.get("issuer") != self._issuer:
            raise ProviderUnavailableError(
                "the provider of single sign-on calls itself otherwise than it is set here",
                hint=f"AI4K8S_GATEWAY_OIDC_ISSUER must be exactly '{values.get('issuer')}', if that is the right one.",
            )
        return _Metadata(values, time.monotonic())

    def _key_set(self, *, anew: bool = False) -> jwk.KeySet:
        with self._lock:
            known = self._keys
        if known is None or anew:
            raw = _json(self._ask("GET", self._metadata().endpoint("jwks_uri")))
            try:
                known = jwk.KeySet.import_key_set(raw)  # type: ignore[arg-type]  # checked by it
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise ProviderUnavailableError("the provider's keys cannot be read") from error
            with self._lock:
                self._keys = known
        return known

    def _ask(self, method: str, address: str, **more: Any) -> httpx.Response:
        try:
            return httpx.request(method, address, timeout=TIMEOUT_SECONDS, follow_redirects=False, **more)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderUnavailableError(
                f"the provider of single sign-on does not answer ({type(error).__name__})",
                hint="Try again later, or log in by password.",
            ) from error


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json() if response.is_success else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ProviderUnavailableError(
            f"the provider of single sign-on answered {response.status_code} and nothing to go by"
        )
    return answer
