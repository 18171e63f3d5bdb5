"""What single sign-on needs of a provider; how it is asked is another module's business."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ai4k8s_common.errors import ForbiddenError, UnavailableError


class ProviderUnavailableError(UnavailableError):
    """The provider does not answer, or not as it should."""

    code = "sso_unavailable"


class ProviderRefusedError(ForbiddenError):
    """The provider let nobody in, or what it says is not to be believed."""

    code = "sso_refused"


@dataclass(frozen=True)
class Claims:
    """Who came back. `email` only where the provider has verified it; `groups` None where it says nothing of any."""

    issuer: str
    subject: str
    name: str
    email: str | None
    groups: frozenset[str] | None


@dataclass(frozen=True)
class Journey:
    """What one log-in takes along, and must come back to."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str


class Provider(Protocol):
    """What single sign-on needs of a provider."""

    def address(self, journey: Journey) -> str:
        """Return where to send somebody. Raises ProviderUnavailableError."""

    def redeem(self, journey: Journey, code: str) -> Claims:
        """Return who came back with a code. Raises ProviderUnavailableError, ProviderRefusedError."""
