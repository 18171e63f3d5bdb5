"""All cases, with the name of the table each comes from."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from typing import TYPE_CHECKING

from tests.conformance import cases

if TYPE_CHECKING:
    from tests.conformance.case import Case


def _all() -> list[Case]:
    found: list[Case] = []
    for module in sorted(info.name for info in pkgutil.iter_modules(cases.__path__)):
        table: list[Case] = importlib.import_module(f"{cases.__name__}.{module}").CASES
        found += [dataclasses.replace(case, area=module) for case in table]
    return found


CASES = _all()
