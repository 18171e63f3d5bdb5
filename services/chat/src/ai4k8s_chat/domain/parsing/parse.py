"""The one way in: a message becomes one call of one tool, a question back, or a refusal."""

from __future__ import annotations

import re

from ai4k8s_chat.domain.kinds import find_kind
from ai4k8s_chat.domain.parsing import caution
from ai4k8s_chat.domain.parsing.english import CHOICES, parse_english
from ai4k8s_chat.domain.parsing.kubectl import find_line, parse_line
from ai4k8s_chat.domain.parsing.parsed import Context, Outcome, Parsed, ask_back, call, refuse
from ai4k8s_chat.domain.parsing.vocabulary import READ_VERBS, WRITE_VERBS
from ai4k8s_chat.domain.parsing.words import spell_out

LONGEST = 8_000
MOST_WORDS_OF_AN_ANSWER = 3
_MANIFEST = re.compile(r"(?:^|\n)\s*(?:---\s*\n)?\s*(?:apiVersion\s*:|\{\s*\"(?:apiVersion|kind)\")")
_FENCE = re.compile(r"```(?:ya?ml|json)?\s*\n(.*?)```", re.DOTALL)
# Three words and more, from the first quote to the last: there may be others inside.
_QUOTED = re.compile(r"\"[^\s\"]*\s+\S+\s.*\"|“[^”]*\s+\S+\s[^”]*”", re.DOTALL)
_APPLY = re.compile(r"\b(?:apply|create|update|deploy|install|use)\b", re.IGNORECASE)


def parse(text: str, context: Context | None = None) -> Parsed:
    """Understand a message; never raises, and never takes a question for an order."""
    context = context or Context()
    text = text.strip()
    if not text:
        return ask_back("What would you like to know or change?", *CHOICES)
    if _MANIFEST.search(text):
        return _manifest(text)
    if len(text) > LONGEST:
        return refuse(f"The message has more than {LONGEST} characters. Ask for one thing at a time.")
    line = find_line(text)
    if line is not None:
        return parse_line(line, context)
    if context.unanswered and _is_answer(text):
        whole = parse_english(spell_out(_completed(context.unanswered, text)), context)
        if whole.outcome is not Outcome.CLARIFY:
            return whole
    parsed = parse_english(spell_out(text), context)
    if parsed.outcome is Outcome.WRITE and _orders_by_quotes_only(text, context):
        return ask_back("Part of that is quoted. What would you like to know, or which change do you want?", *CHOICES)
    return parsed


def _orders_by_quotes_only(text: str, context: Context) -> bool:
    """Whether it takes the quoted words to make an order: what somebody else wrote is none. A name or value stays."""
    rest = _QUOTED.sub(" quoted ", text)
    return rest != text and parse_english(spell_out(rest), context).outcome is not Outcome.WRITE


def _is_answer(text: str) -> bool:
    """'delete web' - 'what kind of object is web?' - 'Deployment': a word or two that are no request themselves."""
    words = text.lower().split()
    return len(words) <= MOST_WORDS_OF_AN_ANSWER and words[0] not in READ_VERBS | set(WRITE_VERBS)


def _completed(request: str, answer: str) -> str:
    """'to 3' goes to the end of what was asked; a kind after its verb: 'delete web in shop' - 'Deployment'."""
    words = request.split()
    verb = next((at for at, word in enumerate(words) if word.lower() in WRITE_VERBS), None)
    if verb is None or find_kind(answer) is None:
        return f"{request} {answer}"
    return " ".join((*words[: verb + 1], answer, *words[verb + 1 :]))


def _manifest(text: str) -> Parsed:
    """A pasted manifest is applied when that is said, and otherwise asked about."""
    fenced = _FENCE.search(text)
    start = _MANIFEST.search(text)
    body = fenced[1] if fenced else text[start.start() :] if start else text
    words = text.replace(body, " ")
    manifest = body.strip() + "\n"
    said = spell_out(words).lower()
    asked = caution.asks_how(said) or caution.supposes(said) or caution.forbids(said)
    if caution.is_order_to_disobey(said):
        return refuse("Writes always become a plan that a person approves, and no message changes that.")
    if _APPLY.search(words) and not asked:
        kind = re.search(r"^\s*\"?kind\"?\s*:\s*\"?(\w+)", manifest, re.MULTILINE)
        return call("resources_create_or_update", about=kind[1] if kind else None, manifest=manifest)
    return ask_back("Shall I plan to apply this manifest?", "apply it", "check it", tool="resources_create_or_update")
