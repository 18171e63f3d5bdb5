"""A message with its parts found: namespace, kind, name, numbers and so on, each taken out of the words once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain.kinds import KINDS, SCALABLE, Kind, find_kind
from ai4k8s_chat.domain.parsing.vocabulary import (
    ALSO_NAMES,
    NOT_KINDS_IN_ENGLISH,
    NUMBERS,
    PLAIN,
    POLITE,
    PREPOSITIONS,
    READ_VERBS,
    WRITE_VERBS,
)
from ai4k8s_chat.domain.parsing.words import Word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ai4k8s_chat.domain.parsing.parsed import Context

_LONG_ENOUGH_TO_MISSPELL = 5
_ALIKE = 0.82
_POD_NAME = re.compile(r"^[a-z0-9][-a-z0-9.]*-[0-9a-z]{5}$|^[a-z][-a-z0-9.]*-\d{1,3}$")
_DECIMAL = re.compile(r"^\d{1,5}$")
_IMAGE = re.compile(
    r"^[a-z0-9][-a-z0-9._]*(?::\d+)?(?:/[-a-z0-9._]+)*(?::[-\w.]+)?(?:@sha256:[0-9a-f]{64})?$", re.IGNORECASE
)
_SELECTOR = re.compile(r"^[a-zA-Z][-\w./]*(?:!=|==?)[-\w.]+(?:,[a-zA-Z][-\w./]*(?:!=|==?)[-\w.]+)*$")
_EVERYWHERE = re.compile(
    r"\b(?:across |in |from |of |over )?(?:all|every|any|each) (?:the |of the |available )?(?:namespaces?|ns)\b"
    r"|\b(?:across|over) (?:the )?namespaces\b|\bcluster-?wide\b|\beverywhere\b"
    r"|\b(?:in|across|on|of|from|over) (?:the |my |our |this )?(?:entire |whole )?(?:kubernetes |k8s )?cluster\b"
)
_CONNECTORS = ("named", "called", "name", "titled")
_NO_NAMESPACES = frozenset("cluster total detail details general use short table order case".split())


@dataclass(frozen=True, slots=True)
class Heard:
    """What the words say. `text` is the spelled-out message in lower case, for patterns."""

    words: tuple[Word, ...]
    text: str
    original: str
    raw: str = ""  # as it was written, before any of it was put into other words
    namespace: str | None = None
    everywhere: bool = False
    kind: Kind | None = None
    plural: bool = False
    name: str | None = None
    names: tuple[str, ...] = ()
    contains: str | None = None
    owner: Kind | None = None  # 'pods of deployment web': the deployment; its name is in `contains`
    node: str | None = None
    container: str | None = None
    selector: str | None = None
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def has(self, *options: str) -> bool:
        """Whether one of these words stands there, unquoted."""
        return any(word.lower in options for word in self.words)

    def says(self, pattern: str) -> re.Match[str] | None:
        """Search the message."""
        return re.search(pattern, self.text)

    @property
    def place(self) -> dict[str, Any]:
        """The namespace, where one is said, as most tools take it."""
        return {"namespace": self.namespace}

    @property
    def numbers(self) -> list[int]:
        """The numbers among the words, in their order."""
        return [number for word in self.words if (number := number_of(word)) is not None]

    @property
    def kind_name(self) -> str | None:
        """The kind as the API calls it."""
        return self.kind.kind if self.kind else None


def hear(words: tuple[Word, ...], text: str, context: Context, raw: str = "") -> Heard:
    """Find the parts of a message, the surest first."""
    heard = Heard(words, text.lower(), text, raw or text, known=context.known)
    for step in (
        _slashes,
        _flags,
        _selector,
        _everywhere,
        _namespace,
        _container,
        _kind,
        _node,
        _loose_namespace,
        _name,
    ):
        heard = step(heard)
    return heard


def kind_of(word: Word, *, loose: bool = True) -> Kind | None:
    """The kind a word of English means, also when it is misspelled."""
    lower = word.lower
    if not lower or lower in NOT_KINDS_IN_ENGLISH:
        return None
    found = find_kind(lower)
    if found is not None or not loose or len(lower) < _LONG_ENOUGH_TO_MISSPELL or lower in PLAIN:
        return found
    if not lower.isalpha():
        return None
    near = get_close_matches(lower, _SPELLINGS, n=1, cutoff=_ALIKE)
    return find_kind(near[0]) if near else None


def is_many(words: Sequence[Word], at: int, length: int) -> bool:
    """Whether a kind stands there for many: 'pods', 'every pod'."""
    return is_plural(words[at + length - 1]) or (at > 0 and words[at - 1].lower in {"every", "each", "all", "any"})


def is_plural(word: Word) -> bool:
    """Whether a kind's word means many."""
    lower = word.lower
    return lower == "ingresses" or (lower.endswith("s") and not lower.endswith(("ingress", "endpoints", "class")))


