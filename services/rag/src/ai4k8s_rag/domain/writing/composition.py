"""What all builders work with: the wishes of a request, and who stands beside whom."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ai4k8s_rag.domain.writing.lexicon import NOT_NAMES, SOFTWARE, WORKLOADS
from ai4k8s_rag.domain.writing.segments import NAME, QUOTED, Segment

if TYPE_CHECKING:
    from ai4k8s_rag.domain.writing.draft import Draft, Obj
    from ai4k8s_rag.domain.writing.facts import Facts


@dataclass(slots=True)
class Wish:
    segment: Segment
    facts: Facts
    name: str = ""


@dataclass(slots=True)
class Composition:
    draft: Draft
    wishes: list[Wish]
    quotes: list[str]
    namespace: str = ""
    made: dict[str, str] = field(default_factory=dict)  # kind -> the name of the last one made
    main: Wish | None = None

    def wish(self, *kinds: str) -> Wish | None:
        """Return the first wish of some kinds."""
        return next((each for each in self.wishes if each.segment.kind in kinds), None)


def target(composition: Composition, wish: Wish) -> tuple[str, str]:
    """Return kind and name of the workload that a companion stands beside; asks for it where nobody said."""
    for kind in WORKLOADS:
        if wish.segment.refers.get(kind):
            return kind, wish.segment.refers[kind]
    main = composition.main
    if main is not None and main.name:
        return main.segment.kind, main.name
    for kind in WORKLOADS:
        if kind in wish.segment.refers:
            break
    else:
        kind = "Deployment"
    if wish.name:
        return kind, wish.name
    found = re.search(
        rf"\bfor\s+(?:the\s+|my\s+|our\s+|an?\s+)?{QUOTED}?({NAME}){QUOTED}?(?![\w:/=%]|\.\w)",
        wish.segment.text,
        re.IGNORECASE,
    )
    if found and found[1].lower() not in NOT_NAMES:
        return kind, found[1].lower()
    composition.draft.ask("workload", f"Which workload is the {plain(wish.segment.kind)} for?")
    return kind, ""


def plain(kind: str) -> str:
    return {
        "HorizontalPodAutoscaler": "autoscaler",
        "PodDisruptionBudget": "disruption budget",
        "VerticalPodAutoscaler": "VPA",
    }.get(kind, kind)


def add(composition: Composition, obj: Obj) -> None:
    composition.made[obj["kind"]] = obj["metadata"]["name"]
    composition.draft.objects.append(obj)


def port_of(composition: Composition, wish: Wish) -> int | None:
    facts = wish.facts
    if facts.target_port or facts.ports:
        return facts.target_port or facts.ports[0]
    for other in composition.wishes:
        if other.segment.kind in {"Service", "Ingress", "HTTPRoute"} and (
            other.facts.target_port or (other.segment.kind == "Service" and other.facts.ports)
        ):
            known = SOFTWARE.get(facts.software)
            if other.facts.target_port is None and known is not None and known.port:
                return known.port
            return other.facts.target_port or other.facts.ports[0]
    asked = [each.get("port") for each in facts.probes.values() if each.get("port")]
    known = SOFTWARE.get(facts.software)
    first: int | None = asked[0] if asked else None
    return first or (known.port if known is not None and known.port else None)
