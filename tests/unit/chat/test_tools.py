"""The catalogue of tools: complete, typed, and honest about what each does."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ai4k8s_chat.domain.arguments import ResourcesDelete, ResourcesScale
from ai4k8s_chat.domain.kinds import find_kind
from ai4k8s_chat.domain.tools import TOOLS, Access
from ai4k8s_common.rights import LEAST_ROLE, Permission, Role


def test_every_call_names_its_cluster():
    assert [tool.name for tool in TOOLS if "cluster" not in tool.arguments.model_json_schema()["required"]] == []


def test_a_viewer_may_call_nothing_that_changes_a_cluster():
    for tool in TOOLS:
        assert (LEAST_ROLE[tool.permission] is Role.VIEWER) == (tool.access is Access.READ), tool.name


def test_every_tool_asks_for_a_permission_and_what_runs_things_inside_asks_for_the_highest():
    assert [tool.name for tool in TOOLS if not isinstance(tool.permission, Permission)] == []
    privileged = {tool.permission for tool in TOOLS if tool.access is Access.PRIVILEGED}
    assert {LEAST_ROLE[permission] for permission in privileged} == {Role.ADMIN}


def test_names_that_would_leave_their_path_are_refused():
    with pytest.raises(ValidationError):
        ResourcesDelete(cluster="c", kind="Pod", namespace="default", name="../../nodes/a")


@pytest.mark.parametrize("given", [{}, {"replicas": 3, "change_by": 1}])
def test_a_scaling_says_either_how_many_or_how_many_more(given):
    with pytest.raises(ValidationError):
        ResourcesScale(cluster="c", name="web", **given)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("deploy", "Deployment"),
        ("PVCs", "PersistentVolumeClaim"),
        ("deployments.apps", "Deployment"),
        ("ns", "Namespace"),
    ],
)
def test_kinds_are_found_by_the_words_people_use(word, kind):
    found = find_kind(word)
    assert found is not None
    assert found.kind == kind


def test_a_word_that_is_no_kind_is_none():
    assert find_kind("unicorns") is None