_SPELLINGS = [
    spelling
    for kind in KINDS
    for spelling in (kind.kind.lower(), kind.plural)
    if len(spelling) >= _LONG_ENOUGH_TO_MISSPELL and kind.kind not in {"Role", "Event"}
]


def is_pod_name(name: str) -> bool:
    """Whether a name looks like one that a controller gave to a pod."""
    return bool(_POD_NAME.match(name)) and any(part.isdigit() or len(part) == 5 for part in name.split("-")[-1:])


def number_of(word: Word) -> int | None:
    """A number in digits or in words."""
    if word.quoted:
        return None
    return int(word.text) if _DECIMAL.match(word.text) else NUMBERS.get(word.lower)


def is_image(text: str) -> bool:
    """Whether this could be an image with a tag, digest or registry."""
    return bool(_IMAGE.match(text)) and (":" in text or "/" in text)


def could_name(word: Word) -> bool:
    """Whether a word may be a name: no grammar, no number, no kind."""
    if word.quoted:
        return word.could_be_name
    if not word.could_be_name or word.lower in PLAIN or number_of(word) is not None or _SPAN.match(word.text):
        return False
    return word.looks_like_name or kind_of(word, loose=False) is None


def corrected(text: str, known: Mapping[str, tuple[str, ...]]) -> str:
    """Mend misspelled words that carry grammar: the verb at the front ('sclae web'), and longer nouns ('evnts').

    Names and whatever is quoted stay as they are.
    """
    parts = re.split(r"('[^']*'|\"[^\"]*\"|`[^`]*`|[^\sA-Za-z]+\S*|\s+)", text)
    front = next((at for at, part in enumerate(parts) if part.strip() and part.lower() not in POLITE), -1)
    for at, part in enumerate(parts):
        lower = part.lower()
        if _SPELLABLE.match(lower) and not _is_word(lower, known):
            choices, cutoff = (_VERBS, 0.75) if at == front else (_NOUNS, _ALIKE)
            if at == front or len(lower) > _LONG_ENOUGH_TO_MISSPELL - 1:
                near = get_close_matches(lower, choices, n=1, cutoff=cutoff)
                parts[at] = near[0] if near and near[0][0] == lower[0] else part
    return "".join(parts)


def _is_word(lower: str, known: Mapping[str, tuple[str, ...]]) -> bool:
    return lower in PLAIN or lower in ALSO_NAMES or lower in known or find_kind(lower) is not None


_VERBS = (*WRITE_VERBS, *"show list display describe diagnose troubleshoot forecast events".split())
_NOUNS = (
    "events anomaly anomalies forecast recommendations diagnose rollout revision replicas namespace namespaces".split()
)
_SPELLABLE = re.compile(r"^[a-z]{3,14}$")


_SPAN = re.compile(r"^\d+(?:s|m|h|d|w|min|mins|hrs?|secs?|ms|mi|gi|%)$", re.IGNORECASE)


def without(words: Sequence[Word], start: int, end: int) -> tuple[Word, ...]:
    """The words with some taken out."""
    return (*words[:start], *words[end:])


def _slashes(heard: Heard) -> Heard:
    """kind/name and namespace/name."""
    for at, word in enumerate(heard.words):
        left, slash, right = word.text.partition("/")
        if not slash or "/" in right or ":" in word.text or not left or not right or "." in left:
            continue
        kind = find_kind(left)
        words = without(heard.words, at, at + 1)
        if kind is not None and Word(right).could_be_name:
            return replace(heard, words=words, kind=kind, name=right)
        if Word(left).could_be_name and Word(right).could_be_name and not heard.has("image", "images", "using", "with"):
            return replace(heard, words=words, namespace=left, name=right)
    return heard


