"""kubectl command lines, by grammar: a line becomes a tool call or is refused with the reason; never a shell."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from ai4k8s_chat.domain.parsing.kubectl_flags import Flags, KubectlError, read_flags
from ai4k8s_chat.domain.parsing.kubectl_verbs import VERBS
from ai4k8s_chat.domain.parsing.parsed import Context, Parsed, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

_LINE = re.compile(
    r"^\s*(?:[$#>]\s*)?(?:sudo\s+)?(?:kubectl|k|oc|microk8s kubectl|minikube kubectl --)\s+(.+)$", re.DOTALL
)
_INSIDE = re.compile(
    r"^\s*(?:please\s+)?(?:(?:can|could|would) you\s+)?(?:run|execute|do|try|exec)\s+(?:this\s*:?\s*|the (?:command|following)\s*:?\s*)?['\"`]*(kubectl\s.+?)['\"`]*\s*[.!?]?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_FENCED = re.compile(r"^\s*```(?:\w+)?\s*\n?(.+?)```\s*$", re.DOTALL)
_TICKED = re.compile(r"^\s*`(kubectl\s[^`]+)`\s*$")
# In quotes they are harmless; shlex has taken those away before this looks.
_SHELL = {"|": "pipes", "||": "chains", "&&": "chains", ";": "chains", "&": "background jobs"}
_REDIRECTION = re.compile(r"^\d?(?:>>?|<<?<?)")


def find_line(text: str) -> str | None:
    """Return the kubectl line that a message is, without 'kubectl'; None when it is none."""
    for pattern in (_FENCED, _TICKED, _INSIDE):
        if match := pattern.match(text):
            text = match[1].strip()
    match = _LINE.match(text)
    if match is None:
        return None
    if re.match(r"\s*k\s", text) and match[1].split()[0] not in VERBS:
        return None
    return match[1].replace("\\\n", " ").strip()


def parse_line(line: str, context: Context) -> Parsed:
    """Understand what stands after 'kubectl'."""
    try:
        words = _split(line)
        return _parse(words, context)
    except KubectlError as error:
        return refuse(str(error))


def _split(line: str) -> list[str]:
    if "\n" in line.strip():
        raise KubectlError("One command at a time: this has several lines.")
    if "$(" in line or re.search(r"(?<!\\)`", line) or re.search(r"\$\{?\w+", line):
        raise KubectlError(
            "There is no shell here: substitutions and variables are not carried out. Write the value itself."
        )
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError as error:
        raise KubectlError(f"The line's quotes do not match ({error}).") from None
    after = words.index("--") if "--" in words else len(words)
    for word in words[:after] if "exec" in words[:2] else words:
        if word in _SHELL:
            raise KubectlError(
                f"There is no shell here: {_SHELL[word]} are not carried out. Give the kubectl part alone."
            )
        if _REDIRECTION.match(word):
            raise KubectlError("There is no shell here: nothing is redirected to or from files.")
    return words


def _parse(words: Sequence[str], context: Context) -> Parsed:
    if not words:
        raise KubectlError("Which kubectl command? For example: kubectl get pods")
    flags = read_flags(words)
    verb = flags.positional[0] if flags.positional else ""
    parser = VERBS.get(verb)
    if parser is None:
        known = ", ".join(sorted(VERBS))
        raise KubectlError(f"kubectl {verb or 'without a command'} has no place here. I know: {known}.")
    parsed = parser(_in_context(flags, context))
    flags.refuse_unknown(verb)
    return parsed


def _in_context(flags: Flags, context: Context) -> Flags:
    if flags.namespace is None and not flags.everywhere and context.namespace:
        flags.namespace = context.namespace
    return flags
