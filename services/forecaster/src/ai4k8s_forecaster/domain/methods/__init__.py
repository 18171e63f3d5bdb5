"""Methods of forecasting by name. One more is one file, a line in `_MODULES`, and the tests that all of them pass."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING

from ai4k8s_forecaster.domain.methods.base import Calendar, Method, PointMethod
from ai4k8s_forecaster.domain.methods.choice import forecast_by_record

if TYPE_CHECKING:
    from collections.abc import Sequence

#: name -> (module, its object, library that must be installed for it)
_MODULES = {
    "core": ("own", "Core", "numpy"),
    "day-rule": ("own", "DayRule", "numpy"),
    "pooled-quantile": ("pooled_quantile", "PooledQuantile", "sklearn"),
    "last-value": ("naive", "LAST_VALUE", "numpy"),
    "seasonal-naive": ("naive", "SEASONAL_NAIVE", "numpy"),
    "linear-seasonal": ("linear_seasonal", "LINEAR_SEASONAL", "numpy"),
    "holt-winters": ("classics", "HOLT_WINTERS", "statsmodels"),
    "stl": ("classics", "STL", "statsmodels"),
    "auto-ets": ("nixtla", "AUTO_ETS", "statsforecast"),
    "mstl": ("nixtla", "MSTL", "statsforecast"),
    "theta": ("nixtla", "THETA", "statsforecast"),
    "prophet": ("prophets", "PROPHET", "prophet"),
}


STANDARD = "core"


class UnknownMethodError(ValueError):
    """A name that is none, or one whose library is not installed."""


def names() -> list[str]:
    """What is available here."""
    return [name for name, (_, _, library) in _MODULES.items() if importlib.util.find_spec(library)]


def method(name: str) -> Method:
    """The method of a name; its library is imported now, not before. Raises UnknownMethodError."""
    if name not in _MODULES:
        raise UnknownMethodError(f"there is no forecasting method '{name}'; there are {', '.join(_MODULES)}")
    module, place, library = _MODULES[name]
    if not importlib.util.find_spec(library):
        raise UnknownMethodError(f"the method '{name}' needs the Python package '{library}', which is not installed")
    found = getattr(importlib.import_module(f"{__name__}.{module}"), place)
    out: Method = found() if isinstance(found, type) else found
    return out


def methods(wanted: Sequence[str]) -> list[Method]:
    """The methods of some names. Raises UnknownMethodError."""
    return [method(name) for name in wanted]


__all__ = [
    "STANDARD",
    "Calendar",
    "Method",
    "PointMethod",
    "UnknownMethodError",
    "forecast_by_record",
    "method",
    "methods",
    "names",
]