def _flags(heard: Heard) -> Heard:
    """-n NAMESPACE and -A, which people also write in sentences."""
    for at, word in enumerate(heard.words):
        flag, equals, value = word.text.partition("=")
        if word.quoted:
            continue
        if flag in {"-A", "--all-namespaces"}:
            return replace(heard, words=without(heard.words, at, at + 1), everywhere=True)
        if flag in {"-n", "--namespace", "ns", "namespace"}:
            end = at + 1 if equals else at + 2
            value = value or (heard.words[at + 1].text if flag.startswith("-") and at + 1 < len(heard.words) else "")
            if value and Word(value).could_be_name:
                return replace(heard, words=without(heard.words, at, end), namespace=value)
    return heard


def _selector(heard: Heard) -> Heard:
    """app=web, unless it is a label to be set or part of a command."""
    if heard.has("annotate", "annotation", "exec", "env", "environment"):
        return heard
    setting = any(word.lower in {"label", "tag", "add", "set"} for word in heard.words[:3])
    if setting and not heard.says(r"\bwith (?:the )?labels?\b|\bwhere\b|\bmatching\b"):
        return heard
    for at, word in enumerate(heard.words):
        if _SELECTOR.match(word.text) and not word.text.startswith("-") and word.lower.split("=")[0] not in _SETTINGS:
            return replace(heard, words=without(heard.words, at, at + 1), selector=word.text)
    match = heard.says(
        r"\blabel(?:l?ed)? (?:key )?['\"`]?([a-z][-\w./]*)['\"`]?(?: is | equals | set to | = )['\"`]?([-\w.]+)"
    )
    if match and not setting:
        gone = {match[1], match[2]}
        rest = tuple(word for word in heard.words if word.text.lower() not in gone)
        return replace(heard, words=rest, selector=f"{match[1]}={match[2]}")
    return heard


_SETTINGS = frozenset("min max cpu memory replicas image name color size port".split())


def _everywhere(heard: Heard) -> Heard:
    match = heard.says(_EVERYWHERE.pattern)
    if match is None or heard.namespace:
        return heard
    if "namespaces" in match[0] and not _another_kind(heard.words, -1):
        return heard  # the namespaces themselves are meant
    gone = match[0].split()
    return replace(heard, words=_drop_run(heard.words, gone), everywhere=True)


def _drop_run(words: tuple[Word, ...], run: Sequence[str]) -> tuple[Word, ...]:
    lowers = [word.lower for word in words]
    for at in range(len(words) - len(run) + 1):
        if lowers[at : at + len(run)] == list(run):
            return without(words, at, at + len(run))
    return words


def _namespace(heard: Heard) -> Heard:
    """'in namespace X', 'in the X namespace', 'X namespace' beside another kind."""
    if heard.namespace:
        return heard
    words = heard.words
    labelling = heard.has("label", "labels", "annotation", "annotations", "annotate")
    for at, word in enumerate(words):
        if word.lower not in {"namespace", "ns", "namespce", "namesapce"}:
            continue
        start, preposition = _before(words, at)
        after = at + 1
        while after < len(words) and (words[after].lower in {*_CONNECTORS, "is", "="}):
            after += 1
        told = bool(heard.says(r"\b(?:namespace|ns) ?[:=]"))  # 'namespace: prod'
        if labelling and at and words[start].lower in {"to", "on", "from"}:
            continue  # it is the namespace that is labelled
        short = word.lower == "ns" and at > 1
        asked = preposition or told or short or _another_kind(words, at)
        if asked and after < len(words) and _namespace_like(words[after]):
            return replace(heard, words=without(words, start, after + 1), namespace=words[after].text)
        if at > 0 and _namespace_like(words[at - 1]):
            start, preposition = _before(words, at - 1)
            if preposition or _another_kind(words, at):
                return replace(heard, words=without(words, start, at + 1), namespace=words[at - 1].text)
    return heard


def _before(words: Sequence[Word], at: int) -> tuple[int, bool]:
    """Where the phrase in front of a word begins, and whether it begins with a preposition."""
    start = at
    while start > 0 and words[start - 1].lower in {"the", "a", "my", "our", "this", "that", "of"} | PREPOSITIONS:
        start -= 1
    return start, any(words[place].lower in PREPOSITIONS for place in range(start, at))


def _another_kind(words: Sequence[Word], at: int) -> bool:
    others = (word for place, word in enumerate(words) if place != at)
    return any(
        word.lower in {"log", "logs", "events", "event", "forecast", "anomalies"}
        or ((kind := kind_of(word, loose=False)) is not None and kind.kind != "Namespace")
        for word in others
    )


def _namespace_like(word: Word) -> bool:
    if word.text.isdigit():
        return False
    if word.quoted:
        return word.could_be_name
    if word.lower == "default":
        return True
    if not word.could_be_name or (word.lower in PLAIN and word.lower not in ALSO_NAMES):
        return False
    return word.looks_like_name or word.lower not in _KIND_WORDS


