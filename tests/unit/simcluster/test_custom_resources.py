"""Custom resources: schemas prune, default and validate; rules are CEL; definitions become types."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ai4k8s_simcluster.customresources import shipped
from ai4k8s_simcluster.customresources.columns import cell, values_at
from ai4k8s_simcluster.customresources.definitions import change_causes, default_definition, definition_causes
from ai4k8s_simcluster.customresources.rules import validate_rules
from ai4k8s_simcluster.customresources.schemas import fill_defaults, prune
from ai4k8s_simcluster.customresources.types import served_types
from ai4k8s_simcluster.customresources.values import validate_lists, validate_value

if TYPE_CHECKING:
    from ai4k8s_simcluster.types import Obj

SCHEMA: Obj = yaml.safe_load("""
type: object
properties:
  spec:
    type: object
    required: [size]
    properties:
      size: {type: string, enum: [s, m]}
      replicas: {type: integer, minimum: 0, maximum: 10, default: 1}
      name: {type: string, pattern: '^[a-z]+$', maxLength: 5}
      ratio: {type: number, exclusiveMinimum: true, minimum: 0}
      any: {x-kubernetes-int-or-string: true}
      free: {type: object, x-kubernetes-preserve-unknown-fields: true}
      tags: {type: array, x-kubernetes-list-type: set, items: {type: string}, maxItems: 2}
      ports:
        type: array
        x-kubernetes-list-type: map
        x-kubernetes-list-map-keys: [port]
        items:
          type: object
          required: [port]
          properties: {port: {type: integer}, proto: {type: string, default: TCP}}
