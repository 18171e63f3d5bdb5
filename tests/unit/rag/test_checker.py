"""What is wrong with a manifest is found, what is right is left alone, and fixes touch nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai4k8s_rag.adapters.schemas import UnknownVersionError, definitions, minor_of, minors
from ai4k8s_rag.checking import check_text, custom_kinds, mend_text, outlines
from ai4k8s_rag.domain.catalogue import BASELINE, RESTRICTED, RULES
from ai4k8s_rag.domain.editing import apply_edits
from ai4k8s_rag.domain.findings import Act, Edit, Layer, Severity
from ai4k8s_rag.domain.nodes import MAX_CHARACTERS, Node, plain, read
from ai4k8s_rag.domain.reporting import report_values, sarif
from ai4k8s_rag.domain.scope import Profile
from benchmarks.manifest_cases import bases, load, text_of

BAD: list[dict[str, Any]] = load("bad.yaml")
GOOD: list[dict[str, Any]] = [*({"base": name} for name in bases()), *load("good.yaml")]


def checked(case: dict[str, Any]):
    text = text_of(case)
    return text, check_text(text, case.get("version"), Profile(case.get("profile", "baseline")))


@pytest.mark.parametrize("case", BAD, ids=lambda case: f"{case['rule']}-{BAD.index(case)}")
def test_a_fault_is_found_and_its_fix_helps(case: dict[str, Any]) -> None:
    text, report = checked(case)
    found = [finding for finding in report.findings if finding.rule == case["rule"]]

    assert found, [finding.rule for finding in report.findings]
    assert all(1 <= finding.line <= text.count("\n") + 1 for finding in found)
    values = report_values(report, text)
    for finding in (each for each in values["findings"] if each["rule"] == case["rule"] and each["fix"]):
        fix = finding["fix"]
        mended = text[: fix["start"]] + fix["text"] + text[fix["end"] :]
        after = check_text(mended, case.get("version"), Profile(case.get("profile", "baseline")))
        left = [each for each in after.findings if (each.rule, each.path) == (finding["rule"], finding["path"])]
        assert not left, mended


def test_good_manifests_raise_no_alarm() -> None:
    alarms = [
        (case, finding.rule, finding.path)
        for case in GOOD
        for finding in checked(case)[1].findings
        if finding.severity is not Severity.INFO
    ]
    assert len(GOOD) >= 100
    assert alarms == []


def test_every_rule_of_the_catalogue_is_known_by_its_layer() -> None:
    assert {case["rule"] for case in BAD} <= RULES.keys()
    assert RULES.keys() >= BASELINE | RESTRICTED
    assert {rule.layer for rule in RULES.values()} == set(Layer)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a: &a [x, x, x, x, x, x, x, x, x]\n"
         + "".join(f"{n}: &{n} [{', '.join(['*' + p] * 9)}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)), "syntax.too-large"),
        ("[" * 100, "syntax.too-deep"),
        ("[" * 10_000, "syntax.yaml"),  # libyaml itself goes no deeper
        ("- " * 10_000, "syntax.too-deep"),
        ("x" * (MAX_CHARACTERS + 1), "syntax.too-large"),
        ("---\n" * 3_000, "syntax.too-large"),
        ("a: &a {b: *a}", "syntax.yaml"),
        ("? {a: b}\n: c", "syntax.yaml"),
        ("\x00", "syntax.yaml"),
        ("kind: \ud800", "syntax.yaml"),
        ("a: !!python/object/apply:os.system [true]", "schema.required"),
        ("just words", "syntax.not-an-object"),
        ("", "syntax.not-an-object"),
    ],
)  # fmt: skip
def test_hostile_text_is_refused_at_once(text: str, rule: str) -> None:
    assert rule in {finding.rule for finding in check_text(text).findings}


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 70_000) | st.sampled_from(["", "web", "8080", "cpu", "Always", "1Gi", "*"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "spec", "a"]), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@settings(max_examples=40)
@given(st.data())
def test_no_value_in_any_place_makes_the_checker_fail(data: st.DataObject) -> None:
    text = bases()[data.draw(st.sampled_from(sorted(bases())))]
    number = data.draw(st.integers(0, len(read(text)) - 1))
    node: Node | None = read(text)[number].root
    path: list[str | int] = []
    while node is not None and node.kind != "scalar" and data.draw(st.integers(0, 9)) and (node.pairs or node.items):
        steps: list[str | int] = [str(key.value) for key, _ in node.pairs] or [*range(len(node.items))]
        path.append(data.draw(st.sampled_from(steps)))
        node = node.get(path[-1])
    if path:
        value = data.draw(_VALUES)
        changed = apply_edits(text, number, [Edit(Act.SET, tuple(path), value)])
        there = read(changed)[number].root.at(tuple(path))
        assert there is not None
        assert plain(there) == value
        report_values(check_text(changed), changed)


def test_an_edit_leaves_comments_order_and_quotes_as_they_were() -> None:
    text = "# top\nkind: Pod  # a pod\nspec:\n    containers:\n      - name: 'a'   # first\n        image: \"x\"\n\n      # second\n      - {name: b}\n"
    edits = [
        Edit(Act.SET, ("spec", "containers", 0, "resources", "limits", "cpu"), "1"),
        Edit(Act.SET, ("spec", "containers", 1, "image"), "y"),
        Edit(Act.RENAME, ("kind",), "sort"),
    ]

    after = apply_edits(text, 0, edits)

    assert after == (
        "# top\nsort: Pod  # a pod\nspec:\n    containers:\n      - name: 'a'   # first\n        image: \"x\"\n"
        "        resources:\n          limits:\n            cpu: '1'\n\n      # second\n      - {name: b, image: y}\n"
    )


def test_a_file_is_mended_as_far_as_rules_know_how() -> None:
    text = bases()["deployment"].replace("replicas: 2", "replica: 2  # two").replace("256Mi", "256MB", 1)

    after = mend_text(text, "1.31", Profile.BASELINE)

    assert after == bases()["deployment"].replace("replicas: 2", "replicas: 2  # two")


def test_versions_are_those_published_and_others_are_refused_with_what_is_known() -> None:
    assert minor_of("v1.31.4") == minor_of("1.31") == 31
    assert minor_of(None) == minors()[-1]
    for unknown in ("1.3", "2.0", "latest-ish", "1.99"):
        with pytest.raises(UnknownVersionError) as refused:
            minor_of(unknown)
        assert "1.37" in refused.value.hint
    assert definitions(31).version == "1.31"


def test_a_definition_from_elsewhere_teaches_a_kind() -> None:
    definition, widget = bases()["crd"].split("---\n")
    wrong = widget.replace("size: 3", "size: 30")

    assert [finding.rule for finding in check_text(wrong).findings] == ["schema.unknown-kind"]
    assert [finding.rule for finding in check_text(wrong, custom=custom_kinds([definition])).findings] == [
        "schema.range"
    ]


def test_findings_are_given_to_code_scanning_in_its_own_form() -> None:
    text, report = checked(BAD[0])
    log = sarif([("web.yaml", report)], "0.1.0")

    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    (result,) = [each for each in run["results"] if each["ruleId"] == BAD[0]["rule"]]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == BAD[0]["rule"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert "matchLabels" in text.splitlines()[region["startLine"] - 1]


def test_an_editor_is_told_the_fields_of_a_kind() -> None:
    told = outlines(
        [("apps/v1", "Deployment"), ("autoscaling.k8s.io/v1", "VerticalPodAutoscaler"), ("x/v1", "None")], "1.31"
    )

    assert set(told["outlines"]) == {"apps/v1 Deployment", "autoscaling.k8s.io/v1 VerticalPodAutoscaler"}
    outline = told["outlines"]["apps/v1 Deployment"]
    spec = outline["shapes"][outline["shapes"][outline["root"]]["spec"][1]]
    assert spec["replicas"][0] == "number"
    assert "batch/v1 CronJob" in told["kinds"]
