"""Priority and fairness, as far as a client meets it: too many requests at once are told to come back.

There are no queues: what is beyond the limit is refused at once, as a real server does once its queues are full.
Members of `system:masters` and requests that stay open (watches, logs that are followed) are not counted.
"""

import contextlib
import uuid
from collections.abc import Iterator, Mapping

from ai4k8s_simcluster.auth.attributes import Attributes
from ai4k8s_simcluster.auth.users import User

RETRY_AFTER_SECONDS = 1
REFUSAL = "Too many requests, please try again later."
_STREAMING = {"exec", "attach", "portforward"}
_NAMESPACE = uuid.UUID("6d0f5c0e-3d52-4b5e-9d0c-7a3f4a1f9b11")


class TooManyRequestsError(Exception):
    """No seat is free."""


class Fairness:
    """Counts the requests in progress.

    seats: how many may be in progress at once.
    """

    def __init__(self, seats: int) -> None:
        self._seats = seats
        self._taken = 0

    @contextlib.contextmanager
    def seat(self, request: Attributes, query: Mapping[str, str]) -> Iterator[None]:
        """Hold a seat while a request is served. Raises TooManyRequestsError."""
        if request.user.is_master or _stays_open(request, query):
            yield
            return
        if self._taken >= self._seats:
            raise TooManyRequestsError
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1


def headers_for(user: User) -> dict[str, str]:
    """Return the headers that name the flow schema and the priority level a request was put into."""
    schema, level = _classified(user)
    return {
        "X-Kubernetes-PF-FlowSchema-UID": str(uuid.uuid5(_NAMESPACE, f"flowschema/{schema}")),
        "X-Kubernetes-PF-PriorityLevel-UID": str(uuid.uuid5(_NAMESPACE, f"prioritylevel/{level}")),
    }


def _classified(user: User) -> tuple[str, str]:
    if user.is_master:
        return "exempt", "exempt"
    if "system:serviceaccounts" in user.groups:
        return "service-accounts", "workload-low"
    return "global-default", "global-default"


def _stays_open(request: Attributes, query: Mapping[str, str]) -> bool:
    followed = request.subresource == "log" and query.get("follow", "") in {"1", "true"}
    return request.verb == "watch" or followed or request.subresource in _STREAMING
