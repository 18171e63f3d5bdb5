"""A request cut into the objects it asks for: each with its kind, its words, and what it refers to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from ai4k8s_rag.domain.writing.lexicon import COMPANIONS, KINDS, NOT_NAMES, WORKLOADS

NAME = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
QUOTED = r"['\"`]"
_KIND = re.compile(
    "|".join(f"(?P<k{index}>(?<![\\w-])(?:{pattern})(?![\\w-])(?!\\s*=))" for index, (_, pattern) in enumerate(KINDS)),
    re.IGNORECASE,
)
# Phrases that speak of a kind without asking for one; masked before kinds are looked for.
_MENTIONS_ONLY = re.compile(
    rf"""(?:in|into|to|within|inside|from|for|of)\s+(?:the\s+|a\s+)?(?:same\s+)?namespace\s+{QUOTED}?{NAME}{QUOTED}?
    |(?:in|into|to|within|inside|from|for)\s+(?:the\s+|my\s+|our\s+)?{QUOTED}?(?!a\b|an\b|the\b|new\b){NAME}{QUOTED}?\s+namespace(?!s)
    |(?:from|of|in|using|use|with)\s+(?:keys?\s+\S+\s+(?:of|in|from)\s+)?(?:the\s+|an?\s+|existing\s+)*(?:{QUOTED}?{NAME}{QUOTED}?\s+)?(?:config[ -]?map|secret)\s*(?:{QUOTED}?{NAME}{QUOTED}?)?(?=\s+(?:as|key|under|at|mounted)\b|\s*[,.]|\s*$)
    |(?:mounts?|mounting|mounted|loads?|loading)\s+(?:all\s+|the\s+|an?\s+|keys?\s+|in\s+|from\s+|existing\s+)*(?:{QUOTED}?{NAME}{QUOTED}?\s+)?(?:config[ -]?maps?|secrets?|pvc|claim)(?:\s+{QUOTED}?{NAME}{QUOTED}?)?
    |(?:from|to|of)\s+(?:the\s+)?(?:secret|config[ -]?map)\s+{QUOTED}?{NAME}{QUOTED}?
    |(?:image[ -]?pull|tls)\s+secrets?\s*(?:(?:named|called)\s+)?{QUOTED}?{NAME}{QUOTED}?
    |(?:using|use|uses|with|as|under|runs? as)\s+(?:the\s+|an?\s+|existing\s+)*service[ -]?account\s+{QUOTED}?{NAME}{QUOTED}?
    |(?:using|use|uses|with|as)\s+(?:the\s+|existing\s+)*{QUOTED}?{NAME}{QUOTED}?\s+service[ -]?account
    |(?:to|for)\s+(?:the\s+)?(?:service[ -]?account|user|group)s?\s+{QUOTED}?{NAME}{QUOTED}?
    |(?:to|for)\s+(?:the\s+)?{QUOTED}?{NAME}{QUOTED}?\s+service[ -]?account
    |(?:through|via|on|using|to|behind|attached\s+to)\s+(?:the\s+|a\s+)?(?:gateway\s+{QUOTED}?(?!api\b){NAME}{QUOTED}?|{QUOTED}?{NAME}{QUOTED}?\s+gateway)
    |storage[ -]?class|ingress[ -]?class(?:\s+name)?|priority[ -]?class|pod[ -]security(?:[ -]standards?)?|per\s+pod|each\s+pod|every\s+pod
    |(?:all|any|no|deny|denies|denying|block|blocks|blocking|allow|allows|allowing|incoming|only)\s+(?:all\s+|other\s+|any\s+|only\s+)*(?:in|e)gress(?:\s+(?:and|or)\s+(?:in|e)gress)?(?:\s+traffic)?
    |(?:in|e)gress\s+(?:traffic|rules?|only|(?:and|or)\s+(?:in|e)gress)|(?:and|or)\s+egress|(?:and|or)\s+ingress(?=\s+(?:traffic|rules))
    |(?:lets?|allows?|allowing|letting)\s+(?:only\s+)?(?:the\s+)?namespace\s+{QUOTED}?{NAME}{QUOTED}?
    |(?:config[ -]?map|secret)\s+{QUOTED}?{NAME}{QUOTED}?\s+(?:mounted\s+)?(?:at|under|to|in|on|into)\s+{QUOTED}?/
    |expos\w+\s+(?:the\s+|my\s+|our\s+|existing\s+)+{QUOTED}?{NAME}{QUOTED}?\s+(?:service|svc)
    |(?<=\brole\s)(?:for|on|over)\s+(?:(?:pods|services|deployments|config[ -]?maps|secrets|jobs|ingresses|statefulsets|nodes|the|all|and|,)[\s,]*)+
    |(?:type|of\s+type)\s+(?:load[ -]?balancer|node[ -]?port|cluster[ -]?ip)
    |api[ -]gateway|pod\s+(?:anti-?)?affinity|service\s+mesh|secret\s+keys?|port\s+of\s+the\s+service|role\s*ref
    |(?:get|list|watch|patch|read|view|reading|on|access\s+to|(?:can|may|to|allows?|allowed\s+to|and|or|,)\s+(?:create|update|delete|manage|edit))\s+(?:(?:get|list|watch|and|all|the|,|pods?|services?|deployments?|config[ -]?maps?|secrets?|jobs?|nodes|namespaces|ingresses|statefulsets)[\s,]+)*(?:services|deployments|config[ -]?maps|secrets|jobs|cronjobs|namespaces|ingresses|statefulsets|daemonsets|pods|persistentvolumeclaims|roles)(?:\s*(?:,|and)\s*(?:pods|services|deployments|config[ -]?maps|secrets|jobs|ingresses|statefulsets))*
    |\d+\s+(?:services|secrets|config[ -]?maps|pvcs?|jobs|deployments|persistent\s*volume\s*claims)(?=\s*(?:,|and\b|\.|$))""",
    re.IGNORECASE | re.VERBOSE,
)
_JOIN = re.compile(
    r"[;,.\n]\s|[;,.\n]$|\s(?:and|with|plus|then|also|as well as|together with|which|that|including|has|using)\s|\n\s*\d+[.)]\s",
    re.IGNORECASE,
)
_REFERS = re.compile(
    rf"(?:\b(?:for|to|targeting|targets|of|from|in front of|on|protecting|protects|selecting|covering|scales?|scaling|resizes?)\s+|->\s*)(?:the\s+|an?\s+|my\s+|our\s+|this\s+|existing\s+|that\s+|its\s+)*(?P<quote>{QUOTED}?)(?P<name>{NAME})?(?P=quote)\s*$",
    re.IGNORECASE,
)
_AFTER = re.compile(rf"\s*(?:(?:named|called)\s+)?{QUOTED}?(?P<name>{NAME}){QUOTED}?(?![\w:/=%])", re.IGNORECASE)


@dataclass(slots=True)
class Segment:
    """One object that is asked for."""

    kind: str
    text: str  # its words
    at: int  # where its kind stands in them
    end: int
    plural: bool
    verb: bool  # 'expose', 'autoscale', 'deploy': the kind was not named
    refers: dict[str, str] = field(default_factory=dict)  # kind -> name; empty name: said without one

    @property
    def before(self) -> str:
        """The words before its kind."""
        return self.text[: self.at]

    @property
    def after(self) -> str:
        """The words after its kind."""
        return self.text[self.end :]


@dataclass(frozen=True, slots=True)
class _Mention:
    kind: str
    start: int
    end: int
    word: str


def segments_of(text: str) -> list[Segment]:
    """Return the objects that a request asks for, in its order."""
    masked = _MENTIONS_ONLY.sub(lambda found: "·" * len(found[0]), text)
    mentions: list[_Mention] = []
    references: list[tuple[_Mention, str, _Mention]] = []
    for found in _KIND.finditer(masked):
        index = int(found.lastgroup[1:]) if found.lastgroup else 0
        mention = _Mention(KINDS[index][0], found.start(), found.end(), found[0])
        name = _referred_name(masked, mention, mentions)
        if name is not None:
            references.append((mention, name, mentions[-1]))
        elif not _is_part_of_a_name(masked, mention):
            mentions.append(mention)
    kept = _once(mentions)
    found_segments = _cut(text, masked, kept)
    for mention, name, owner in references:
        at = next((index for index, each in enumerate(kept) if each is owner or each.kind == owner.kind), None)
        if at is not None:
            found_segments[at].refers[mention.kind] = name
    return found_segments


def _once(mentions: list[_Mention]) -> list[_Mention]:
    """'Deploy a StatefulSet', 'expose it with a service': the verb and the kind are one wish."""
    kept: list[_Mention] = []
    for position, mention in enumerate(mentions):
        later = mentions[position + 1 :]
        word = mention.word.lower()
        if word == "deploy" and any(each.kind in WORKLOADS and each.word.lower() != "deploy" for each in later):
            continue
        if word.startswith("expos") and any(each.kind == "Service" for each in [*later, *kept] if each is not mention):
            continue
        if word.startswith("load") and any(each.kind == "Service" for each in [*later, *kept] if each is not mention):
            continue
        scales = word.startswith("auto") and "autoscaler" not in word
        if scales and any(each.kind.endswith("Autoscaler") for each in [*later, *kept]):
            continue
        kept.append(mention)
    return kept


def _is_part_of_a_name(text: str, mention: _Mention) -> bool:
    """`web-service` is one word; 'a user service deployment' names a deployment."""
    following = _KIND.match(text, mention.end + 1) if text[mention.end : mention.end + 1] == " " else None
    if following is None or following.lastgroup is None:
        return False
    kind = KINDS[int(following.lastgroup[1:])][0]
    if mention.word.lower().startswith("expos"):
        return False
    return (
        mention.kind in {"Service", "Job", "Gateway", "Role"} and kind in WORKLOADS and following[0].lower() != "deploy"
    )


def _referred_name(text: str, mention: _Mention, before: list[_Mention]) -> str | None:
    """Return the name that a mention refers to ('' without one); None when it asks for an object."""
    if not before or before[-1].kind not in COMPANIONS or before[-1].kind == mention.kind:
        return None
    if mention.kind not in {*WORKLOADS, "Service", "Role", "ClusterRole", "Gateway", "ServiceAccount"}:
        return None
    between = text[before[-1].end : mention.start]
    found = _REFERS.search(between)
    if re.search(r"[.;\n]\s", between):
        return None
    if before[-1].word.lower().startswith(("expos", "autoscal", "auto-scal")) and not found:
        found = re.fullmatch(
            rf"\s+(?:the\s+|an?\s+|my\s+|our\s+|existing\s+)*(?P<quote>{QUOTED}?)(?P<name>{NAME})?(?P=quote)\s*",
            between,
            re.IGNORECASE,
        )
    if found is None and mention.kind.endswith("Role") and before[-1].kind.endswith("Binding"):
        found = re.search(
            rf"(?:\bthe|\bwith|\bto)\s+(?P<quote>{QUOTED}?)(?P<name>{NAME})(?P=quote)\s*$", between, re.IGNORECASE
        )
    if found is None:
        return None
    name = (found["name"] or "").lower()
    if name and name not in NOT_NAMES:
        return name
    after = _AFTER.match(text, mention.end)
    name = after["name"].lower() if after is not None else ""
    return "" if name in NOT_NAMES else name


def _cut(text: str, masked: str, mentions: list[_Mention]) -> list[Segment]:
    if not mentions:
        return []
    starts = [0]
    for one, other in pairwise(mentions):
        joins = list(_JOIN.finditer(masked, one.end, other.start))
        near = [found for found in joins if len(masked[found.end() : other.start].split()) <= 6]
        starts.append(near[-1].end() if near else other.start)
    ends = [*starts[1:], len(text)]
    return [
        Segment(
            mention.kind,
            text[start:end],
            mention.start - start,
            mention.end - start,
            (mention.word.lower().endswith("s") and mention.kind != "Ingress") or mention.word.lower() == "ingresses",
            (
                mention.word.lower().startswith(("expos", "autoscal", "auto-scal"))
                and "autoscaler" not in mention.word.lower()
            )
            or mention.word.lower() == "deploy",
        )
        for mention, start, end in zip(mentions, starts, ends, strict=True)
    ]
