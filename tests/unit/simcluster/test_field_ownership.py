"""Who owns which field: server-side apply and managedFields, as Kubernetes documents them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai4k8s_simcluster.apply.authors import field_manager, shape_for
from ai4k8s_simcluster.apply.fieldmanager import LAST_APPLIED, FieldManager
from ai4k8s_simcluster.apply.fieldsets import difference, fields_at, intersection, path_text, paths, union
from ai4k8s_simcluster.apply.managers import Managed, Operation, Owned, cap_updaters, updater, write_entries
from ai4k8s_simcluster.apply.typed import field_set, merge
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import CONFIG_MAPS, DEPLOYMENTS, EVENTS, PODS, REPLICASETS, SERVICES
from tests.unit.simcluster.world import World

if TYPE_CHECKING:
    from ai4k8s_simcluster.types import Obj

NOW = "2026-01-01T00:00:00Z"


def _manager(subresource: str = "") -> FieldManager:
    return field_manager(DEPLOYMENTS, subresource, lambda: NOW)


def _config(**spec: Any) -> Obj:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}


def _containers(*containers: Obj) -> Obj:
    return {"template": {"spec": {"containers": list(containers)}}}


def _apply(live: Obj | None, config: Obj, manager: str, *, force: bool = False) -> Obj:
    before = copy.deepcopy(live)
    applied = _manager().apply(live, config, manager, force=force).obj
    assert live == before, "what is stored stays as it was"
    return applied


def _owned(obj: Obj, manager: str, operation: str = "Apply") -> set[str]:
    for entry in obj["metadata"].get("managedFields", ()):
        if (entry["manager"], entry["operation"]) == (manager, operation):
            return {path_text(path) for path in paths(entry["fieldsV1"])}
    return set()


def test_a_new_object_belongs_to_its_writer_without_what_always_exists() -> None:
    new = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "labels": {"a": "b"}},
        "spec": {"type": "ClusterIP", "selector": {"a": "b"}, "ports": [{"port": 80, "targetPort": 80}]},
    }  # fmt: skip
    (entry,) = field_manager(SERVICES, "", lambda: NOW).update(None, new, "me")["metadata"]["managedFields"]
    assert entry == {
        "manager": "me", "operation": "Update", "apiVersion": "v1", "time": NOW, "fieldsType": "FieldsV1",
        "fieldsV1": {
            "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
            "f:spec": {
                "f:ports": {
                    ".": {}, 'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}, "f:targetPort": {}}
                },
                "f:selector": {}, "f:type": {},
            },
        },
    }  # fmt: skip


def test_two_managers_may_share_a_value() -> None:
    live = _apply(_apply(None, _config(replicas=2), "alice"), _config(replicas=2), "bob")
    assert _owned(live, "alice") == _owned(live, "bob") == {".spec.replicas"}


def test_another_value_is_a_conflict_with_every_field_named() -> None:
    live = _apply(None, _config(replicas=2, **_containers({"name": "c", "image": "a:1"})), "alice")
    with pytest.raises(ApiError) as refused:
        _apply(live, _config(replicas=5, **_containers({"name": "c", "image": "b:2"})), "bob")
    assert refused.value.code == 409
    assert refused.value.message == (
        'Apply failed with 2 conflicts: conflicts with "alice":\n- .spec.replicas\n'
        '- .spec.template.spec.containers[name="c"].image'
    )
    assert (refused.value.details or {})["causes"][0] == {
        "reason": "FieldManagerConflict", "message": 'conflict with "alice"', "field": ".spec.replicas",
    }  # fmt: skip


def test_force_takes_the_fields_from_whom_they_belonged_to() -> None:
    live = _apply(_apply(None, _config(replicas=2), "alice"), _config(replicas=5), "bob", force=True)
    assert live["spec"]["replicas"] == 5
    assert not _owned(live, "alice")
    assert _owned(live, "bob") == {".spec.replicas"}


def test_what_an_applier_no_longer_says_goes_unless_another_says_it() -> None:
    both = _containers({"name": "c", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]})
    live = _apply(None, _config(**both), "alice")
    live = _apply(live, _config(**_containers({"name": "c", "env": [{"name": "B", "value": "2"}]})), "bob")
    live = _apply(live, _config(**_containers({"name": "c"})), "alice")
    assert live["spec"]["template"]["spec"]["containers"] == [{"name": "c", "env": [{"name": "B", "value": "2"}]}]


def test_what_nobody_applied_stays_when_its_neighbour_is_given_up() -> None:
    live = _apply(None, _config(replicas=2, paused=True), "alice")
    live["spec"]["minReadySeconds"] = 5
    live = _apply(live, _config(replicas=2), "alice")
    assert live["spec"] == {"replicas": 2, "minReadySeconds": 5}


def test_an_update_takes_what_it_changes_and_no_more() -> None:
    live = _apply(None, _config(replicas=2, paused=True), "alice")
    new = copy.deepcopy(live)
    new["spec"]["replicas"] = 3
    written = _manager().update(live, new, "kubectl-edit")
    assert _owned(written, "alice") == {".spec.paused"}
    assert _owned(written, "kubectl-edit", "Update") == {".spec.replicas"}
    with pytest.raises(ApiError, match=r'conflict with "kubectl-edit" using apps/v1: \.spec\.replicas'):
        _apply(written, _config(replicas=9), "alice")


def test_status_of_the_main_endpoint_belongs_to_nobody() -> None:
    new = {**_config(replicas=1), "status": {"replicas": 7}}
    assert _owned(_manager().update(None, new, "me"), "me", "Update") == {".spec.replicas"}
    written = _manager("status").update(_manager().update(None, _config(), "x"), new, "me")
    assert "managedFields" not in written["metadata"], "an object without managers stays so until it is applied to"


def test_the_first_apply_to_an_unmanaged_object_names_what_was_before() -> None:
    live = _config(replicas=2)
    assert _owned(_apply(live, _config(replicas=2), "alice"), "before-first-apply", "Update") == {".spec.replicas"}
    with pytest.raises(ApiError, match='conflict with "before-first-apply" using apps/v1'):
        _apply(live, _config(replicas=3), "alice")


@pytest.mark.parametrize("reset", [[], [{}]])
def test_managed_fields_can_be_reset_by_an_update(reset: list[Obj]) -> None:
    live = _apply(None, _config(replicas=2), "alice")
    new = {**live, "metadata": {**live["metadata"], "managedFields": reset}}
    assert "managedFields" not in _manager().update(live, new, "me")["metadata"]


def test_kubectl_takes_over_what_it_had_applied_from_the_client_side() -> None:
    config = _config(replicas=2)
    annotated = {**config, "metadata": {"name": "d", "annotations": {LAST_APPLIED: '{"apiVersion":"apps/v1",'
                 '"kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":2}}'}}}  # fmt: skip
    live = _manager().update(None, annotated, "kubectl-client-side-apply")
    changed = _config(replicas=3)
    with pytest.raises(ApiError, match="conflict with"):
        _apply(live, changed, "other")
    applied = _apply(live, changed, "kubectl")
    assert applied["spec"]["replicas"] == 3
    assert '"replicas":3' in applied["metadata"]["annotations"][LAST_APPLIED]


@pytest.mark.parametrize(
    ("config", "code", "text"),
    [
        ({"metadata": {"name": "d"}}, 400, "invalid object type: /, Kind="),
        ({**_config(), "metadata": {"name": "d", "managedFields": []}}, 400, "metadata.managedFields must be nil"),
        (_config(typo=1), 500, "(/d; apps/v1, Kind=Deployment): .spec.typo: field not declared in schema"),
        (_config(replicas="2"), 500, ".spec.replicas: expected numeric (int or float), got string"),
        (
            _config(**_containers({"name": "c", "env": [{"name": "E"}, {"name": "E"}]})),
            500,
            '.spec.template.spec.containers[name="c"].env: duplicate entries for key [name="E"]',
        ),
        (
            _config(**_containers({"image": "a"})),
            500,
            'element 0: associative list with keys has an element that omits all key fields ["name"]',
        ),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(config: Obj, code: int, text: str) -> None:
    with pytest.raises(ApiError) as refused:
        _apply(None, config, "alice")
    assert refused.value.code == code
    assert text in refused.value.message


def test_lists_merge_in_the_order_of_the_configuration_around_what_only_the_server_has() -> None:
    shape = shape_for(DEPLOYMENTS)
    live = _config(**_containers(*({"name": name} for name in "abcd")))
    new = merge(live, _config(**_containers(*({"name": name} for name in "dxb"))), shape)
    assert [item["name"] for item in new["spec"]["template"]["spec"]["containers"]] == list("acdxb")


def test_more_than_ten_updaters_become_one() -> None:
    managed: Managed = {
        updater(f"m{number:02}", "v1", ""): Owned(fields_at(f"data.k{number}"), "v1", f"2026-01-01T00:00:{number:02}Z")
        for number in range(12)
    }
    capped = cap_updaters(managed)
    names = [entry["manager"] for entry in write_entries(capped)]
    assert len(names) == 10
    assert "ancient-changes" in names
    assert {"m00", "m01"}.isdisjoint(names)


def test_appliers_come_first_then_by_time_then_by_name() -> None:
    managed: Managed = {updater("z", "v1", ""): Owned(fields_at("a"), "v1", NOW)}
    live = field_manager(CONFIG_MAPS, "", lambda: NOW).apply(
        None, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "b"}}, "x", force=False
    )
    entries = write_entries(managed) + live.obj["metadata"]["managedFields"]
    assert {entry["operation"] for entry in entries} == {Operation.APPLY, Operation.UPDATE}


_PATHS = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(".".join), max_size=6)


@given(_PATHS, _PATHS)
def test_sets_of_fields_are_sets_of_paths(left: list[str], right: list[str]) -> None:
    one, other = fields_at(*left), fields_at(*right)
    a, b = set(paths(one)), set(paths(other))
    assert set(paths(union(one, other))) == a | b
    assert set(paths(difference(one, other))) == a - b
    assert set(paths(intersection(one, other))) == a & b


def test_an_empty_map_counts_as_a_field() -> None:
    found = field_set(_config(template={"spec": {"securityContext": {}}}), shape_for(DEPLOYMENTS))
    assert ".spec.template.spec.securityContext" in {path_text(path) for path in paths(found)}


def _managers(obj: Obj) -> set[tuple[str, str]]:
    entries = obj["metadata"].get("managedFields", ())
    return {(entry["manager"], entry.get("subresource", "")) for entry in entries}


def test_controllers_own_what_they_make_and_report() -> None:
    world = World(startup=(1, 1), managed_pods=3)
    world.deploy(replicas=1)
    world.run(10)
    (pod,) = world.pods()
    (replicaset,) = world.store.listing(REPLICASETS)
    assert _managers(pod) == {("kube-controller-manager", ""), ("kubelet", "status")}
    assert _managers(replicaset.obj) == {("kube-controller-manager", ""), ("kube-controller-manager", "status")}
    events = {found.obj["reason"]: found.obj["metadata"]["managedFields"] for found in world.store.listing(EVENTS)}
    (scheduled,) = events["Scheduled"]
    assert (scheduled["manager"], scheduled["apiVersion"]) == ("kube-scheduler", "events.k8s.io/v1")
    assert "f:note" in scheduled["fieldsV1"]
    assert [events[reason][0]["manager"] for reason in ("Started", "SuccessfulCreate")] == [
        "kubelet", "kube-controller-manager",
    ]  # fmt: skip


def test_who_lets_go_of_a_dependent_owns_nothing_of_the_reference_any_more() -> None:
    world = World(startup=(1, 1), managed_pods=3)
    world.deploy(replicas=1)
    world.run(10)
    world.delete(DEPLOYMENTS, "web", "Orphan")
    world.run(5)
    world.delete(REPLICASETS, world.replicasets()[0]["metadata"]["name"], "Orphan")
    world.run(5)
    (pod,) = world.pods()
    assert "ownerReferences" not in pod["metadata"]
    created = next(entry for entry in pod["metadata"]["managedFields"] if not entry.get("subresource"))
    assert "f:ownerReferences" not in created["fieldsV1"]["f:metadata"]


def test_in_a_large_cluster_controllers_make_objects_without_owners() -> None:
    world = World(startup=(1, 1), managed_pods=2)
    world.deploy(replicas=4)
    world.run(10)
    assert sorted(bool(_managers(pod)) for pod in world.pods()) == [False, False, True, True]


def test_a_gated_pod_is_so_from_the_first_and_by_nobodys_write() -> None:
    world = World(managed_pods=3)
    gates = [{"name": "example.com/wait"}]
    spec = {"schedulingGates": gates, "containers": [{"name": "c", "image": "x"}]}
    pod = world.writer.create(PODS, {"metadata": {"name": "p", "namespace": "t"}, "spec": spec})
    (condition,) = pod["status"]["conditions"]
    assert (condition["type"], condition["reason"]) == ("PodScheduled", "SchedulingGated")
    world.run(2)
    (stored,) = world.store.listing(PODS)
    assert {subresource for _, subresource in _managers(stored.obj)} == {""}
