"""What is never a write however it is worded: questions of how, suppositions, prohibitions, and orders to disobey."""

from __future__ import annotations

import re

from ai4k8s_chat.domain.parsing.vocabulary import WRITE_VERBS

_HOW = re.compile(
    r"\b(?:how (?:do|can|could|should|would|to|does|might)|how (?:i|we|you|one) (?:would|can|could|should|do|might)|what (?:is|would be) the (?:best |right |safest |proper |correct )?"
    r"(?:way|command|commands|kubectl command|procedure|steps)|what (?:kubectl )?command|which (?:kubectl )?command|"
    r"explain how|show me how|tell me how|teach me|tutorial|example of how|steps to|guide (?:me )?(?:to|through|for)|"
    r"(?:write|give|tell|show) me the (?:kubectl )?command|documentation (?:for|on|about))\b"
)
_SUPPOSED = re.compile(
    r"\b(?:what (?:would|will|could|might|does|is) (?:happen|going to happen)|what happens|what if|suppose|supposing|imagine|"
    r"hypothetically|in theory|would it (?:be|help|break|hurt)|would (?:scaling|deleting|restarting|draining)\b|"
    r"should (?:i|we)|is it (?:safe|ok|okay|possible|wise|a good idea|allowed|fine)|(?:can|could|may|might) (?:i|we|one)\b(?! (?:please )?(?:get|see|have|ask|look|list|show|check|view|know))|"
    r"do i need to|do we need to|am i allowed|are we allowed|who (?:can|may|could|is allowed)|consequences of|effect of|impact of|"
    r"before i|if i (?:were|was)?|if we|thinking (?:about|of)|considering|planning to|wondering)\b"
)
_FORBIDDEN = re.compile(
    r"\b(?:do not|dont|don t|never|must not|should not|shall not|without \w+ing|avoid|no need to|not going to|rather than|instead of|"
    r"not want(?: you)? to|refrain from|stop short of|nobody (?:should|may)|please not|not to)\b"
)
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instructions?|rules?|prompts?|approvals?|polic(?:y|ies)|safety|guards?|restrictions?)\b"
    r"|\bwithout\b.{0,30}\b(?:approval|approvals|confirmation|permission)\b|\bwithout asking\b|\bapprove (?:it|your|this|that|the|all|my)\b|\bskip (?:the )?(?:approval|confirmation|dry.?run)\b"
    r"|\bno (?:approval|confirmation) (?:is )?(?:needed|necessary|required)\b"
    r"|\byou are now\b|\b(?:system|developer) ?(?:prompt|message|override)\b|\bjailbreak\b|\bact as (?:root|an? admin|cluster.?admin)\b"
    r"|\bpretend (?:to be|you are|that)\b|\bpre.?approved\b|\balready approved\b"
)
_SHELL = re.compile(
    r"\brm -rf?\b|/etc/(?:passwd|shadow)|\bcurl\b.{0,80}\|\s*(?:ba)?sh|\bnc -e\b|:\(\)\s*\{|\bdd if=|\bchmod 777\b"
)
_SECRET_VALUES = re.compile(
    r"\b(?:decode|decrypt|unmask|reveal|exfiltrate|leak|base64 ?-?d|plain ?text|cleartext|clear text)\b.{0,60}\b(?:secrets?|passwords?|tokens?|credentials?|kubeconfigs?|keys?)\b"
    r"|\b(?:secrets?|passwords?|tokens?|credentials?|kubeconfigs?)\b.{0,60}\b(?:decoded?|decrypted?|unmasked?|in plain ?text|in cleartext|in clear text|base64)\b"
    r"|\b(?:value|values|contents?) of (?:the |all |every )?.{0,40}\b(?:secrets?|passwords?|tokens?|credentials?)\b"
    r"|\b(?:show|print|give|tell|send|email|get|what is) (?:me )?(?:the |all |my |our )?(?:admin |root |db |database |service account )?(?:passwords?|tokens?|credentials?|kubeconfigs?|api keys?)\b"
    r"|\b(?:private|ssh|access|aws|gcp|azure) (?:ssh |access |secret |api )?keys?\b"
)
# After these a new clause begins: "don't delete it, restart it".
_CLAUSES = re.compile(
    r"\s*(?:[,;.!]\s+|\bbut\b|\binstead\b(?! of)|\bjust\b|\bonly\b|\bthen\b|\brather\b(?! than)"
    r"|\band (?=do not|never|please do not)|(?=\bwithout \w+ing)|(?=\brather than\b)|(?=\binstead of\b))\s*"
)


def asks_how(text: str) -> bool:
    """Whether somebody wants to know how, not to have it done."""
    return bool(_HOW.search(text))


def supposes(text: str) -> bool:
    """Whether somebody weighs an act instead of ordering it."""
    return bool(_SUPPOSED.search(text))


def is_order_to_disobey(text: str) -> bool:
    """Whether the text tells to skip what protects clusters."""
    return bool(_ORDERS.search(text))


def is_shell(text: str) -> bool:
    """Whether the text carries shell commands that have no business here."""
    return bool(_SHELL.search(text))


def wants_secret_values(text: str) -> bool:
    """Whether the values of secrets are asked for."""
    return bool(_SECRET_VALUES.search(text))


def forbids(text: str) -> bool:
    """Whether something is told not to be done."""
    return bool(_FORBIDDEN.search(text))


def without_prohibitions(text: str) -> str:
    """The clauses that do not forbid anything, joined; empty when all do.

    A prohibition whose verb is still to come ("don't, in shop, scale web") reaches into the clauses after it.
    """
    kept: list[str] = []
    waiting = False
    for clause in (part.strip() for part in _CLAUSES.split(text) if part and part.strip()):
        lower = clause.lower()
        if not forbids(lower) and not waiting:
            kept.append(clause)
            continue
        waiting = not _VERBS.search(lower)
    return ", ".join(kept)


_VERBS = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(WRITE_VERBS)))}|\w+ing|\w+ed|touch|show|list|get|want)\b")
