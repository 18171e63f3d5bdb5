"""A workload of any kind has a place in the API, and no name becomes a path of its own."""

from __future__ import annotations

import pytest

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.kube.types import WorkloadKind, WorkloadRef
from ai4k8s_common.kube.wire import get_scale_request


@pytest.mark.parametrize(
    ("ref", "path"),
    [
        (WorkloadRef(WorkloadKind.DEPLOYMENT, "shop", "web"), "/apis/apps/v1/namespaces/shop/deployments/web/scale"),
        (
            WorkloadRef("Rollout", "shop", "web", "argoproj.io/v1alpha1", "rollouts"),
            "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web/scale",
        ),
        (
            WorkloadRef("ReplicationController", "shop", "web", "v1"),
            "/api/v1/namespaces/shop/replicationcontrollers/web/scale",
        ),
    ],
)
def test_every_kind_is_scaled_at_its_own_place(ref: WorkloadRef, path: str) -> None:
    assert get_scale_request(ref).path == path


@pytest.mark.parametrize("odd", ["a/../b", "../secrets", "a?b"])
def test_what_is_no_name_never_becomes_a_path(odd: str) -> None:
    for ref in (
        WorkloadRef("X", odd, "n"),
        WorkloadRef("X", "s", "n", f"g/{odd}"),
        WorkloadRef("X", "s", "n", "v1", odd),
    ):
        with pytest.raises(InvalidInputError):
            get_scale_request(ref)
