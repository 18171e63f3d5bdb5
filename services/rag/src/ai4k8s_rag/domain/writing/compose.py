"""The way from a request to a draft: cut, read, decide who is named after whom, build."""

from __future__ import annotations

import re

from ai4k8s_rag.domain.writing.build_access import (
    build_account,
    build_binding,
    build_limit_range,
    build_namespaces,
    build_quota,
    build_role,
)
from ai4k8s_rag.domain.writing.build_network import (
    build_gateway,
    build_ingress,
    build_network_policy,
    build_route,
    build_service,
)
from ai4k8s_rag.domain.writing.build_workloads import (
    build_claim,
    build_config_map,
    build_hpa,
    build_pdb,
    build_secret,
    build_vpa,
    build_workload,
    tie,
)
from ai4k8s_rag.domain.writing.composition import Composition, Wish
from ai4k8s_rag.domain.writing.draft import Draft
from ai4k8s_rag.domain.writing.facts import Facts
from ai4k8s_rag.domain.writing.lexicon import COMPANIONS, SOFTWARE, WORKLOADS
from ai4k8s_rag.domain.writing.naming import name_all, name_of
from ai4k8s_rag.domain.writing.naming import names as all_names
from ai4k8s_rag.domain.writing.reading import facts_of
from ai4k8s_rag.domain.writing.segments import Segment, segments_of

_QUOTED_TEXT = re.compile(
    r"\"([^\"\n]*[^\"\n\w.-][^\"\n]*)\"|`([^`]*[^`\w.-][^`]*)`|(?<![\w])'([^'\n]*\s[^'\n]*)'(?![\w])"
)

LONGEST_REQUEST = 4_000

_RUN = re.compile(
    r"\b(?:run|running|host|start|launch|spin up|set up|setup|install|deploy|create|need|want)\b", re.IGNORECASE
)


def compose(request: str, namespace: str = "") -> Draft:
    """Return what a request asks for. The draft has questions where it cannot be known; then it is not complete."""
    draft = Draft()
    quotes: list[str] = []
    text = _QUOTED_TEXT.sub(lambda found: _kept(found, quotes), " ".join(request[:LONGEST_REQUEST].split(" ")))
    segments = segments_of(text) or _implied(text, draft)
    if not segments:
        draft.ask("kind", "What shall be written? For example 'a deployment for nginx with 3 replicas'.")
        return draft
    if not any(each.kind in WORKLOADS for each in segments) and all(
        each.kind in COMPANIONS | {"ConfigMap", "Secret"} for each in segments
    ):
        segments = _with_implied_workload(text, segments, draft)
    wishes = [Wish(each, facts_of(each.text, quotes)) for each in _merged(segments)]
    composition = Composition(draft, wishes, quotes)
    composition.main = composition.wish(*WORKLOADS)
    _refer_alike(wishes)
    _share(composition)
    name_all(composition)
    _settle_namespace(composition, namespace)
    for wish in sorted(wishes, key=lambda each: _ORDER.get(each.segment.kind, 5)):
        _build(composition, wish)
    tie(composition)
    return draft


def _refer_alike(wishes: list[Wish]) -> None:
    """'A service and an autoscaler for deployment web': both are for it."""
    said = next((each.segment.refers for each in wishes if set(each.segment.refers) & set(WORKLOADS)), None)
    for wish in wishes:
        if said and wish.segment.kind in COMPANIONS and not wish.segment.refers:
            wish.segment.refers = {kind: name for kind, name in said.items() if kind in WORKLOADS}


def _merged(segments: list[Segment]) -> list[Segment]:
    """'Create a pod web ... The pod should ...' asks for one: later words join the first ones."""
    kept: list[Segment] = []
    for segment in segments:
        name = name_of(Wish(segment, Facts()))
        said_before = re.search(r"\b(?:the|this|that|its|each|every)\s+(?:\S+\s+)?$", segment.before, re.IGNORECASE)
        for other in kept:
            if other.kind != segment.kind or segment.verb:
                continue
            theirs = name_of(Wish(other, Facts()))
            if (
                (name and name == theirs)
                or (said_before and (not name or not theirs))
                or (other.plural and said_before)
            ):
                other.text = f"{other.text} {segment.text}"
                break
        else:
            kept.append(segment)
    return kept


_ORDER = {
    "Namespace": 0,
    "ServiceAccount": 1,
    "ConfigMap": 2,
    "Secret": 2,
    "PersistentVolumeClaim": 3,
    "Role": 4,
    "ClusterRole": 4,
}

_ORDER |= {"Service": 6, "HorizontalPodAutoscaler": 7, "Ingress": 8, "HTTPRoute": 8}


def _kept(found: re.Match[str], quotes: list[str]) -> str:
    quotes.append(next(group for group in found.groups() if group is not None))
    return f"§{len(quotes) - 1}§"


def _implied(text: str, draft: Draft) -> list[Segment]:
    """Nobody named a kind: an image or well-known software wants a workload."""
    facts = facts_of(text, [])
    if not facts.image:
        return []
    known = SOFTWARE.get(facts.software)
    if facts.schedule and re.search(r"\b(?:every|daily|hourly|nightly|weekly|monthly)\b|\*", text, re.IGNORECASE):
        kind = "CronJob"
    else:
        kind = "StatefulSet" if known is not None and known.stateful and known.data else "Deployment"
    draft.assume(f"no kind named: a {kind}")
    return [Segment(kind, text, 0, 0, plural=False, verb=True)]


