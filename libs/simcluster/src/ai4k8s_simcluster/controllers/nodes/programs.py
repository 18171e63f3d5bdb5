"""What a container's process does: how long it runs and how it ends.

No containers run here. A process is read from the pod's annotations, else from its command as far as that is plain
(`sleep 30`, `sh -c "sleep 5; exit 1"`, `false`), else from what the pod is for: a pod that is to be kept running runs
on, one that is to end does so after a moment, well.
"""

import math
import re
import shlex
from dataclasses import dataclass

from ai4k8s_simcluster.types import Obj

PREFIX = "sim.ai4k8s.io/"
RUN_SECONDS = PREFIX + "run-seconds"
EXIT_CODE = PREFIX + "exit-code"
_TASK_SECONDS = 1.5
_SHELLS = {"sh", "bash", "ash", "dash"}
_ENDLESS = {"while", "until", "for", "tail", "watch", "wait"}
_NOT_FOUND = 127
_SEPARATOR = re.compile(r"\s*(?:;|&&|\n)\s*")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


@dataclass(frozen=True, slots=True)
class Program:
    """A process: seconds that it runs (infinite when it runs on) and its exit code."""

    seconds: float
    code: int


def annotation(pod: Obj, name: str, container: str = "") -> str | None:
    """Return an annotation of a pod, the one for a single container (`<name>.<container>`) before the one for all."""
    annotations = pod["metadata"].get("annotations") or {}
    found = annotations.get(f"{name}.{container}") if container else None
    return found if found is not None else annotations.get(name)


def _duration(text: str) -> float:
    if text in {"inf", "infinity"}:
        return math.inf
    unit = _UNITS.get(text[-1:], 0.0)
    try:
        return float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        return 0.0


def _command(words: list[str]) -> Program | None:
    """Return what a plain command does; None when it is not known here."""
    name = words[0].rsplit("/", 1)[-1]
    if name in _SHELLS and len(words) > 2 and words[1].startswith("-") and "c" in words[1]:
        return _script(words[2])
    match name:
        case "sleep":
            return Program(sum(_duration(word) for word in words[1:]), 0)
        case "true" | ":" | "echo" | "printf" | "date" | "env" | "ls" | "cat" | "pwd":
            return Program(0.0, 0)
        case "false":
            return Program(0.0, 1)
        case "pause":
            return Program(math.inf, 0)
    return None


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _script(text: str) -> Program | None:
    """Return what the lines of a shell script do, one after the other, as far as each is plain."""
    seconds, code = 0.0, 0
    for part in filter(None, _SEPARATOR.split(text.strip())):
        words = _words(part)
        if not words:
            continue
        if words[0] in _ENDLESS:
            return Program(math.inf, 0)
        if words[0] == "exit":
            return Program(seconds, int(words[1]) % 256 if len(words) > 1 and words[1].isdigit() else code)
        found = _command(words)
        if found is None:
            return None
        seconds, code = seconds + found.seconds, found.code
    return Program(seconds, code)


def spoken_by(container: Obj) -> tuple[tuple[float, str], ...]:
    """Return what a plain script prints (`echo one; sleep 5; echo two`): seconds after its start, and the line.

    Nothing when it prints nothing, or when what it prints depends on more than its text.
    """
    words = [str(word) for word in (*(container.get("command") or ()), *(container.get("args") or ()))]
    if not words or not container.get("command"):
        return ()
    is_script = words[0].rsplit("/", 1)[-1] in _SHELLS and len(words) > 2 and words[1].startswith("-")
    parts = [_words(part) for part in _SEPARATOR.split(words[2].strip())] if is_script else [words]
    said: list[tuple[float, str]] = []
    after = 0.0
    for part in filter(None, parts):
        if any("$" in word or "`" in word for word in part):
            return ()
        if part[0] == "echo":
            said.append((after, " ".join(part[1:])))
            continue
        found = None if part[0] in {"exit", *_ENDLESS} else _command(part)
        if found is None or math.isinf(found.seconds):
            break
        after += found.seconds
    return tuple(said)


def program_of(pod: Obj, container: Obj, *, is_init: bool = False) -> Program:
    """Return what a container's process does."""
    words = [str(word) for word in (*(container.get("command") or ()), *(container.get("args") or ()))]
    found = _command(words) if container.get("command") else None
    if found is None:
        ends = is_init or pod["spec"].get("restartPolicy", "Always") != "Always"
        found = Program(_TASK_SECONDS if ends else math.inf, 0)
    seconds = annotation(pod, RUN_SECONDS, container["name"])
    code = annotation(pod, EXIT_CODE, container["name"])
    if is_init and annotation(pod, RUN_SECONDS) == seconds:
        seconds, code = None, None  # what is said of the whole pod means its containers, not their preparation
    if code is not None and seconds is None and math.isinf(found.seconds):
        seconds = str(_TASK_SECONDS)
    return Program(
        _duration(seconds) if seconds is not None else found.seconds,
        int(code) % 256 if code is not None and code.lstrip("-").isdigit() else found.code,
    )
