"""What the official client meets when a request is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from kubernetes.client.exceptions import ApiException

if TYPE_CHECKING:
    from collections.abc import Callable


def is_refused(call: Callable[[], object], status: int, *texts: str) -> None:
    """Assert that a call is answered with this status, and that the answer holds these texts."""
    with pytest.raises(ApiException) as refusal:
        call()
    assert refusal.value.status == status, refusal.value
    for text in texts:
        assert text in (refusal.value.body or "")