""")


def _definition(**version: Any) -> Obj:
    definition = {
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": copy.deepcopy(SCHEMA)},
                    **version,
                }
            ],
        },
    }
    default_definition(definition)
    return definition


def _messages(spec: Obj) -> list[str]:
    return [f"{cause.field}: {cause.message}" for cause in validate_value({"spec": spec}, SCHEMA)]


def test_what_the_schema_does_not_name_goes_and_what_is_left_out_comes() -> None:
    obj: Obj = {
        "metadata": {"name": "a", "odd": 1},
        "spec": {"size": "s", "x": 1, "free": {"y": 1}, "ports": [{"port": 1}]},
    }
    assert prune(obj, SCHEMA) == ["metadata.odd", "spec.x"]
    fill_defaults(obj, SCHEMA)
    ports = [{"port": 1, "proto": "TCP"}]
    assert obj["spec"] == {"size": "s", "replicas": 1, "free": {"y": 1}, "ports": ports}


def test_defaults_do_not_make_the_object_they_belong_to() -> None:
    obj: Obj = {"metadata": {"name": "a"}}
    fill_defaults(obj, SCHEMA)
    assert obj == {"metadata": {"name": "a"}}


@pytest.mark.parametrize(
    ("spec", "messages"),
    [
        ({"size": "s", "any": "25%", "replicas": 0}, []),
        ({}, ["spec.size: Required value"]),
        ({"size": "xl"}, ['spec.size: Unsupported value: "xl": supported values: "s", "m"']),
        (
            {"size": "s", "replicas": 11},
            ["spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10"],
        ),
        (
            {"size": "s", "replicas": "x"},
            ['spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"'],
        ),
        (
            {"size": "s", "name": "TOOLONG"},
            [
                "spec.name: Too long: may not be more than 5 bytes",
                "spec.name: Invalid value: \"TOOLONG\": spec.name in body should match '^[a-z]+$'",
            ],
        ),
        (
            {"size": "s", "ratio": 0},
            ["spec.ratio: Invalid value: 0: spec.ratio in body should be greater than 0"],
        ),
        ({"size": "s", "tags": ["a", "b", "c"]}, ["spec.tags: Too many: 3: must have at most 2 items"]),
        (
            {"size": "s", "any": True},
            ['spec.any: Invalid value: "boolean": spec.any in body must be of type integer,string: "boolean"'],
        ),
    ],
)
def test_values_are_checked_in_a_real_servers_words(spec: Obj, messages: list[str]) -> None:
    assert _messages(spec) == messages


def test_an_item_occurs_once_in_lists_that_are_maps_or_sets() -> None:
    spec = {"tags": ["a", "a"], "ports": [{"port": 1}, {"port": 1, "proto": "UDP"}]}
    found = [f"{cause.field}: {cause.message}" for cause in validate_lists({"spec": spec}, SCHEMA)]
    assert found == ['spec.ports[1]: Duplicate value: {"port":1}', 'spec.tags[1]: Duplicate value: "a"']


@pytest.mark.parametrize(
    ("rule", "new", "old", "messages"),
    [
        ("!has(self.hi) || self.lo <= self.hi", {"lo": 1, "hi": 2}, None, []),
        ("self.lo <= self.hi", {"lo": 3, "hi": 2}, None, [": Invalid value: failed rule: self.lo <= self.hi"]),
        ("self.a == oldSelf.a", {"a": 1}, None, []),
        ("self.a == oldSelf.a", {"a": 1}, {"a": 2}, [": Invalid value: failed rule: self.a == oldSelf.a"]),
        ("self.q.matches('^[a-z]+$') && self.l.isSorted()", {"q": "abc", "l": [1, 2]}, None, []),
        ("quantity(self.q).isLessThan(quantity('1Gi'))", {"q": "512Mi"}, None, []),
        ("self.l.all(x, x > 1)", {"l": [2, 1]}, None, [": Invalid value: failed rule: self.l.all(x, x > 1)"]),
        ("self.__namespace__ == 'x'", {"namespace": "x"}, None, []),
        ("self.gone == 1", {}, None, [': Invalid value: "object": no such key: gone evaluating rule: self.gone == 1']),
    ],
)
def test_rules_hold_or_say_what_is_wrong(rule: str, new: Obj, old: Obj | None, messages: list[str]) -> None:
    properties = {"namespace": {"type": "string"}, "l": {"type": "array", "items": {"type": "integer"}}}
    schema = {"type": "object", "properties": properties, "x-kubernetes-validations": [{"rule": rule}]}
    found = [f": {cause.message}" for cause in validate_rules(new, old, schema, "spec")]
    assert found == messages


def test_a_rule_on_a_list_item_compares_the_item_with_the_same_key() -> None:
    rule = {"rule": "self.v >= oldSelf.v", "message": "v may only grow", "reason": "FieldValueForbidden"}
    item = {"type": "object", "properties": {"k": {"type": "string"}}, "x-kubernetes-validations": [rule]}
    schema = {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": item}
    new, old = [{"k": "b", "v": 1}, {"k": "a", "v": 5}], [{"k": "a", "v": 1}, {"k": "b", "v": 2}]
    (cause,) = validate_rules(new, old, schema, "spec.items")
    assert (cause.field, cause.kind, cause.message) == (
        "spec.items[0]",
        "FieldValueForbidden",
        "Forbidden: v may only grow",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["metadata"].update(name="x"), 'must be spec.names.plural+"."+spec.group'),
        (lambda d: d["spec"].update(scope="Nowhere"), 'Unsupported value: "Nowhere"'),
        (lambda d: d["spec"]["versions"][0].update(storage=False), "must have exactly one version marked as storage"),
        (
            lambda d: d["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].pop("type"),
            "must not be empty for specified object fields",
        ),
        (
            lambda d: d["spec"]["versions"][0].update(selectableFields=[{"jsonPath": ".spec.free"}]),
            "must point to a field of type string, boolean or integer",
        ),
        (
            lambda d: d["spec"]["versions"][0]["schema"]["openAPIV3Schema"].update(
                {"x-kubernetes-validations": [{"rule": "self.x <"}]}
            ),
            "compilation failed",
        ),
    ],
)
def test_a_definition_that_cannot_be_is_refused(change: Any, message: str) -> None:
    definition = _definition()
    assert definition_causes(definition) == []
    change(definition)
    assert message in " ".join(cause.message for cause in definition_causes(definition))


def test_the_scope_and_the_group_of_a_definition_stay() -> None:
    old, new = _definition(), _definition()
    new["spec"]["scope"] = "Cluster"
    assert [cause.field for cause in change_causes(old, new)] == ["spec.scope"]


def test_a_definition_becomes_one_type_for_each_served_version() -> None:
    definition = _definition(
        subresources={"status": {}, "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.n"}}
    )
    definition["spec"]["versions"].append({"name": "v2", "served": True, "storage": False, "schema": {}})
    first, second = served_types(definition)
    assert (first.api_version, first.kind, first.list_kind) == ("example.com/v1", "Thing", "ThingList")
    assert [part.name for part in first.subresources] == ["status", "scale"]
    assert second.storage is first


def test_columns_find_their_values_by_path() -> None:
    obj = {
        "status": {"conditions": [{"type": "A", "status": "False"}, {"type": "Ready", "status": "True"}], "n": ["x"]}
    }
    ready = {"type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'}
    assert cell(ready, obj) == "True"
    assert cell({"type": "integer", "jsonPath": ".status.n[0]"}, obj) is None
    assert list(values_at(obj, ".status.n[*]")) == ["x"]
    assert list(values_at(obj, ".spec.nothing")) == []


@pytest.mark.parametrize("name", shipped._NAMES)
def test_the_shipped_definitions_are_valid(name: str) -> None:
    definition = shipped._manifest(name)
    default_definition(definition)
    assert definition_causes(definition) == []
