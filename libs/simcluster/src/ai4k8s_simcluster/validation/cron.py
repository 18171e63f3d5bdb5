"""What is wrong with a schedule in cron's form, in the words of the parser that Kubernetes uses."""

import re
from dataclasses import dataclass

_MONTHS = {name: at for at, name in enumerate(re.findall("...", "janfebmaraprmayjunjulaugsepoctnovdec"), 1)}
_DAYS = {name: at for at, name in enumerate(re.findall("...", "sunmontuewedthufrisat"))}
_DESCRIPTORS = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
_FIELDS = 5


@dataclass(frozen=True, slots=True)
class _Bounds:
    least: int
    most: int
    names: dict[str, int]


_BOUNDS = (
    _Bounds(0, 59, {}), _Bounds(0, 23, {}), _Bounds(1, 31, {}), _Bounds(1, 12, _MONTHS), _Bounds(0, 6, _DAYS),
)  # fmt: skip


class _FaultError(ValueError):
    """The schedule cannot be read."""


def schedule_fault(schedule: str, *, zoned: bool) -> list[str]:
    """Return what is wrong with a schedule; zoned: its time zone is given apart."""
    if "TZ" in schedule:
        detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        return ["cannot use both timeZone field and TZ or CRON_TZ in schedule" if zoned else detail]
    try:
        _read(schedule.strip())
    except _FaultError as error:
        return [str(error)]
    return []


def _read(schedule: str) -> None:
    if schedule.startswith("@"):
        if schedule in _DESCRIPTORS or re.fullmatch(r"@every ([0-9.]+(ns|us|ms|s|m|h))+", schedule):
            return
        raise _FaultError(f"unrecognized descriptor: {schedule}")
    fields = schedule.split()
    if len(fields) != _FIELDS:
        raise _FaultError(f"expected exactly {_FIELDS} fields, found {len(fields)}: [{' '.join(fields)}]")
    for field, bounds in zip(fields, _BOUNDS, strict=True):
        for part in filter(None, field.split(",")):
            _range(part, bounds)


def _range(expression: str, bounds: _Bounds) -> None:
    pieces = expression.split("/")
    low_high = pieces[0].split("-")
    if low_high[0] in {"*", "?"}:
        start, end = bounds.least, bounds.most
    else:
        start = end = _number(low_high[0], bounds.names)
        if len(low_high) == 2:
            end = _number(low_high[1], bounds.names)
        elif len(low_high) > 2:
            raise _FaultError(f"too many hyphens: {expression}")
    step = 1
    if len(pieces) == 2:
        step = _number(pieces[1], {})
        if len(low_high) == 1 and low_high[0] not in {"*", "?"}:
            end = bounds.most
    elif len(pieces) > 2:
        raise _FaultError(f"too many slashes: {expression}")
    _check(expression, bounds, start, end, step)


def _check(expression: str, bounds: _Bounds, start: int, end: int, step: int) -> None:
    if start < bounds.least:
        raise _FaultError(f"beginning of range ({start}) below minimum ({bounds.least}): {expression}")
    if end > bounds.most:
        raise _FaultError(f"end of range ({end}) above maximum ({bounds.most}): {expression}")
    if start > end:
        raise _FaultError(f"beginning of range ({start}) beyond end of range ({end}): {expression}")
    if step == 0:
        raise _FaultError(f"step of range should be a positive number: {expression}")


def _number(text: str, names: dict[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise _FaultError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    if int(text) < 0:
        raise _FaultError(f"negative number ({int(text)}) not allowed: {text}")
    return int(text)