_KIND_WORDS = frozenset(word for kind in KINDS for word in (kind.kind.lower(), kind.plural))


def _loose_namespace(heard: Heard) -> Heard:
    """'pods in production', where nothing calls it a namespace."""
    if heard.namespace or heard.everywhere:
        return heard
    words = heard.words
    for at, word in enumerate(words[:-1]):
        from_there = word.lower == "from" and heard.kind is not None and heard.name is not None
        if word.lower not in {"in", "inside", "within", "under"} and not from_there:
            continue
        place = at + 1
        while place < len(words) - 1 and words[place].lower in {"the", "my", "our"}:
            place += 1
        found = words[place]
        follows = kind_of(words[place + 1], loose=False) if place + 1 < len(words) else None
        if _namespace_like(found) and not found.quoted and found.lower not in _NO_NAMESPACES and follows is None:
            return replace(heard, words=without(words, at, place + 1), namespace=found.text)
        if found.quoted and found.could_be_name and follows is None and (heard.kind or heard.name):
            return replace(heard, words=without(words, at, place + 1), namespace=found.text)
    return heard


def _container(heard: Heard) -> Heard:
    """'container X' and 'the X container'."""
    words = heard.words
    for at, word in enumerate(words):
        if word.lower != "container":
            continue
        after = at + 1
        while after < len(words) and words[after].lower in _CONNECTORS:
            after += 1
        if after < len(words) and (could_name(words[after]) or words[after].lower in _CONTAINERS):
            return replace(heard, words=without(words, at, after + 1), container=words[after].text)
        if at > 0 and could_name(words[at - 1]) and words[at - 2].lower in {"the", "of", "in"}:
            return replace(heard, words=without(words, at - 1, at + 1), container=words[at - 1].text)
    return heard


# Plain words that containers are often called.
_CONTAINERS = frozenset("app application main api system".split())


def _kind(heard: Heard) -> Heard:
    """The kind that the message is about: the first that is not merely where something is."""
    if heard.kind is not None:
        return heard
    found = _kinds(heard.words)
    if not found:
        return heard
    first = next((one for one in found if one[2].kind not in {"Namespace", "Node", "Event"}), found[0])
    if first[2].kind == "HorizontalPodAutoscaler" and heard.says(
        r"\b(?:create|add|make|set ?up|configure|new|autoscale|autoscaler|max)\b"
    ):
        first = next((one for one in found if one[2].kind in SCALABLE), first)
    if first[2].kind == "Node" and any(one[2].kind == "Event" for one in found):
        first = next(one for one in found if one[2].kind == "Event")
    at, length, kind = first
    if (owned := _owned(heard, found)) is not None:
        return owned
    many = is_many(heard.words, at, length)
    named = _named_beside(heard.words, at, length, plural=many)
    return replace(
        heard,
        kind=kind,
        plural=many,
        words=named[0],
        name=heard.name or named[1],
        names=named[3],
        contains=named[2],
    )


_OWNERS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Service"})


def _owned(heard: Heard, found: Sequence[tuple[int, int, Kind]]) -> Heard | None:
    """'the pods of deployment web': of pods, and of those of one owner."""
    pods = next((one for one in found if one[2].kind == "Pod" and is_plural(heard.words[one[0]])), None)
    owner = next((one for one in found if one[2].kind in _OWNERS and not is_plural(heard.words[one[0]])), None)
    if pods is None or owner is None or owner[0] < pods[0]:
        return None
    left, name, _, _ = _named_beside(heard.words, owner[0], owner[1], plural=False)
    if name is None:
        return None
    words = tuple(word for word in left if word is not heard.words[pods[0]])
    return replace(heard, kind=pods[2], plural=True, contains=name, owner=owner[2], words=words)


def _kinds(words: Sequence[Word]) -> list[tuple[int, int, Kind]]:
    found: list[tuple[int, int, Kind]] = []
    at = 0
    while at < len(words):
        for length in (3, 2, 1):
            phrase = " ".join(word.lower for word in words[at : at + length])
            if length > 1 and all(word.lower for word in words[at : at + length]):
                kind = find_kind(phrase)
            else:
                kind = kind_of(words[at]) if length == 1 else None
            if kind is not None and at + length <= len(words):
                found.append((at, length, kind))
                break
        else:
            length = 1
        at += length
    return found


