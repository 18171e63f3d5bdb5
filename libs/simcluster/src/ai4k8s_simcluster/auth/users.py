"""Who makes a request, as every later decision sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from ai4k8s_simcluster.types import Obj

ANONYMOUS = "system:anonymous"
MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
CREDENTIAL_ID = "authentication.kubernetes.io/credential-id"
NODE_NAME = "authentication.kubernetes.io/node-name"
NODE_UID = "authentication.kubernetes.io/node-uid"
POD_NAME = "authentication.kubernetes.io/pod-name"
POD_UID = "authentication.kubernetes.io/pod-uid"
_SERVICE_ACCOUNT = "system:serviceaccount:"
_NODE = "system:node:"
_SERVICE_ACCOUNTS = "system:serviceaccounts"


@dataclass(frozen=True, slots=True)
class User:
    """A name, and what else is known about who bears it."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_master(self) -> bool:
        """Say whether no rule is asked: members of `system:masters` may do everything."""
        return MASTERS in self.groups

    def with_group(self, group: str) -> Self:
        """Return the same user in one more group."""
        return self if group in self.groups else replace(self, groups=(*self.groups, group))

    def info(self) -> Obj:
        """Return the UserInfo of reviews; what is empty is left out."""
        found: Obj = {"username": self.name, "uid": self.uid, "groups": list(self.groups)}
        found["extra"] = {key: list(values) for key, values in self.extra.items()}
        return {key: value for key, value in found.items() if value}


def anonymous() -> User:
    """Return who asks without credentials."""
    return User(ANONYMOUS, groups=(UNAUTHENTICATED,))


def service_account_name(namespace: str, name: str) -> str:
    """Return the user name of a service account."""
    return f"{_SERVICE_ACCOUNT}{namespace}:{name}"


def service_account_groups(namespace: str) -> tuple[str, ...]:
    """Return the groups every service account of a namespace is in."""
    return _SERVICE_ACCOUNTS, f"{_SERVICE_ACCOUNTS}:{namespace}"


def split_service_account(user_name: str) -> tuple[str, str] | None:
    """Return namespace and name of the service account a user name stands for."""
    if not user_name.startswith(_SERVICE_ACCOUNT):
        return None
    namespace, colon, name = user_name.removeprefix(_SERVICE_ACCOUNT).partition(":")
    return (namespace, name) if colon and namespace and name and ":" not in name else None


def node_of(user_name: str) -> str:
    """Return the node a user name stands for, empty when it is none."""
    return user_name.removeprefix(_NODE) if user_name.startswith(_NODE) else ""