def _with_implied_workload(text: str, segments: list[Segment], draft: Draft) -> list[Segment]:
    """'Run nginx and expose it': the workload stands in the words before the first kind."""
    first = segments[0]
    words = first.before
    joined = re.search(r"\b(?:with|and|plus|behind|exposed|on)\b", words, re.IGNORECASE)
    if not (first.verb or joined or _RUN.search(words)) or any(each.refers for each in segments):
        return segments
    facts = facts_of(words, [])
    if not facts.image or not (joined or _RUN.search(words)) or re.search(r"\b(?:for|to)\s+\S*\s*$", words):
        return segments
    known = SOFTWARE.get(facts.software)
    kind = "StatefulSet" if known is not None and known.stateful and known.data else "Deployment"
    draft.assume(f"no kind named: a {kind}")
    del text
    joins = list(re.finditer(r"\b(?:with|and|plus|behind|then)\b", words, re.IGNORECASE))
    start = joins[-1].end() if joins and len(words[joins[-1].end() :].split()) <= 4 else first.at
    own = words[: joins[-1].start()] if start != first.at else words
    cut = Segment(
        first.kind, first.text[start:], first.at - start, first.end - start, first.plural, first.verb, first.refers
    )
    return [Segment(kind, own, 0, 0, plural=False, verb=True), cut, *segments[1:]]


_SHARED = (
    "replicas",
    "image",
    "software",
    "storage",
    "mount_path",
    "storage_class",
    "access_mode",
    "service_account",
    "init",
    "sidecar",
)

_SHARED_SETS = ("requests", "limits", "amounts", "env", "probes", "node_selector")

_SHARED_LISTS = ("env_from", "env_all", "mounts", "command", "args")


def _share(composition: Composition) -> None:
    """What only a workload can have belongs to it, in whichever words it stands."""
    main = composition.main
    if main is None:
        return
    takers = COMPANIONS | {"ConfigMap", "Secret", "Namespace", "ServiceAccount"}
    for wish in composition.wishes:
        kind = wish.segment.kind
        if wish is main or kind not in takers:
            continue
        mine, theirs = main.facts, wish.facts
        for name in _SHARED:
            if not getattr(mine, name) and getattr(theirs, name) and not (kind == "Namespace" and name != "image"):
                setattr(mine, name, getattr(theirs, name))
                mine.flags |= theirs.flags & {"image-assumed"}
        for name in _SHARED_SETS:
            if kind not in {"VerticalPodAutoscaler", "ConfigMap", "Namespace"} or name == "probes":
                getattr(mine, name).update(
                    {key: value for key, value in getattr(theirs, name).items() if key not in getattr(mine, name)}
                )
        for name in _SHARED_LISTS:
            if not getattr(mine, name):
                setattr(mine, name, list(getattr(theirs, name)))
        mine.flags |= theirs.flags & {
            "non-root",
            "restricted",
            "read-only",
            "privileged",
            "host-network",
            "spread",
            "zones",
        }
    scaler = composition.wish("HorizontalPodAutoscaler")
    if scaler is not None and main.segment.kind in {"Deployment", "StatefulSet", "ReplicaSet"}:
        main.facts.flags.add("autoscaled")
    if (
        main.facts.least is not None
        and main.facts.most is not None
        and scaler is not None
        and scaler.facts.least is None
    ):
        scaler.facts.least, scaler.facts.most = main.facts.least, main.facts.most
    if scaler is not None and not scaler.facts.targets and main.facts.targets:
        scaler.facts.targets = main.facts.targets


def _settle_namespace(composition: Composition, given: str) -> None:
    made = composition.wish("Namespace")
    said = [each.facts.namespace for each in composition.wishes if each.facts.namespace]
    names = all_names(made) if made is not None else []
    if said:
        composition.namespace = said[0]
    elif len(names) == 1:
        composition.namespace = names[0]
    else:
        composition.namespace = given
        lives = any(
            each.segment.kind not in {"Namespace", "ClusterRole", "ClusterRoleBinding"} for each in composition.wishes
        )
        if not given and lives:
            composition.draft.assume("no namespace given: default")


def _build(composition: Composition, wish: Wish) -> None:
    kind = wish.segment.kind
    if kind in WORKLOADS:
        build_workload(composition, wish)
    else:
        _BUILDERS[kind](composition, wish)


_BUILDERS = {
    "Service": build_service,
    "Ingress": build_ingress,
    "HTTPRoute": build_route,
    "GRPCRoute": build_route,
    "Gateway": build_gateway,
    "HorizontalPodAutoscaler": build_hpa,
    "VerticalPodAutoscaler": build_vpa,
    "PodDisruptionBudget": build_pdb,
    "NetworkPolicy": build_network_policy,
    "ConfigMap": build_config_map,
    "Secret": build_secret,
    "PersistentVolumeClaim": build_claim,
    "Namespace": build_namespaces,
    "ResourceQuota": build_quota,
    "LimitRange": build_limit_range,
    "ServiceAccount": build_account,
    "Role": build_role,
    "ClusterRole": build_role,
    "RoleBinding": build_binding,
    "ClusterRoleBinding": build_binding,
}
