"""Network policies from what was said of who may talk to whom."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ai4k8s_rag.domain.writing.segments import NAME, QUOTED
from ai4k8s_rag.domain.writing.workloads import labels_of, metadata

if TYPE_CHECKING:
    from ai4k8s_rag.domain.writing.draft import Draft, Obj
    from ai4k8s_rag.domain.writing.facts import Facts

_LABEL = r"([\w./-]+)\s*[=:]\s*([\w.-]*\w)"
_NAMESPACE_LABEL = "kubernetes.io/metadata.name"
_DNS = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]


def network_policy(draft: Draft, name: str, namespace: str, facts: Facts, text: str, app: str) -> Obj:
    """Return a policy that allows what was said and nothing else in its directions."""
    low = " ".join(text.split())
    outgoing = "egress" in facts.flags
    incoming = "ingress" in facts.flags and not re.search(
        r"incoming[^.;,)]*not (?:be )?affected|not affect\w* (?:incoming|ingress)", low, re.IGNORECASE
    )
    if not outgoing and not incoming:
        incoming = True
    if (
        re.search(r"\ball (?:traffic|connections)\b|default[ -]?deny(?!.*ingress)|both directions", low, re.IGNORECASE)
        and "deny" in facts.flags
        and not (incoming and "ingress" in facts.flags)
        and not outgoing
    ):
        outgoing = incoming = True
    ports = [{"protocol": facts.protocol or "TCP", "port": port} for port in facts.ports if port != 53]
    sources, goals = _peers(low, r"from"), _peers(low, r"to")
    types = [
        word
        for word, on in (
            ("Ingress", incoming or bool(sources)),
            ("Egress", outgoing or bool(goals) or "dns" in facts.flags),
        )
        if on
    ]
    spec: Obj = {
        "podSelector": {"matchLabels": _selected(low, app)} if _selected(low, app) else {},
        "policyTypes": types,
    }
    if not _selected(low, app):
        draft.assume("no pods named: the policy holds for all pods of the namespace")
    if "Ingress" in types and (sources or (ports and "Egress" not in types)):
        spec["ingress"] = [{**({"from": sources} if sources else {}), **({"ports": ports} if ports else {})}]
    egress: list[Obj] = []
    if goals:
        egress.append({"to": goals, **({"ports": ports} if ports and not sources else {})})
    elif "Egress" in types and ports and "Ingress" not in types:
        egress.append({"ports": ports})
    if "dns" in facts.flags and "Egress" in types:
        egress.append({"ports": [dict(each) for each in _DNS]})
    elif egress:
        egress.append({"ports": [dict(each) for each in _DNS]})
        draft.assume("names must still be resolved: DNS (port 53) is allowed")
    if egress:
        spec["egress"] = egress
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(name, namespace, None),
        "spec": spec,
    }


def _selected(text: str, app: str) -> dict[str, str]:
    found = re.search(
        rf"\b(?:to|for|of|on|selects?|applies to)\s+(?:all\s+|the\s+)?pods\s+(?:with\s+)?(?:the\s+)?(?:label(?:l?ed|s)?\s+)?(?:with\s+)?['\"`]?{_LABEL}",
        text,
        re.IGNORECASE,
    )
    if found and not re.search(r"\begress\b[^.;]*\bto\s+pods", text[: found.end()], re.IGNORECASE):
        return {found[1]: found[2]}
    found = re.search(r"\b(?:to|reach|into|access)\s+['\"`]?(app)\s*=\s*([\w.-]*\w)", text, re.IGNORECASE)
    if found:
        return {found[1]: found[2]}
    return labels_of(app) if app else {}


def _peers(text: str, word: str) -> list[Obj]:
    found: list[Obj] = []
    let = re.search(
        rf"\b(?:lets?|allows?|allowing|letting)\s+(?:only\s+)?(?:the\s+)?namespace\s+{QUOTED}?({NAME})",
        text,
        re.IGNORECASE,
    )
    if let and word == "from":
        found.append({"namespaceSelector": {"matchLabels": {_NAMESPACE_LABEL: let[1].lower()}}})
    lead = rf"\b{word}\s+(?:only\s+|all\s+|the\s+|any\s+)*"
    namespaces = re.search(
        rf"{lead}(?:pods\s+(?:in|of|from)\s+)?(?:all\s+|the\s+|any\s+)*(?:namespaces?\s+{QUOTED}?({NAME}){QUOTED}?((?:\s*(?:,|and|or)\s*{QUOTED}?(?!on\b|port|block|allow|deny|the\b){NAME}{QUOTED}?(?=\s*(?:,|and|or|\.|$|on)))*)|{QUOTED}?(?!pods|the|same|all|label|port|any|only|other)({NAME}){QUOTED}?\s+namespace)",
        text,
        re.IGNORECASE,
    )
    if namespaces:
        names = [
            namespaces[1] or namespaces[3],
            *re.findall(rf"(?:,|and|or)\s*{QUOTED}?({NAME})", namespaces[2] or "", re.IGNORECASE),
        ]
        found += [{"namespaceSelector": {"matchLabels": {_NAMESPACE_LABEL: each.lower()}}} for each in names]
    labelled = re.finditer(
        rf"{lead}(?:pods|workloads)\s+(?:with\s+)?(?:the\s+)?(?:label(?:l?ed|s)?\s+)?(?:with\s+)?['\"`]?{_LABEL}|{lead}['\"`]?(app|tier|role|component|name)\s*=\s*([\w.-]*\w)",
        text,
        re.IGNORECASE,
    )
    if word == "from" or re.search(r"\begress\b|outgoing|outbound", text, re.IGNORECASE):
        for each in labelled:
            key, value = each[1] or each[3], each[2] or each[4]
            found.append({"podSelector": {"matchLabels": {key: value}}})
    plain = re.search(
        rf"{lead}(?:the\s+)?{QUOTED}?({NAME}){QUOTED}?\s+(?:pods|deployment|app\b|service)", text, re.IGNORECASE
    )
    if (
        plain
        and word == "from"
        and not found
        and plain[1].lower() not in {"other", "same", "these", "all", "any", "the"}
    ):
        found.append({"podSelector": {"matchLabels": labels_of(plain[1].lower())}})
    if (
        re.search(rf"{lead}(?:the\s+)?same namespace|within (?:the|its) (?:own )?namespace", text, re.IGNORECASE)
        and word == "from"
    ):
        found.append({"podSelector": {}})
    for each in re.finditer(
        rf"{lead}(?:ip\s+|cidr\s+|range\s+|block\s+)*(\d+\.\d+\.\d+\.\d+/\d+)", text, re.IGNORECASE
    ):
        found.append({"ipBlock": {"cidr": each[1]}})
    return found