def _named_beside(
    words: tuple[Word, ...], at: int, length: int, *, plural: bool
) -> tuple[tuple[Word, ...], str | None, str | None, tuple[str, ...]]:
    """The name next to a kind: after it ('pod web-1', 'pod named web'), or before ('the web deployment').

    Returns the words left, the name, a part of names ('nginx pods'), and further names ('pods a and b').
    """
    after = at + length
    while after < len(words) and words[after].lower in {*_CONNECTORS, "with"}:
        after += 1
    called = after < len(words) and _called(words, after, plural=plural)
    named = after < len(words) and could_name(words[after]) and (not plural or words[after].looks_like_name)
    if (called or named) and not is_image(words[after].text):
        end, more = after + 1, list[str]()
        while end + 1 < len(words) and words[end].lower in {"and", ","} and could_name(words[end + 1]):
            more.append(words[end + 1].text)
            end += 2
        return without(words, at, end), words[after].text, None, tuple(more)
    if at > 0 and could_name(words[at - 1]):
        left = without(words, at - 1, at + length)
        name = words[at - 1].text
        return (left, None, name, ()) if plural else (left, name, None, ())
    return without(words, at, at + length), None, None, ()


def _called(words: Sequence[Word], at: int, *, plural: bool) -> bool:
    """Whether what stands here is a name by its place: after 'named', or a common one right after its kind."""
    word = words[at]
    if not word.could_be_name:
        return False
    if words[at - 1].lower in _CONNECTORS:
        return True
    following = words[at + 1].lower if at + 1 < len(words) else ""
    return not plural and word.lower in ALSO_NAMES and kind_of(Word(following), loose=False) is None


def _node(heard: Heard) -> Heard:
    """'on node X', beside what is looked for."""
    if heard.kind is None or heard.kind.kind == "Node":
        return heard
    if heard.kind.kind == "Pod" and heard.plural:
        for at, word in enumerate(heard.words[:-1]):
            if word.lower in {"on", "onto"} and heard.words[at + 1].looks_like_name:
                return replace(heard, words=without(heard.words, at, at + 2), node=heard.words[at + 1].text)
    for at, word in enumerate(heard.words):
        if word.lower == "node" and at + 1 < len(heard.words) and could_name(heard.words[at + 1]):
            return replace(heard, words=without(heard.words, at, at + 2), node=heard.words[at + 1].text)
    return heard


def _name(heard: Heard) -> Heard:
    """A name that no kind stands beside: after 'named' or 'of', or the one word that can be nothing else."""
    if heard.name or heard.contains:
        return heard
    words = heard.words
    for at, word in enumerate(words[:-1]):
        if word.lower in {"named", "called"} and could_name(words[at + 1]) and not is_image(words[at + 1].text):
            return replace(heard, name=words[at + 1].text, words=without(words, at, at + 2))
    part = heard.says(
        r"\bnames? (?:that )?(?:contain(?:s|ing)?|like|match(?:es|ing)?|start(?:s|ing)? with|include(?:s)?) ['\"`]?([a-z0-9][-a-z0-9.]*)"
    )
    if part:
        return replace(heard, contains=part[1])
    candidates = [
        at for at, word in enumerate(words) if (could_name(word) or _ordered(words, at)) and not is_image(word.text)
    ]
    if not candidates:
        return heard
    if heard.plural and heard.kind is not None and heard.kind.kind == "Pod":
        candidates = [at for at in candidates if words[at].looks_like_name or words[at].text in heard.known]
    if not candidates:
        return heard
    best = max(candidates, key=lambda at: _likelihood(heard, at))
    return replace(heard, name=words[best].text, words=without(words, best, best + 1))


def _ordered(words: Sequence[Word], at: int) -> bool:
    """'scale search': a common name right after the verb of an order."""
    return at > 0 and words[at].lower in ALSO_NAMES and words[at - 1].lower in _ORDERS


_ORDERS = frozenset("scale restart redeploy recycle bounce autoscale rollback revert upgrade".split())


def _likelihood(heard: Heard, at: int) -> tuple[bool, bool, bool, int]:
    word = heard.words[at]
    before = heard.words[at - 1].lower if at else ""
    if before in {"the", "a", "my", "our"} and at > 1:
        before = heard.words[at - 2].lower
    after_verb = before in PREPOSITIONS or before in WRITE_VERBS or before in READ_VERBS
    return word.text in heard.known, word.quoted or word.looks_like_name, after_verb, -at
