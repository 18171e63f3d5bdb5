"""Who is called what: explicit names first, then what stands where names stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ai4k8s_rag.domain.rules.objects import LABEL, mended_name
from ai4k8s_rag.domain.rules.practice import is_secret_name
from ai4k8s_rag.domain.writing.lexicon import ALIASES, COMPANIONS, NOT_NAMES, SOFTWARE, WORKLOADS
from ai4k8s_rag.domain.writing.segments import NAME, QUOTED, Segment


def name_all(composition: Composition) -> None:
    for wish in composition.wishes:
        wish.name = name_of(wish)
    main = composition.main
    if main is None:
        return
    if not main.name:
        # 'a deployment with 3 replicas of nginx': named after what it runs; else after a companion.
        image = re.sub(r"[:@].*", "", main.facts.image.rpartition("/")[2])
        others = [each.name for each in composition.wishes if each.name and each.segment.kind in COMPANIONS]
        main.name = main.facts.software or image or (others[0] if others else "")
    if main.name and not LABEL.fullmatch(main.name):
        mended = mended_name(main.name)
        composition.draft.assume(f"'{main.name}' is no name in Kubernetes: {mended}")
        main.name = mended or "app"


if TYPE_CHECKING:
    from ai4k8s_rag.domain.writing.composition import Composition, Wish

_NAMED = rf"\b(?:named|called|with\s+(?:the\s+)?name|name\s*(?:is|[:=]))\s*[:=]?\s*{QUOTED}?(?P<name>[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?){QUOTED}?"


def name_of(wish: Wish) -> str:
    segment = wish.segment
    named = re.search(_NAMED, segment.after, re.IGNORECASE) or re.search(_NAMED, segment.before, re.IGNORECASE)
    if named and named["name"].lower() not in {"the", "a", "an", "with", "for", "in", "and", "as", "after"}:
        return _clean(named["name"])
    after = re.match(
        rf"\s*[:-]?\s*(?P<quote>{QUOTED}?)(?P<name>[A-Za-z0-9](?:[-A-Za-z0-9_]*[A-Za-z0-9])?)(?P=quote)(?![\w:/=%.]\w?)",
        segment.after,
    )
    if after and (after["quote"] or _may_be_name(after["name"], segment)):
        return _clean(after["name"])
    before = re.search(
        rf"(?P<quote>{QUOTED}?)(?P<name>[A-Za-z0-9](?:[-A-Za-z0-9_]*[A-Za-z0-9])?)(?P=quote)\s+$", segment.before
    )
    if (
        before
        and not segment.verb
        and _may_be_name(before["name"], segment)
        and not re.search(rf":{re.escape(before['name'])}\s+$", segment.before)
    ):
        word = before["name"].lower()
        if (
            ALIASES.get(word, word) not in SOFTWARE
            or segment.kind in {"Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod", "ReplicaSet"}
            or not segment.refers
        ):
            return ALIASES.get(word, word) if ALIASES.get(word, word) in SOFTWARE else _clean(before["name"])
    target = re.search(
        rf"^\s*(?:for|of|to run|running|that runs)\s+(?:an?\s+|the\s+|my\s+|our\s+)?(?P<quote>{QUOTED}?)(?P<name>[A-Za-z0-9](?:[-A-Za-z0-9_]*[A-Za-z0-9])?)(?P=quote)(?![\w:/=%]|\.\w)",
        segment.after,
    )
    if target and segment.kind in WORKLOADS and _may_be_name(target["name"], segment):
        word = target["name"].lower()
        return ALIASES.get(word, word)
    if (
        target
        and segment.kind not in WORKLOADS
        and _may_be_name(target["name"], segment)
        and not is_secret_name(target["name"])
    ):
        return _clean(target["name"])
    if segment.verb and segment.kind in WORKLOADS:
        object_ = re.match(
            r"\s*(?:an?\s+|the\s+|my\s+|our\s+)?(?P<name>[A-Za-z0-9](?:[-A-Za-z0-9_]*[A-Za-z0-9])?)(?![\w:/=%]|\.\w)",
            segment.after,
        )
        if (
            object_
            and segment.end
            and _may_be_name(object_["name"], segment)
            and not re.match(r"\s*(?:image|app)", segment.after[object_.end() :])
        ):
            word = object_["name"].lower()
            return ALIASES.get(word, word)
    return ""


def _clean(name: str) -> str:
    return name.rstrip(".,")


def _may_be_name(word: str, segment: Segment) -> bool:
    low = word.lower()
    if low in NOT_NAMES or word.isdigit() or re.fullmatch(r"\d+\w{0,2}", word):
        return False
    return not (segment.kind == "ConfigMap" and "=" in word)


def names(wish: Wish) -> list[str]:
    """All names of a wish for several objects: 'namespaces dev, staging and prod'."""
    text = wish.segment.after
    listed = re.match(
        rf"\s*(?:named\s+|called\s+)?[:-]?\s*((?:{QUOTED}?{NAME}{QUOTED}?(?:\s*,\s*(?:and\s+)?|\s+and\s+))+{QUOTED}?{NAME}{QUOTED}?)",
        text,
        re.IGNORECASE,
    )
    if wish.segment.plural and listed:
        words = [each.lower() for each in re.findall(NAME, listed[1], re.IGNORECASE)]
        found = [
            word for word in words if word not in NOT_NAMES or word in {"staging", "production", "public", "private"}
        ]
        if len(found) > 1:
            return list(dict.fromkeys(found))
    return [wish.name] if wish.name else []
