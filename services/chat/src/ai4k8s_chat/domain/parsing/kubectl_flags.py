"""A kubectl line's flags and words; whoever uses a flag takes it, and what nobody took is refused by name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class KubectlError(Exception):
    """The line is refused; the text says why and what to do."""


_SHORT = {
    "-n": "--namespace",
    "-o": "--output",
    "-l": "--selector",
    "-A": "--all-namespaces",
    "-c": "--container",
    "-p": "--previous",
    "-w": "--watch",
    "-L": "--label-columns",
    "-i": "--stdin",
    "-t": "--tty",
    "-it": "--stdin",
    "-ti": "--stdin",
    "-k": "--kustomize",
    "-R": "--recursive",
    "-h": "--help",
    "-v": "--v",
    "-s": "--server",
    "-q": "--quiet",
}
# Flags that stand alone.
_SWITCHES = frozenset(
    """--all-namespaces --previous --watch --watch-only --no-headers --show-labels --show-kind --stdin --tty --all --force
    --now --wait --ignore-not-found --ignore-daemonsets --delete-emptydir-data --delete-local-data --overwrite --list
    --follow --timestamps --all-containers --prefix --containers --recursive --help --record --server-side
    --disable-eviction --quiet --rm --local --dry-run --allow-missing-template-keys --use-protocol-buffers --sum
    --show-managed-fields --warnings-as-errors --ignore-errors --all-pods""".split()
)
_ELSEWHERE = frozenset(
    """--kubeconfig --context --cluster --server --token --user --as --as-group --as-uid --certificate-authority
    --client-certificate --client-key --insecure-skip-tls-verify --username --password --tls-server-name
    --proxy-url""".split()
)
_FILES = frozenset("--filename --kustomize --from-file --from-env-file --patch-file --template --raw".split())
# Say how kubectl itself behaves, and mean nothing here.
_IDLE = frozenset(
    """--no-headers --show-kind --wait --timestamps --all-containers --prefix --request-timeout --v --chunk-size
    --ignore-not-found --timeout --record --overwrite --allow-missing-template-keys --use-protocol-buffers --quiet
    --field-manager --show-managed-fields --cascade --pod-running-timeout --max-log-requests --dry-run --validate
    --warnings-as-errors --show-events --now --restart --rm --stdin --tty --attach --ignore-errors --all-pods
    --show-swap --use-openapi-print-columns --server-print --limit-bytes --save-config --generator""".split()
)


@dataclass
class Flags:
    """What stands in the line. `command` is what follows `--`."""

    positional: list[str]
    values: dict[str, str]
    command: tuple[str, ...] = ()
    namespace: str | None = None
    everywhere: bool = False
    taken: set[str] = field(default_factory=set)

    def take(self, name: str) -> str | None:
        """Return a flag's value; None when it is not there."""
        self.taken.add(name)
        return self.values.get(name)

    def on(self, name: str) -> bool:
        """Whether a switch is set."""
        return self.take(name) in {"true", ""}

    def number(self, name: str, least: int = 0) -> int | None:
        """Return a flag's whole number. Raises KubectlError."""
        value = self.take(name)
        if value is None:
            return None
        if not re.fullmatch(r"\d{1,6}", value) or int(value) < least:
            raise KubectlError(f"{name} wants a whole number of at least {least}, not '{value}'.")
        return int(value)

    def refuse_unknown(self, verb: str) -> None:
        """Refuse what nothing has used: half a command is not carried out."""
        left = sorted(set(self.values) - self.taken - _IDLE)
        if left:
            raise KubectlError(
                f"kubectl {verb}: {left[0]} is not understood here, so nothing is done. Leave it out, or say it in words."
            )


def read_flags(words: Sequence[str]) -> Flags:
    """Tell flags from words. Raises KubectlError for what is never allowed."""
    command: tuple[str, ...] = ()
    if "--" in words:
        at = list(words).index("--")
        words, command = words[:at], tuple(words[at + 1 :])
    flags = Flags([], {}, command)
    at = 0
    while at < len(words):
        at = _one(flags, words, at)
    _check(flags)
    flags.namespace = flags.take("--namespace")
    flags.everywhere = flags.on("--all-namespaces")
    return flags


def _one(flags: Flags, words: Sequence[str], at: int) -> int:
    """Read the word at a place; return the next place."""
    word = words[at]
    if not word.startswith("-") or word == "-":
        flags.positional.append(word)
        return at + 1
    name, equals, value = word.partition("=")
    if name == "-f":
        name = "--follow" if flags.positional[:1] == ["logs"] else "--filename"
    elif name not in _SHORT and not name.startswith("--") and len(name) > 2:
        name, value, equals = name[:2], name[2:].lstrip("="), "="
    if name == "-p" and flags.positional[:1] == ["patch"]:
        name = "--patch"
    name = _SHORT.get(name, name)
    if equals:
        flags.values[name] = value
        return at + 1
    if name in _SWITCHES:
        flags.values[name] = "true"
        return at + 1
    if at + 1 >= len(words):
        raise KubectlError(f"{word} wants a value.")
    flags.values[name] = words[at + 1]
    return at + 2


def _check(flags: Flags) -> None:
    for name in flags.values:
        if name in _ELSEWHERE:
            raise KubectlError(
                f"{name} is refused: commands go to the chosen cluster, with your own rights. Choose another cluster above the chat."
            )
        if name in _FILES:
            raise KubectlError(
                f"{name} is refused: there are no files here. Paste the manifest into the message instead."
            )
    if "--watch" in flags.values or "--watch-only" in flags.values:
        raise KubectlError("Nothing is watched here: ask again, or open the page that shows it live.")
    if "--help" in flags.values:
        raise KubectlError("kubectl's help is not here. Say in words what you want to see or change.")
