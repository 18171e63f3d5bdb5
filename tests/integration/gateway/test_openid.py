"""What a provider's answer must be to be believed: signed by its own key, for us, just now, for this very log-in."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwk, jwt

from ai4k8s_gateway.accounts.oidc_settings import OidcSettings
from ai4k8s_gateway.accounts.openid import OpenIdProvider
from ai4k8s_gateway.accounts.provider import Journey, ProviderRefusedError, ProviderUnavailableError
from tests.support.scripted_http import Reply, Seen, scripted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY, OTHER_KEY = (jwk.ECKey.generate_key("P-256", {"kid": "1"}) for _ in range(2))
JOURNEY = Journey(state="s", nonce="n", verifier="v" * 43, redirect_uri="https://here.example/callback")


class Script:
    """A provider whose every word can be changed."""

    def __init__(self) -> None:
        self.url = ""
        self.change: Callable[[dict[str, Any]], object] = lambda _: None
        self.sign: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode(
            {"alg": "ES256", "kid": "1"}, claims, KEY
        )
        self.userinfo: dict[str, Any] = {"sub": "1"}
        self.form: dict[str, str] = {}

    def __call__(self, seen: Seen) -> Reply:
        if seen.path.startswith("/.well-known"):
            names = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "jwks"}
            told = {name: f"{self.url}/{path}" for name, path in names.items()}
            more = {
                "userinfo_endpoint": f"{self.url}/userinfo",
                "id_token_signing_alg_values_supported": ["ES256", "none", "HS256"],
            }
            return Reply(body={"issuer": self.url, **told, **more})
        if seen.path.startswith("/jwks"):
            return Reply(body={"keys": [KEY.as_dict(private=False)]})
        if seen.path.startswith("/userinfo"):
            return Reply(body=self.userinfo)
        self.form = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        now = int(time.time())
        claims = {"iss": self.url, "aud": "ai4k8s", "sub": "1", "nonce": "n", "iat": now, "exp": now + 60}
        self.change(claims)
        return Reply(body={"access_token": "a", "token_type": "Bearer", "id_token": self.sign(claims)})


@pytest.fixture(scope="module")
def scripted_provider() -> Iterator[Script]:
    script = Script()
    with scripted(script) as server:
        script.url = server.url
        yield script


@pytest.fixture
def script(scripted_provider: Script) -> Script:
    fresh = Script()
    scripted_provider.__dict__.update({**fresh.__dict__, "url": scripted_provider.url})
    return scripted_provider


def redeem(script: Script) -> Any:
    return OpenIdProvider(OidcSettings(issuer=script.url)).redeem(JOURNEY, "code")


def test_a_right_answer_is_believed_and_the_code_was_redeemed_with_what_only_we_know(script: Script):
    script.userinfo = {"sub": "1", "email": "ada@example.org", "email_verified": True, "groups": ["sre"]}
    provider = OpenIdProvider(OidcSettings(issuer=script.url))
    asked = {name: values[0] for name, values in parse_qs(urlsplit(provider.address(JOURNEY)).query).items()}

    claims = provider.redeem(JOURNEY, "code")

    challenge = base64.urlsafe_b64encode(hashlib.sha256(script.form["code_verifier"].encode()).digest()).decode()
    assert (asked["code_challenge"], asked["code_challenge_method"]) == (challenge.rstrip("="), "S256")
    assert JOURNEY.verifier not in provider.address(JOURNEY)
    assert (asked["state"], asked["nonce"], asked["response_type"]) == ("s", "n", "code")
    assert (claims.issuer, claims.subject, claims.email) == (script.url, "1", "ada@example.org")
    assert claims.groups == frozenset({"sre"})


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_the_provider_did_not_verify_is_none(script: Script, verified: object):
    script.userinfo = {"sub": "1", "email": "root@example.org", "email_verified": verified}

    assert redeem(script).email is None


@pytest.mark.parametrize(
    "change",
    [
        lambda claims: claims.update(nonce="another"),
        lambda claims: claims.pop("nonce"),
        lambda claims: claims.update(aud="somebody else"),
        lambda claims: claims.update(aud=["ai4k8s", "somebody else"]),  # and no azp says that it is for us
        lambda claims: claims.update(azp="somebody else"),
        lambda claims: claims.update(iss="https://evil.example"),
        lambda claims: claims.update(exp=int(time.time()) - 3600),
        lambda claims: claims.pop("exp"),
        lambda claims: claims.update(iat=int(time.time()) + 3600),
        lambda claims: claims.pop("sub"),
        lambda claims: claims.update(sub=""),
        lambda claims: claims.update(sub=["1"]),
        lambda claims: claims.update(at_hash="of another token"),
    ],
)
def test_an_answer_that_is_not_for_this_log_in_is_refused(script: Script, change: Callable[[dict[str, Any]], object]):
    script.change = change

    with pytest.raises(ProviderRefusedError):
        redeem(script)


def unsigned(claims: dict[str, Any]) -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."


def with_the_public_key(claims: dict[str, Any]) -> str:
    secret = jwk.OctKey.import_key(json.dumps(KEY.as_dict(private=False)).encode())
    return jwt.encode({"alg": "HS256"}, claims, secret, algorithms=["HS256"])


@pytest.mark.parametrize(
    "sign",
    [
        unsigned,
        with_the_public_key,
        lambda claims: jwt.encode({"alg": "ES256", "kid": "1"}, claims, OTHER_KEY),
        lambda claims: jwt.encode({"alg": "ES256", "kid": "2"}, claims, OTHER_KEY),
        lambda _: "not.a.token",
    ],
)
def test_an_answer_that_the_providers_key_did_not_sign_is_refused(
    script: Script, sign: Callable[[dict[str, Any]], str]
):
    script.sign = sign

    with pytest.raises(ProviderRefusedError):
        redeem(script)


def test_who_the_provider_is_asked_about_must_be_who_came(script: Script):
    script.userinfo = {"sub": "2", "email": "root@example.org", "email_verified": True}

    with pytest.raises(ProviderRefusedError):
        redeem(script)


def test_a_provider_that_calls_itself_otherwise_or_is_away_is_told(script: Script):
    for issuer in (f"{script.url}/", "http://127.0.0.1:1"):
        with pytest.raises(ProviderUnavailableError):
            OpenIdProvider(OidcSettings(issuer=issuer)).address(JOURNEY)


@pytest.mark.parametrize(
    "wrong",
    [{"issuer": "http://sso.example.org"}, {"team_of_group": {"a": "shop"}}, {"team_of_group": {"a": "shop:boss"}}],
)
def test_settings_that_are_not_safe_or_cannot_be_are_refused(wrong: dict[str, Any]):
    with pytest.raises(ValueError, match=r"https|TEAM:ROLE"):
        OidcSettings(**wrong)
