"""The fake keeps the promises that services rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ai4k8s_common.kube.errors import KubeConflictError, KubeNotFoundError
from ai4k8s_common.kube.types import WorkloadKind, WorkloadRef
from tests.support.fake_kube import FakeKube

if TYPE_CHECKING:
    from ai4k8s_common.kube.protocols import KubeReader, KubeScaler

WEB = WorkloadRef(WorkloadKind.DEPLOYMENT, "shop", "web")


def test_the_fake_fits_both_protocols() -> None:
    scaler: KubeScaler = FakeKube()
    reader: KubeReader = FakeKube()
    assert scaler
    assert reader


def test_a_stale_version_is_a_conflict() -> None:
    kube = FakeKube()
    kube.add(WEB, 2)
    seen = kube.get_scale(WEB)
    kube.touch(WEB)
    with pytest.raises(KubeConflictError):
        kube.patch_scale(WEB, 3, resource_version=seen.resource_version)
    assert kube.patch_scale(WEB, 3, resource_version="2").desired_replicas == 3


def test_what_is_not_there_is_not_found() -> None:
    with pytest.raises(KubeNotFoundError):
        FakeKube().get_scale(WEB)
