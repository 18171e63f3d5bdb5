"""Every case of every table, against one cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.catalogue import CASES
from tests.conformance.conftest import KUBECONFIG, wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.case import Case
    from tests.conformance.session import Session


def _parameter(case: Case) -> pytest.ParameterSet:
    marks = []
    if case.known and not KUBECONFIG:
        marks.append(pytest.mark.xfail(reason=case.known, strict=True, raises=AssertionError))
    return pytest.param(case, id=f"{case.area}-{case.identifier}", marks=marks)


@pytest.mark.parametrize("case", [_parameter(case) for case in CASES if wanted(case)])
def test_case(session: Session, case: Case, record_property: Callable[[str, object], None]) -> None:
    record_property("area", case.area)
    record_property("mode", case.mode.value)
    session.run(case)


def test_names_are_unique() -> None:
    names = [case.identifier for case in CASES]
    assert len(set(names)) == len(names)
