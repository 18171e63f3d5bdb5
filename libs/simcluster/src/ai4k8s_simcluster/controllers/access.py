"""Keeps what access depends on: the rules of aggregated roles, and the tokens in Secrets made for them."""

import base64

from ai4k8s_simcluster.auth.aggregation import aggregate
from ai4k8s_simcluster.auth.tokens import Claims, TokenIssuer
from ai4k8s_simcluster.controllers.context import Context
from ai4k8s_simcluster.registry import CLUSTER_ROLES, NAMESPACES, SECRETS, SERVICE_ACCOUNTS
from ai4k8s_simcluster.store import Change, Stored

_TOKEN_TYPE = "kubernetes.io/service-account-token"  # noqa: S105 - a type, not a token
_NAME, _UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"


class RoleAggregator:
    """Writes the rules of aggregated ClusterRoles anew when any ClusterRole has changed."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stale = True
        context.store.subscribe(self._notice)

    def sync(self) -> None:
        """Aggregate until nothing is left to write."""
        while self._stale:
            self._stale = False
            aggregate(self._context.store)

    def _notice(self, change: Change) -> None:
        self._stale = self._stale or change.resource is CLUSTER_ROLES


class TokenController:
    """Fills the Secrets that ask for a service account's token, and takes them away with the account."""

    def __init__(self, context: Context, issuer: TokenIssuer, authority: bytes) -> None:
        self._context = context
        self._issuer = issuer
        self._authority = authority
        self._stale = True
        context.store.subscribe(self._notice)

    def sync(self) -> None:
        """Look at every Secret of that type, when a Secret or an account has changed."""
        if not self._stale:
            return
        self._stale = False
        for stored in self._context.store.listing(SECRETS):
            if stored.obj.get("type") == _TOKEN_TYPE:
                self._settle(stored)

    def _notice(self, change: Change) -> None:
        self._stale = self._stale or change.resource in (SECRETS, SERVICE_ACCOUNTS)

    def _settle(self, secret: Stored) -> None:
        annotations = secret.obj["metadata"].get("annotations") or {}
        account = self._context.store.get(SERVICE_ACCOUNTS, secret.namespace, annotations.get(_NAME, ""))
        uid = account.obj["metadata"]["uid"] if account else ""
        if account is None or annotations.get(_UID, uid) != uid:
            self._remove(secret)
            return
        data = dict(secret.obj.get("data") or {})
        if {"ca.crt", "namespace", "token"} <= data.keys() and annotations.get(_UID) == uid:
            return
        claims = Claims(secret.namespace, account.name, uid, secret=secret.name)
        made = {
            "ca.crt": self._authority,
            "namespace": secret.namespace.encode(),
            "token": self._issuer.issue_legacy(claims).encode(),
        }
        for key, value in made.items():
            data.setdefault(key, base64.b64encode(value).decode())
        metadata = {**secret.obj["metadata"], "annotations": {**annotations, _UID: uid}}
        self._context.store.put(SECRETS, {**secret.obj, "metadata": metadata, "data": data})

    def _remove(self, secret: Stored) -> None:
        # A namespace on its way out takes its Secrets along itself.
        namespace = self._context.store.get(NAMESPACES, "", secret.namespace)
        if namespace is not None and not namespace.obj["metadata"].get("deletionTimestamp"):
            self._context.writer.finish(SECRETS, secret)
