"""Patches and selectors: expected results are those of a real API server."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.patches import json_patch, merge_patch, strategic_merge
from ai4k8s_simcluster.registry import DEPLOYMENTS, NODES, PODS
from ai4k8s_simcluster.schema import decode
from ai4k8s_simcluster.selectors import (
    compile_selectors,
    from_label_selector,
    match_labels,
    parse_labels,
    write_selector,
)

DEPLOYMENT = "io.k8s.api.apps.v1.Deployment"
BASE = {
    "metadata": {"name": "d", "labels": {"a": "1", "b": "2"}, "finalizers": ["x/a", "x/b"]},
    "spec": {
        "replicas": 1,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "c", "image": "nginx:1",
                        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                        "ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 90}],
                    },
                    {"name": "side", "image": "busybox"},
                ],
                "tolerations": [{"key": "a", "operator": "Exists"}],
            }
        },
    },
}  # fmt: skip


def _pod_spec(patch: dict[str, Any]) -> dict[str, Any]:
    before = copy.deepcopy(BASE)
    merged = strategic_merge(BASE, {"spec": {"template": {"spec": patch}}}, DEPLOYMENT)
    assert before == BASE, "the original stays as it was"
    spec: dict[str, Any] = merged["spec"]["template"]["spec"]
    return spec


def _names(items: list[dict[str, Any]]) -> list[str]:
    return [item["name"] for item in items]


def test_list_elements_merge_by_their_key() -> None:
    containers = _pod_spec({"containers": [{"name": "c", "image": "nginx:2"}]})["containers"]
    assert [(c["name"], c["image"]) for c in containers] == [("c", "nginx:2"), ("side", "busybox")]
    assert containers[0]["env"] == BASE["spec"]["template"]["spec"]["containers"][0]["env"]  # type: ignore[index]


def test_inner_lists_merge_too() -> None:
    patch = {"containers": [{"name": "c", "env": [{"name": "B", "value": "22"}, {"name": "C", "value": "3"}]}]}
    env = _pod_spec(patch)["containers"][0]["env"]
    assert [(e["name"], e["value"]) for e in env] == [("A", "1"), ("B", "22"), ("C", "3")]


def test_a_new_element_comes_before_those_only_the_server_has() -> None:
    assert _names(_pod_spec({"containers": [{"name": "third", "image": "x"}]})["containers"]) == ["third", "c", "side"]


def test_elements_can_be_deleted_and_lists_replaced() -> None:
    assert _names(_pod_spec({"containers": [{"name": "side", "$patch": "delete"}]})["containers"]) == ["c"]
    env = [{"$patch": "replace"}, {"name": "ONLY", "value": "x"}]
    assert _names(_pod_spec({"containers": [{"name": "c", "env": env}]})["containers"][0]["env"]) == ["ONLY"]


def test_an_element_order_is_kept() -> None:
    patch = {
        "$setElementOrder/containers": [{"name": "side"}, {"name": "c"}],
        "containers": [{"name": "c", "image": "n"}],
    }
    assert _names(_pod_spec(patch)["containers"]) == ["side", "c"]
    alone = {"$setElementOrder/containers": [{"name": "side"}, {"name": "c"}]}
    assert _names(_pod_spec(alone)["containers"]) == ["side", "c"]


def test_ports_merge_by_container_port() -> None:
    patch = {"containers": [{"name": "c", "ports": [{"containerPort": 90, "name": "metrics"}, {"containerPort": 100}]}]}
    ports = _pod_spec(patch)["containers"][0]["ports"]
    assert [(p["containerPort"], p.get("name")) for p in ports] == [(80, "http"), (90, "metrics"), (100, None)]


def test_atomic_lists_are_replaced() -> None:
    assert _pod_spec({"tolerations": [{"key": "b"}]})["tolerations"] == [{"key": "b"}]


def test_maps_can_be_replaced_and_null_removes() -> None:
    replaced = strategic_merge(BASE, {"metadata": {"labels": {"$patch": "replace", "new": "l"}}}, DEPLOYMENT)
    assert replaced["metadata"]["labels"] == {"new": "l"}
    removed = strategic_merge(BASE, {"metadata": {"labels": {"a": None}}}, DEPLOYMENT)
    assert removed["metadata"]["labels"] == {"b": "2"}


def test_retained_keys_and_deleted_primitives() -> None:
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic_merge(BASE, patch, DEPLOYMENT)["spec"]["strategy"] == {"type": "Recreate"}
    gone = strategic_merge(BASE, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["x/a"]}}, DEPLOYMENT)
    assert gone["metadata"]["finalizers"] == ["x/b"]
    added = strategic_merge(BASE, {"metadata": {"finalizers": ["x/c"]}}, DEPLOYMENT)
    assert set(added["metadata"]["finalizers"]) == {"x/a", "x/b", "x/c"}


def test_a_missing_merge_key_and_a_wrong_shape_are_errors() -> None:
    with pytest.raises(ApiError) as missing:
        _pod_spec({"containers": [{"image": "x"}]})
    assert (missing.value.code, missing.value.message) == (
        500, "map: map[image:x] does not contain declared merge key: name",
    )  # fmt: skip
    with pytest.raises(ApiError) as wrong:
        _pod_spec({"containers": {"name": "c"}})
    assert wrong.value.code == 422
    assert wrong.value.message == (
        ' "" is invalid: patch: Invalid value: "map[spec:map[template:map[spec:map[containers:map[name:c]]]]]": '
        "cannot restore slice from map"
    )


def test_a_merge_patch_replaces_lists_and_removes_nulls() -> None:
    assert merge_patch({"a": [1, 2], "b": {"c": 1, "d": 2}}, {"a": [3], "b": {"c": None}, "e": {"f": None}}) == {
        "a": [3], "b": {"d": 2}, "e": {},
    }  # fmt: skip


def test_a_json_patch_applies_its_operations_in_order() -> None:
    operations = [
        {"op": "add", "path": "/m", "value": {"a/b": "c"}}, {"op": "replace", "path": "/m/a~1b", "value": "d"},
        {"op": "copy", "from": "/m/a~1b", "path": "/m/copy"}, {"op": "test", "path": "/m/copy", "value": "d"},
        {"op": "add", "path": "/l/-", "value": 3}, {"op": "remove", "path": "/l/0"}, {"op": "move", "from": "/n", "path": "/o"},
    ]  # fmt: skip
    assert json_patch({"l": [1, 2], "n": 5}, operations) == {"l": [2, 3], "m": {"a/b": "d", "copy": "d"}, "o": 5}


def test_replacing_what_is_missing_in_a_map_adds_it() -> None:
    assert json_patch({"m": {}}, [{"op": "replace", "path": "/m/x", "value": 1}]) == {"m": {"x": 1}}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 7}, {"op": "remove", "path": "/nope"}, {"op": "frob", "path": "/a"},
        {"op": "add", "path": "/l/9", "value": 1}, {"op": "add", "path": "a", "value": 1}, {"op": "add", "path": "/x/y", "value": 1},
        "nonsense",
    ],
)  # fmt: skip
def test_a_json_patch_that_does_not_apply_is_refused(operation: object) -> None:
    with pytest.raises(ApiError) as refused:
        json_patch({"a": 1, "l": []}, [operation])
    assert (refused.value.code, refused.value.reason) == (422, "Invalid")


@given(st.dictionaries(st.sampled_from("abc"), st.integers(), max_size=3))
def test_an_empty_merge_patch_changes_nothing(value: dict[str, Any]) -> None:
    assert merge_patch(value, {}) == value
    assert strategic_merge({"metadata": {"labels": value}}, {}, DEPLOYMENT) == {"metadata": {"labels": value}}


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [
        ("app=web", "ab"), ("app==web", "ab"), ("app!=web", "cd"), ("app", "abc"), ("!app", "d"), ("app in (web,db)", "abc"),
        ("app notin (web)", "cd"), ("env in (dev)", "b"), ("app=web,env=prod", "a"), ("n>1", "b"), ("n<2", "a"), ("", "abcd"),
        ("app=", ""), ("app in ()", ""),
    ],
)  # fmt: skip
def test_label_selectors_choose(selector: str, chosen: str) -> None:
    pods = {
        "a": {"app": "web", "env": "prod", "n": "1"}, "b": {"app": "web", "env": "dev", "n": "2"}, "c": {"app": "db"},
        "d": None,
    }  # fmt: skip
    requirements = parse_labels(selector)
    found = [name for name, labels in pods.items() if match_labels(requirements, {"metadata": {"labels": labels}})]
    assert "".join(found) == chosen


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("a b=c", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("=x", "found '=', expected: !, identifier, or 'end of string'"),
        ("app=web,", "found '', expected: identifier after ','"),
        ("app=bad value", "found 'value', expected: ',' or 'end of string'"),
        ("x in (a", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("tier>abc", 'unable to parse requirement: values[0]: Invalid value: "abc": for \'Gt\', \'Lt\' operators, the value must be an integer'),
    ],
)  # fmt: skip
def test_label_selectors_that_cannot_be_read(selector: str, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse_labels(selector)
    assert refused.value.message == message


def test_field_selectors_choose_and_are_refused() -> None:
    pod = {"metadata": {"name": "p", "namespace": "n"}, "spec": {"nodeName": "x"}, "status": {"phase": "Running"}}
    for text, fits in (
        ("status.phase=Running", True),
        ("status.phase!=Running", False),
        ("spec.nodeName=x,metadata.name=p", True),
        ("spec.nodeName=", False),
    ):
        assert compile_selectors(PODS, "", text)(pod) is fits
    assert compile_selectors(NODES, "", "spec.unschedulable=false")({"metadata": {"name": "n"}, "spec": {}})
    for resource, text, message in (
        (PODS, "spec.priority=0", "field label not supported: spec.priority"),
        (
            DEPLOYMENTS,
            "spec.replicas=1",
            '"spec.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
        (PODS, "metadata.name>a", "invalid selector: 'metadata.name>a'; can't understand 'metadata.name>a'"),
    ):
        with pytest.raises(ApiError) as refused:
            compile_selectors(resource, "", text)
        assert refused.value.message == message


def test_selectors_of_workloads_are_understood_and_written() -> None:
    selector = {
        "matchLabels": {"b": "2", "a": "1"},
        "matchExpressions": [
            {"key": "c", "operator": "In", "values": ["y", "x"]},
            {"key": "d", "operator": "DoesNotExist"},
        ],
    }
    assert write_selector(selector) == "a=1,b=2,c in (x,y),!d"
    requirements = from_label_selector(selector)
    assert match_labels(requirements, {"metadata": {"labels": {"a": "1", "b": "2", "c": "x"}}})
    assert not match_labels(requirements, {"metadata": {"labels": {"a": "1", "b": "2", "c": "x", "d": ""}}})


def test_decoding_drops_unknown_fields_and_nulls_and_names_wrong_types() -> None:
    decoded = decode(
        DEPLOYMENT,
        "Deployment",
        {"spec": {"replicas": 2, "paused": None, "foo": 1}, "metadata": {"name": "d", "bar": {}}},
    )
    assert decoded.value == {"spec": {"replicas": 2}, "metadata": {"name": "d"}}
    assert decoded.unknown == ("spec.foo", "metadata.bar")
    wrong = decode(DEPLOYMENT, "Deployment", {"metadata": {"labels": {"a": 1}}})
    assert (
        wrong.type_error
        == "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"
    )
