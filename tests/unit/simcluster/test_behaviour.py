"""What pods do beside their work, and loads that come with annotations."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ai4k8s_simcluster.load.annotated import AnnotatedLoads, Placing
from ai4k8s_simcluster.load.behaviour import DEFAULT, BehaviourError, read_behaviour
from ai4k8s_simcluster.load.model import LoadModel, fill
from ai4k8s_simcluster.load.workload import LoadedWorkload, WorkloadKey
from ai4k8s_simcluster.registry import DEPLOYMENTS, EVENTS, PODS
from ai4k8s_simcluster.settings import SettingsError, parse_behaviour_spec
from tests.unit.simcluster.world import START, World

if TYPE_CHECKING:
    from pathlib import Path

KEY = WorkloadKey("t", "web")
MIB = 2.0**20


class _Constant:
    begins_at = 0.0
    ends_at = None

    def __init__(self, cores: float) -> None:
        self.cores = cores

    def at(self, times: Any) -> Any:
        return np.full(len(times), self.cores)


def _annotated(world: World, **traits: str) -> None:
    stored = world.store.get(DEPLOYMENTS, "t", "web")
    assert stored is not None
    given = {f"sim.ai4k8s.io/{name.replace('_', '-')}": text for name, text in traits.items()}
    annotations = {**(stored.obj["metadata"].get("annotations") or {}), **given}
    world.store.put(DEPLOYMENTS, {**stored.obj, "metadata": {**stored.obj["metadata"], "annotations": annotations}})


def _running(cores: float, replicas: int, **traits: str) -> tuple[World, LoadModel]:
    world = World(nodes=2, startup=(0, 0))
    world.deploy(replicas=replicas)
    limits = {"cpu": "750m", "memory": "256Mi"}
    world.change(lambda spec: spec["template"]["spec"]["containers"][0]["resources"].update(limits=limits))
    world.run(20)
    _annotated(world, **traits)
    model = LoadModel(world.store, [LoadedWorkload(KEY, _Constant(cores), START, 1, 9, "test")], world.clock.now())
    return world, model


def _advance(world: World, model: LoadModel, seconds: int) -> None:
    for _ in range(seconds):
        world.run(1)
        model.tick(world.clock.now())


def _usage(model: LoadModel) -> list[float]:
    return [sample.cpu_cores for uid in model.table.rows if (sample := model.pod_usage(uid))]


def test_a_leak_grows_until_the_pod_holds_more_than_its_limit() -> None:
    world, model = _running(0.2, 1, memory_base="100Mi", memory_leak_per_hour="7200Mi")
    uid = next(iter(world.pods()))["metadata"]["uid"]
    _advance(world, model, 40)
    sample = model.pod_usage(uid)
    assert sample is not None
    assert 130 * MIB < sample.memory_bytes < 250 * MIB
    assert model.over_memory_limit() == []
    _advance(world, model, 90)
    assert model.over_memory_limit() == [uid]
    sample = model.pod_usage(uid)
    assert sample is not None
    assert sample.memory_bytes == 256 * MIB, "what is shown is never above the limit"


def test_a_restarted_container_begins_anew() -> None:
    world, model = _running(0.2, 1, memory_leak_per_hour="3600Mi")
    _advance(world, model, 60)
    pod = copy.deepcopy(world.pods()[0])
    uid, before = pod["metadata"]["uid"], model.memory_bytes(pod["metadata"]["uid"])
    pod["status"]["containerStatuses"][0]["restartCount"] = 1
    world.store.put(PODS, pod)
    model.tick(world.clock.now() + 1)
    after = model.memory_bytes(uid)
    assert before is not None
    assert after is not None
    assert after < before - 20 * MIB
    assert model.cpu_counters()[uid] < 1.0
    assert model.pod_usage(uid) is None, "two measurements of the new container are needed"


def test_a_starting_pod_uses_cpu_of_its_own_and_has_less_for_others() -> None:
    world, model = _running(0.0, 1, startup_cpu="0.5", startup_cpu_seconds="45")
    _advance(world, model, 32)
    world.scale(2)
    _advance(world, model, 32)
    young = [sample for sample in _usage(model) if sample > 0.3]
    assert len(young) == 1
    _advance(world, model, 60)
    assert max(_usage(model)) < 0.01


def test_unequal_shares_add_up_to_the_demand() -> None:
    world, model = _running(1.2, 4, imbalance="0.8")
    _advance(world, model, 40)
    usage = _usage(model)
    assert sum(usage) == pytest.approx(1.2, rel=1e-6)
    assert max(usage) > 1.2 * min(usage)


def test_what_one_pod_cannot_take_goes_to_the_others() -> None:
    given = fill(1.0, np.array([0.2, 1.0, 1.0]), np.array([5.0, 1.0, 1.0]))
    assert given.tolist() == pytest.approx([0.2, 0.4, 0.4])
    assert fill(9.0, np.array([0.2, 1.0]), np.ones(2)).tolist() == pytest.approx([0.2, 1.0])
    assert fill(0.0, np.array([]), np.array([])).tolist() == []


def test_requests_and_traffic_follow_the_work() -> None:
    world, model = _running(0.5, 1, request_cpu_seconds="0.01", request_bytes_out="1000")
    _advance(world, model, 40)
    row = next(iter(model.table.rows.values()))
    assert model.table.requests[row] == pytest.approx(40 * 50, rel=0.05)
    assert model.table.sent[row] == pytest.approx(1000 * model.table.requests[row])


def test_throttling_is_counted_while_a_pod_is_at_its_limit() -> None:
    world, model = _running(2.0, 1)
    _advance(world, model, 30)
    row = next(iter(model.table.rows.values()))
    assert model.table.throttled_periods[row] == model.table.periods[row] == pytest.approx(300, abs=20)
    world, model = _running(0.2, 1)
    _advance(world, model, 30)
    assert model.table.throttled_periods[row] == 0 < model.table.periods[row]


def test_traits_come_from_annotations_and_a_pod_s_own_are_stronger() -> None:
    def obj(**given: str) -> dict[str, Any]:
        return {"metadata": {"annotations": {f"sim.ai4k8s.io/{k.replace('_', '-')}": v for k, v in given.items()}}}

    assert read_behaviour(None, {"metadata": {}}) is DEFAULT
    found = read_behaviour(obj(memory_base="64Mi", imbalance="0.2"), obj(imbalance="0.5"))
    assert (found.memory_base, found.imbalance) == (64 * MIB, 0.5)
    for wrong in ({"imbalance": "1.5"}, {"memory_base": "much"}, {"request_cpu_seconds": "0"}, {"startup_cpu": "-1"}):
        with pytest.raises(BehaviourError, match=next(iter(wrong)).replace("_", "-")):
            read_behaviour(obj(**wrong))
    spec = parse_behaviour_spec("shop/web=imbalance=0.5,memory-base=1Gi")
    assert spec.annotations == {"sim.ai4k8s.io/imbalance": "0.5", "sim.ai4k8s.io/memory-base": "1Gi"}
    for text in ("shop/web=colour=red", "web=imbalance=1", "shop/web", "shop/web=imbalance=2"):
        with pytest.raises(SettingsError):
            parse_behaviour_spec(text)


def _annotated_world(tmp_path: Path) -> tuple[World, LoadModel, AnnotatedLoads]:
    world = World(nodes=2, startup=(0, 0))
    model = LoadModel(world.store, [], world.clock.now())
    loads = AnnotatedLoads(world.store, model, world.context.events, Placing(tmp_path, 100.0, 1))
    world.deploy(replicas=1)
    world.run(5)
    return world, model, loads


def test_a_workload_gets_its_load_with_its_annotation_and_loses_it_with_it(tmp_path: Path) -> None:
    world, model, loads = _annotated_world(tmp_path)
    loads.tick()
    assert model.states == {}
    _annotated(world, shape="noise:base=0.4,noise=0")
    loads.tick()
    for _ in range(40):
        world.run(1)
        loads.tick()
        model.tick(world.clock.now())
    assert _usage(model) == [pytest.approx(0.4)]
    _annotated(world, shape="noise:base=0.2,noise=0")
    loads.tick()
    assert model.demand_now(KEY, world.clock.now()) == pytest.approx(0.2)
    world.delete(DEPLOYMENTS, "web")
    loads.tick()
    assert model.states == {}


def test_a_trace_is_a_file_of_the_folder_and_nothing_else(tmp_path: Path) -> None:
    rows = "\n".join(f"2024-01-01T{hour:02}:{minute:02}:00Z,3" for hour in range(24) for minute in range(60))
    (tmp_path / "flat.csv").write_text(f"timestamp,value\n{rows}\n")
    world, model, loads = _annotated_world(tmp_path)
    _annotated(world, trace="flat.csv:scale=0.1")
    loads.tick()
    assert model.demand_now(KEY, world.clock.now()) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        ({"shape": "square"}, "no shape 'square'"), ({"trace": "../secret.csv"}, "not a path"),
        ({"trace": "gone.csv"}, "gone.csv"), ({"imbalance": "much"}, "imbalance"),
        ({"shape": "hourly", "trace": "x.csv"}, "not both"),
    ],
)  # fmt: skip
def test_an_annotation_that_cannot_be_followed_is_an_event_on_its_object(
    tmp_path: Path, traits: dict[str, str], words: str
) -> None:
    world, model, loads = _annotated_world(tmp_path)
    _annotated(world, **traits)
    loads.tick()
    told = [item.obj for item in world.store.listing(EVENTS) if item.obj["reason"] == "LoadAnnotationInvalid"]
    assert len(told) == 1
    assert words in told[0]["message"]
    assert told[0]["involvedObject"]["name"] == "web"
    assert model.states == {}


def test_slow_starters_take_longer_to_become_ready() -> None:
    world = World(nodes=2, startup=(2, 2))
    world.deploy(replicas=2, annotations={"sim.ai4k8s.io/slow-starters": "1", "sim.ai4k8s.io/slow-factor": "10"})
    world.deploy("quick", replicas=2)
    quick = world.run_until(lambda: world.deployment("quick")["status"].get("readyReplicas") == 2)
    slow = world.run_until(lambda: world.ready() == 2)
    assert quick <= 4
    assert 14 <= quick + slow <= 23
