"""Placeholders: what stands in a recording for a value that differs each time, and what it stands for in this run.

Equal values of a scenario have equal placeholders, so the first value met binds a placeholder and every later one must
be the same. Values that belong to the recording's machine (which node a pod was put on, its address) match any.
"""

import re
import uuid
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

_SUFFIX = "[bcdfghjklmnpqrstvwxz2456789]{5}"
_BOUND = {
    "uid": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "sfx": r"[a-z0-9]{5}",
    "hash": r"[a-z0-9]{5,10}",
    "podip": r"\d+\.\d+\.\d+\.\d+",
    "clusterip": r"\d+\.\d+\.\d+\.\d+",
    "nodeport": r"\d{5}",
    "continue": r"[^\s\"]+",
}
_FREE = {
    "rv": r"\d+",
    "time": r".+?",
    "age": r"(?:(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|y|d|h|m|s))+|-?\d+(?:\.\d+)?|<unknown>)",
    "hash": r"[a-z0-9]{5,10}",
    "rnd": r"[a-z0-9]+",
    "hex": r"[0-9a-f]+",
    "token": r"[^\s\"]+",
    "pem": r"(?s:.+?)",
    "server": r"\S+?",
    "loopback": r"\S+",
    "dir": r"\S+?",
    "kubeconfig": r"\S+",
    "epoch": r"\d+",
    "klog": r".*?",
}
_PLACEHOLDER = re.compile(r"<([a-z]+)(?:-(\d+))?>")
# What the recording's machine chose: (as it stands in a recording, what may stand there in this run).
_CHOSEN = tuple(
    (re.compile(recorded), wanted)
    for recorded, wanted in (
        (r"<podip-\d+>(?::\d+)?(?:,<podip-\d+>(?::\d+)?)+", r"[\d.,:]+"),  # an unordered list
        (r"192\.0\.2\.2:16443", r"\S+:\d+"),
        (r"v0\.0\.0-master\+\$Format:%H\$", r".*"),
        (r"\$Format:%H\$", r".*"),
        (r"standin://\S*", r"\S+?://\S*"),
        (r"Stand-in Linux", r".+?"),
        (r"6\.1\.0(?: \(amd64\))?", r".+?"),
        (r"v1\.36\.\d+", r"v1\.\d+\.\d+\S*"),
        (r"127\.0\.0\.1[123]\b", r"\d+\.\d+\.\d+\.\d+"),
        (r"\bnode-[123]\b", r"node-\d+"),
        (r"\bzone-[abc]\b", r"zone-[a-c]"),
        (r"\bdefault-scheduler-vm\b", r"default-scheduler-\S+"),
        (r"\b3 (?=\(<age> ago\))", r"\d+ "),
        (r":3[0-2]\d{3}/TCP", r":3[0-2]\d{3}/TCP"),
        (r"-\d{8}\b", r"-\d{8}"),
        (rf"-[bcdfghjklmnpqrstvwxz2456789]{{8,10}}-{_SUFFIX}\b", rf"-[a-z0-9]{{5,10}}-{_SUFFIX}"),
        (r"(?<=[a-z0-9])-[bcdfghjklmnpqrstvwxz2456789]{8,10}\b", r"-[a-z0-9]{5,10}"),
        (rf"(?<=[a-z0-9])-{_SUFFIX}\b", rf"-{_SUFFIX}"),
        (r"ResourceVersion in record \(\d+\)", r"ResourceVersion in record \(\d+\)"),
        (r"too old resource version: 1 \(\d+\)", r"too old resource version: 1 \(\d+\)"),
        (r"current: \d+", r"current: \d+"),
    )
)


class UnboundPlaceholderError(LookupError):
    """A request needs a value that no answer has brought."""


@lru_cache(maxsize=4096)
def _pattern(expected: str) -> tuple[re.Pattern[str], tuple[str, ...]] | None:
    """Return a pattern and the placeholders of its groups; None for text that must be met as it is."""
    pieces: list[str] = []
    names: list[str] = []
    at = 0
    special = False
    while at < len(expected):
        found = _next(expected, at)
        if found is None:
            break
        start, end, regex, name = found
        special = True
        pieces.append(re.escape(expected[at:start]))
        pieces.append(f"({regex})" if name else f"(?:{regex})")
        if name:
            names.append(name)
        at = end
    if not special:
        return None
    pieces.append(re.escape(expected[at:]))
    return re.compile("".join(pieces), re.DOTALL), tuple(names)


