"""Tokens of service accounts, and whom a request comes from."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ai4k8s_simcluster.auth.authentication import Authenticator
from ai4k8s_simcluster.auth.tokens import Bound, Claims, InvalidTokenError, TokenIssuer, load_signing_key
from ai4k8s_simcluster.clock import ManualClock
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import PODS, SERVICE_ACCOUNTS
from ai4k8s_simcluster.store import Store

if TYPE_CHECKING:
    from pathlib import Path

START = 1_700_000_000.0


class Issued:
    """A cluster with one service account, `t/bot`."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.store = Store()
        self.account: dict[str, Any] = {"metadata": {"name": "bot", "namespace": "t", "uid": "u-1"}}
        self.store.put(SERVICE_ACCOUNTS, self.account)
        self.issuer = TokenIssuer(ec.generate_private_key(ec.SECP256R1()), self.clock)
        self.authenticator = Authenticator(self.store, self.issuer, "the-admin-token", self.clock)

    def token(self, **changes: Any) -> str:
        return self.issuer.issue(Claims("t", "bot", "u-1", **changes), 600)[0]

    def bearer(self, token: str) -> str:
        return self.authenticator.identify({"authorization": f"Bearer {token}"}, None).name


@pytest.fixture
def issued() -> Issued:
    return Issued()


def test_a_token_names_its_account_and_its_own_id(issued: Issued) -> None:
    user = issued.authenticator.identify({"authorization": f"Bearer {issued.token()}"}, None)
    assert (user.name, user.uid) == ("system:serviceaccount:t:bot", "u-1")
    assert user.groups == ("system:serviceaccounts", "system:serviceaccounts:t", "system:authenticated")
    assert user.extra["authentication.kubernetes.io/credential-id"][0].startswith("JTI=")


def test_no_token_is_nobody_in_particular_and_a_bad_one_is_refused(issued: Issued) -> None:
    assert issued.authenticator.identify({}, None).name == "system:anonymous"
    assert issued.authenticator.identify({"authorization": "Basic eDp5"}, None).name == "system:anonymous"
    with pytest.raises(ApiError) as refused:
        issued.bearer("nonsense")
    assert refused.value.code == 401


def test_a_token_expires(issued: Issued) -> None:
    token = issued.token()
    assert issued.bearer(token)
    issued.clock.advance(601)
    with pytest.raises(ApiError):
        issued.bearer(token)


def test_a_deleted_account_is_believed_for_ten_seconds_more(issued: Issued) -> None:
    token = issued.token()
    assert issued.bearer(token)
    issued.store.remove(SERVICE_ACCOUNTS, issued.account)
    assert issued.bearer(token)
    issued.clock.advance(11)
    with pytest.raises(ApiError):
        issued.bearer(token)


def test_an_account_made_anew_does_not_know_the_old_tokens(issued: Issued) -> None:
    token = issued.token()
    issued.store.put(SERVICE_ACCOUNTS, {"metadata": {"name": "bot", "namespace": "t", "uid": "u-2"}})
    with pytest.raises(ApiError):
        issued.bearer(token)


def test_a_token_for_others_is_not_for_this_server(issued: Issued) -> None:
    token = issued.token(audiences=("vault",))
    with pytest.raises(ApiError):
        issued.bearer(token)
    found = issued.authenticator.by_token(token, ("vault", "else"))
    assert found is not None
    assert found.audiences == ("vault",)


def test_a_bound_token_ends_with_its_pod(issued: Issued) -> None:
    pod = {"metadata": {"name": "p", "namespace": "t", "uid": "p-1"}}
    issued.store.put(PODS, pod)
    token = issued.token(bound=(Bound("Pod", "p", "p-1"),))
    user = issued.authenticator.identify({"authorization": f"Bearer {token}"}, None)
    assert user.extra["authentication.kubernetes.io/pod-name"] == ("p",)
    issued.store.remove(PODS, pod)
    issued.clock.advance(11)
    with pytest.raises(ApiError):
        issued.bearer(token)


def test_a_changed_or_foreign_token_is_not_read(issued: Issued) -> None:
    head, body, signature = issued.token().split(".")
    claims = orjson.loads(base64.urlsafe_b64decode(body + "=="))
    claims["sub"] = "system:serviceaccount:kube-system:root"
    forged = base64.urlsafe_b64encode(orjson.dumps(claims)).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    foreign = TokenIssuer(ec.generate_private_key(ec.SECP256R1()), issued.clock)
    for token in (
        f"{head}.{forged}.{signature}",
        f"{none}.{body}.",
        f"{head}.{body}.",
        "a.b.c",
        "",
        foreign.issue(Claims("t", "bot", "u-1"), 600)[0],
    ):
        with pytest.raises(InvalidTokenError):
            issued.issuer.read(token)


def test_a_browser_may_hide_the_token_in_the_protocols(issued: Issued) -> None:
    hidden = base64.urlsafe_b64encode(issued.token().encode()).decode().rstrip("=")
    headers = {"sec-websocket-protocol": f"v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.{hidden}"}
    assert issued.authenticator.identify(headers, None).name == "system:serviceaccount:t:bot"


def test_the_signing_key_survives(tmp_path: Path) -> None:
    clock = ManualClock(START)
    token, _ = TokenIssuer(load_signing_key(tmp_path), clock).issue(Claims("t", "bot", "u-1"), 600)
    assert TokenIssuer(load_signing_key(tmp_path), clock).read(token).name == "bot"
