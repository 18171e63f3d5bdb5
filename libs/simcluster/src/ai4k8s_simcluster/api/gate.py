"""The way into the API: who asks, as whom, and whether they may. Nothing is looked at before all three are settled."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ai4k8s_simcluster.auth.attributes import Attributes, attributes_of
from ai4k8s_simcluster.auth.authentication import Authenticator
from ai4k8s_simcluster.auth.impersonation import impersonate, read_wanted
from ai4k8s_simcluster.auth.rbac import Rbac
from ai4k8s_simcluster.auth.users import User
from ai4k8s_simcluster.certificates import CERTIFICATE_STATE


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of a request that decide who asks and what for."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: tuple[tuple[str, str], ...]
    certificate: bytes | None

    @classmethod
    def of(cls, scope: Mapping[str, Any], query: Mapping[str, str]) -> "Asked":
        """Read them from an ASGI scope; a WebSocket begins as a GET."""
        headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"])
        certificate = scope.get("state", {}).get(CERTIFICATE_STATE)
        return cls(scope.get("method", "GET"), scope["path"], query, headers, certificate)


class Gate:
    """Lets requests in."""

    def __init__(self, authenticator: Authenticator, rbac: Rbac) -> None:
        self.authenticator = authenticator
        self.rbac = rbac

    def identify(self, asked: Asked) -> Attributes:
        """Return what is asked and by whom, impersonation settled. Raises ApiError (400, 401, 403)."""
        user = self.authenticator.identify(dict(asked.headers), asked.certificate)
        request = attributes_of(user, asked.method, asked.path, asked.query)
        wanted = read_wanted(asked.headers)
        return request if wanted is None else replace(request, user=impersonate(self.rbac, request, wanted))

    def admit(self, request: Attributes) -> User:
        """Return who asks. Raises ApiError (403) when they may not."""
        self.rbac.require(request)
        return request.user
