"""Too many requests at once are told to come back, except those that stay open and those of masters."""

from __future__ import annotations

import pytest

from ai4k8s_simcluster.api.fairness import Fairness, TooManyRequestsError, headers_for
from ai4k8s_simcluster.auth.attributes import Attributes, attributes_of
from ai4k8s_simcluster.auth.users import MASTERS, User

JANE = User("jane")
LIST = attributes_of(JANE, "GET", "/api/v1/pods", {})


def test_a_seat_is_free_again_once_its_request_is_served() -> None:
    fairness = Fairness(1)
    with fairness.seat(LIST, {}), pytest.raises(TooManyRequestsError), fairness.seat(LIST, {}):
        pass
    with fairness.seat(LIST, {}):
        pass


@pytest.mark.parametrize(
    ("request_", "query"),
    [
        (attributes_of(User("root", groups=(MASTERS,)), "GET", "/api/v1/pods", {}), {}),
        (attributes_of(JANE, "GET", "/api/v1/pods", {"watch": "1"}), {}),
        (attributes_of(JANE, "GET", "/api/v1/namespaces/t/pods/p/log", {}), {"follow": "true"}),
    ],
)
def test_some_need_no_seat(request_: Attributes, query: dict[str, str]) -> None:
    with Fairness(0).seat(request_, query):
        pass


def test_users_of_one_kind_share_a_flow_schema() -> None:
    account = User("system:serviceaccount:t:a", groups=("system:serviceaccounts",))
    assert headers_for(JANE) == headers_for(User("mary"))
    assert headers_for(JANE) != headers_for(account)
