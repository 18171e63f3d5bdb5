"""A pod that asks for it waits for what its volumes hold, says so, and starts by itself once that is there."""

from __future__ import annotations

from typing import Any

import pytest

from ai4k8s_simcluster.registry import CONFIG_MAPS, EVENTS, PODS, SECRETS, ResourceType
from tests.unit.simcluster.world import World

SECRET = {"name": "v", "secret": {"secretName": "keys"}}
CONFIG = {"name": "v", "configMap": {"name": "keys"}}
BOTH = {"name": "v", "projected": {"sources": [{"secret": {"name": "keys"}}, {"configMap": {"name": "keys"}}]}}
ONE_KEY = {"name": "v", "secret": {"secretName": "keys", "items": [{"key": "b", "path": "b"}]}}


def start(world: World, volume: dict[str, Any], required: str = "true") -> None:
    annotations = {"sim.ai4k8s.io/require-mounts": required}
    spec = {"nodeName": "node-1", "containers": [{"name": "c", "image": "x:1"}], "volumes": [volume]}
    world.writer.create(PODS, {"metadata": {"name": "p", "namespace": "t", "annotations": annotations}, "spec": spec})


def make(world: World, resource: ResourceType, **data: str) -> None:
    world.writer.create(resource, {"metadata": {"name": "keys", "namespace": "t"}, "data": data})


def is_ready(world: World) -> bool:
    return bool(world.pods()[0]["status"]["containerStatuses"][0]["ready"])


def complaints(world: World) -> set[str]:
    return {item.obj["message"] for item in world.store.listing(EVENTS) if item.obj["reason"] == "FailedMount"}


@pytest.mark.parametrize(
    ("volume", "says"),
    [
        (SECRET, 'secret "keys" not found'),
        (CONFIG, 'configmap "keys" not found'),
        (BOTH, '[secret "keys" not found, configmap "keys" not found]'),
    ],
)
def test_a_pod_starts_once_what_it_mounts_is_there(volume: dict[str, Any], says: str) -> None:
    world = World(startup=(1, 1))
    start(world, volume)
    world.run(5)
    assert world.pods()[0]["status"]["phase"] == "Pending"
    assert world.pods()[0]["status"]["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert complaints(world) == {f'MountVolume.SetUp failed for volume "v" : {says}'}
    make(world, SECRETS)
    make(world, CONFIG_MAPS)
    world.run_until(lambda: is_ready(world), within=20)


def test_a_secret_without_the_key_that_is_mounted_is_not_enough() -> None:
    world = World(startup=(1, 1))
    make(world, SECRETS, a="MQ==")
    start(world, ONE_KEY)
    world.run(5)
    assert not is_ready(world)
    assert complaints(world) == {'MountVolume.SetUp failed for volume "v" : references non-existent secret key: b'}


def test_what_is_optional_is_not_waited_for() -> None:
    world = World(startup=(1, 1))
    start(world, {"name": "v", "configMap": {"name": "keys", "optional": True}})
    world.run(3)
    assert is_ready(world)
    assert complaints(world) == set()


def test_a_pod_that_runs_goes_on_when_its_secret_is_deleted() -> None:
    world = World(startup=(1, 1))
    make(world, SECRETS)
    start(world, SECRET)
    world.run(3)
    world.delete(SECRETS, "keys")
    world.run(5)
    assert is_ready(world)


def test_a_pod_that_does_not_ask_for_it_starts_without() -> None:
    world = World(startup=(1, 1))
    start(world, SECRET, required="false")
    world.run(3)
    assert is_ready(world)
