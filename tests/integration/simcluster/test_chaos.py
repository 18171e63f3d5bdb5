"""A bad quarter of an hour on a fast clock; the whole day is `python -m benchmarks.chaos`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ai4k8s_simcluster.clock import ManualClock
from ai4k8s_simcluster.cluster import Cluster
from ai4k8s_simcluster.controllers.context import SecondsRange
from ai4k8s_simcluster.persistence import StateFiles
from ai4k8s_simcluster.registry import DEPLOYMENTS, PODS, REPLICASETS
from ai4k8s_simcluster.settings import SimSettings
from benchmarks.chaos import HOME, START, Chaos, inconsistencies, live_through

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_what_went_through_chaos_ends_consistent(tmp_path: Path) -> None:
    day = live_through(600.0, 1, tmp_path)
    assert day.inconsistencies == []
    assert sum(day.done.values()) > 15
    assert day.changes > 500


@pytest.fixture
def chaos(tmp_path: Path) -> Iterator[Chaos]:
    clock = ManualClock(START)
    settings = SimSettings(tmp_path, nodes=6, demo=False, startup=SecondsRange(1.0, 5.0))
    cluster = Cluster(settings, clock, StateFiles(tmp_path, durable=False))
    found = Chaos(cluster, clock, 1)
    found.settle(60)
    yield found
    cluster.close()


def test_the_count_sees_what_is_wrong(chaos: Chaos) -> None:
    store = chaos.cluster.store
    assert inconsistencies(chaos.cluster) == []
    deployment = store.get(DEPLOYMENTS, HOME, "api")
    assert deployment is not None
    store.put(DEPLOYMENTS, {**deployment.obj, "status": {**deployment.obj["status"], "readyReplicas": 3}})
    assert any("4 ready, 3 said" in text for text in inconsistencies(chaos.cluster))
    replicaset = store.owned(REPLICASETS, deployment.uid)[0]
    pods = store.owned(PODS, replicaset.uid)
    store.remove(REPLICASETS, replicaset.obj)
    wrong = inconsistencies(chaos.cluster)
    assert sum("is gone" in text for text in wrong) == len(pods) == 4