def _next(text: str, at: int) -> tuple[int, int, str, str | None] | None:
    """Return the next special part of a text: start, end, what matches it, and the placeholder's name if it binds."""
    best: tuple[int, int, str, str | None] | None = None
    for match in _PLACEHOLDER.finditer(text, at):
        kind, number = match.groups()
        if number is not None and kind in _BOUND:
            best = (match.start(), match.end(), _BOUND[kind], match[0])
        elif kind in _FREE:
            best = (match.start(), match.end(), _FREE[kind], None)
        else:
            continue
        break
    for recorded, wanted in _CHOSEN:
        chosen = recorded.search(text, at)
        if chosen and (best is None or chosen.start() < best[0]):
            best = (chosen.start(), chosen.end(), wanted, None)
    return best


class Binder:
    """What each placeholder of a scenario stands for in this run."""

    def __init__(self, values: dict[str, str] | None = None) -> None:
        self.values: dict[str, str] = dict(values or {})

    def copy(self) -> "Binder":
        """Return one to try an assignment with."""
        return Binder(self.values)

    def adopt(self, other: "Binder") -> None:
        """Take over what a successful trial has bound."""
        self.values.update(other.values)

    def matches(self, expected: str, actual: Any) -> bool:
        """Say whether a value is what a recorded text stands for, and bind what it tells."""
        if isinstance(actual, int) and not isinstance(actual, bool) and expected.startswith("<nodeport"):
            actual = str(actual)
        if not isinstance(actual, str):
            return False
        if expected == actual:
            return True
        found = _pattern(expected)
        if found is None:
            return False
        pattern, names = found
        match = pattern.fullmatch(actual)
        if match is None:
            return False
        fresh: dict[str, str] = {}
        for name, value in zip(names, match.groups(), strict=True):
            known = self.values.get(name, fresh.get(name))
            if known is not None and known != value:
                return False
            if known is None and not self._is_free(name, value, fresh):
                return False
            fresh[name] = value
        self.values.update(fresh)
        return True

    def _is_free(self, name: str, value: str, fresh: dict[str, str]) -> bool:
        """Different placeholders of one kind stand for different values, save short ones that may fall together."""
        kind = name[1:].split("-", 1)[0]
        if kind not in {"uid", "podip", "clusterip"}:
            return True
        prefix = f"<{kind}-"
        return all(
            bound != value
            for known in (self.values, fresh)
            for other, bound in known.items()
            if other.startswith(prefix) and other != name
        )

    def unbound(self, text: str) -> list[str]:
        """Return the binding placeholders of a text that have no value yet."""
        found = [match[0] for match in _PLACEHOLDER.finditer(text) if match[2] is not None and match[1] in _BOUND]
        return [name for name in found if name not in self.values]

    def invent(self, text: str) -> None:
        """Bind uids and service addresses of a request that no answer has brought: they belong to nothing yet."""
        for name in self.unbound(text):
            if name.startswith("<uid-"):
                self.values[name] = str(uuid.uuid4())
            elif name.startswith("<clusterip-"):
                self.values[name] = f"10.96.250.{len(self.values) % 250 + 1}"

    def substitute(self, value: Any) -> Any:
        """Put values in the place of placeholders. Raises UnboundPlaceholderError."""
        if isinstance(value, dict):
            return {self.substitute(key): self._typed(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._typed(inner) for inner in value]
        if isinstance(value, str):
            return _PLACEHOLDER.sub(self._value, value)
        return value

    def _typed(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("<nodeport") and value in self.values:
            return int(self.values[value])
        return self.substitute(value)

    def _value(self, match: re.Match[str]) -> str:
        name, kind, number = match[0], match[1], match[2]
        if name in self.values:
            return self.values[name]
        if kind == "time":
            return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if number is not None and kind in _BOUND:
            raise UnboundPlaceholderError(f"{name} has not been seen in any answer")
        return name
