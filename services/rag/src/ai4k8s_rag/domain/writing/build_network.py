"""Services, what leads to them, and who may reach them."""

from __future__ import annotations

import re

from ai4k8s_rag.domain.writing import beside, policies
from ai4k8s_rag.domain.writing.composition import Composition, Wish, add, plain, port_of
from ai4k8s_rag.domain.writing.composition import target as target_of
from ai4k8s_rag.domain.writing.facts import Facts
from ai4k8s_rag.domain.writing.lexicon import ALIASES, NOT_NAMES, SOFTWARE
from ai4k8s_rag.domain.writing.segments import NAME, QUOTED


def build_service(composition: Composition, wish: Wish) -> None:
    draft, facts = composition.draft, wish.facts
    main = composition.main
    kind, app = target_of(composition, wish)
    if not app:
        return
    name = wish.name or app
    container = port_of(composition, main) if main is not None else None
    port = facts.ports[0] if facts.ports else container
    if main is None and facts.target_port is None and not facts.ports:
        known = SOFTWARE.get(ALIASES.get(app, app))
        port = port or (known.port if known else None)
    if not port:
        draft.ask("port", f"Which port does the service {name} open?")
        return
    target: int | str = facts.target_port or container or port
    label = "http"
    if main is not None:
        known = SOFTWARE.get(main.facts.software)
        label = known.port_name if known is not None and known.port == target else "http"
        if main.facts.protocol in {"UDP", "SCTP"} and not facts.protocol:
            facts.protocol = main.facts.protocol
        label = "main" if facts.protocol in {"UDP", "SCTP"} else label
        target = (
            target
            if target != container or main.segment.kind in {"Job", "CronJob"}
            else (label if facts.protocol not in {"UDP", "SCTP"} or main.facts.protocol else target)
        )
    else:
        draft.assume(f"the service selects pods labelled app={app}")
    if kind == "StatefulSet" and main is not None and not facts.headless and name == main.name:
        name = f"{name}-client"
    namespace = facts.namespace or composition.namespace
    if facts.headless and kind == "StatefulSet" and main is not None:
        for obj in composition.draft.objects:
            if obj["kind"] == "StatefulSet" and obj["metadata"]["name"] == main.name:
                obj["spec"]["serviceName"] = name
    add(composition, beside.service(draft, name, namespace, facts, app, port, target, port_name=label))


def build_backend(composition: Composition, wish: Wish) -> tuple[str, int] | None:
    """Return the Service behind an Ingress or route, made or named."""
    draft, facts = composition.draft, wish.facts
    for obj in draft.objects:
        if obj["kind"] == "Service" and obj["spec"].get("clusterIP") != "None":
            port: int = obj["spec"]["ports"][0]["port"]
            return obj["metadata"]["name"], port
    named = wish.segment.refers.get("Service") or _service_named(wish)
    main = composition.main
    if not named and main is not None and main.name:
        port_number = port_of(composition, main)
        if port_number is None:
            draft.ask("port", f"Which port does {main.name} listen on?")
            return None
        draft.assume(f"an {plain(wish.segment.kind)} needs a Service: {main.name}")
        known = SOFTWARE.get(main.facts.software)
        label = known.port_name if known is not None and known.port == port_number else "http"
        space = facts.namespace or composition.namespace
        add(composition, beside.service(draft, main.name, space, Facts(), main.name, 80, label, port_name="http"))
        return main.name, 80
    if not named:
        draft.ask("service", f"Which Service stands behind the {plain(wish.segment.kind)}, and on which port?")
        return None
    port_number = facts.ports[0] if facts.ports else facts.target_port or 80
    if not facts.ports and not facts.target_port:
        draft.assume(f"no port of the Service {named} given: 80")
    return named, port_number


def _service_named(wish: Wish) -> str:
    text = wish.segment.text
    exposed = re.search(
        rf"\bexpos\w+\s+(?:the\s+|my\s+|our\s+|existing\s+)+{QUOTED}?({NAME}){QUOTED}?\s+(?:service|svc)\b",
        text,
        re.IGNORECASE,
    )
    if exposed:
        return exposed[1].lower()
    found = re.search(
        rf"\b(?:to|for|backend|using|with|serving)\s+(?:the\s+|a\s+|my\s+)?(?:backend\s+|existing\s+)?(?:service|svc)\s+(?:named\s+|called\s+)?{QUOTED}?({NAME}){QUOTED}?",
        text,
        re.IGNORECASE,
    )
    found = found or re.search(
        rf"\b(?:to|for|of|at|sending\s+to)\s+(?:the\s+|a\s+)?{QUOTED}?({NAME}){QUOTED}?(?:\s+(?:service|svc)\b|:\d+)?(?=\s|:|,|$)(?!\.)",
        text,
        re.IGNORECASE,
    )
    name = found[1].lower() if found else ""
    return "" if name in NOT_NAMES or name.isdigit() else name


def build_ingress(composition: Composition, wish: Wish) -> None:
    draft, facts = composition.draft, wish.facts
    if not facts.host and composition.main is not None:
        facts.host, facts.path = composition.main.facts.host, facts.path or composition.main.facts.path
        facts.tls = facts.tls or composition.main.facts.tls
    for other in composition.wishes:
        facts.host = facts.host or other.facts.host
    backend = build_backend(composition, wish)
    if not facts.host:
        draft.ask("host", "Which host name shall the ingress serve? For example shop.example.com.")
    if backend is None or not facts.host:
        return
    name = wish.name if wish.name and wish.name not in {"http", "https"} else backend[0]
    add(composition, beside.ingress(draft, name, facts.namespace or composition.namespace, facts, *backend))


def build_route(composition: Composition, wish: Wish) -> None:
    draft, facts = composition.draft, wish.facts
    backend = build_backend(composition, wish)
    parent = composition.made.get("Gateway") or wish.segment.refers.get("Gateway", "")
    if not parent:
        found = re.search(
            rf"\bgateway\s+(?:named\s+|called\s+)?{QUOTED}?({NAME}){QUOTED}?|\b(?!the\b|through\b|via\b|on\b|a\b|to\b)({NAME})\s+gateway\b",
            wish.segment.text,
            re.IGNORECASE,
        )
        word = (
            found[1]
            if found and found[1] and found[1].lower() not in {"to", "for", "with", "on", "and", "named", "api"}
            else found[2]
            if found
            else ""
        ) or ""
        parent = word.lower()
    if not parent:
        draft.ask("gateway", "Which Gateway does the route attach to?")
    if backend is None or not parent:
        return
    space = facts.namespace or composition.namespace
    add(composition, beside.route(draft, wish.segment.kind, wish.name or backend[0], space, facts, *backend, parent))


def build_gateway(composition: Composition, wish: Wish) -> None:
    made = beside.gateway(
        composition.draft, wish.name or "gateway", wish.facts.namespace or composition.namespace, wish.facts
    )
    if wish.facts.class_name:
        add(composition, made)


def build_network_policy(composition: Composition, wish: Wish) -> None:
    main = composition.main
    app = main.name if main is not None else next((name for name in wish.segment.refers.values() if name), "")
    if not app and not wish.name:
        found = re.search(
            rf"\b(?:for|protecting|to)\s+(?:the\s+)?(?:app(?:lication)?\s+)?{QUOTED}?(?!app\b|allow)({NAME}){QUOTED}?(?:\s+(?:app\w*|deployment|pods))?(?=\s|,|$|\.)",
            wish.segment.text,
            re.IGNORECASE,
        )
        word = found[1].lower() if found else ""
        app = "" if word in NOT_NAMES or word in {"dns", "pod", "other"} else word
    if "deny" in wish.facts.flags and not wish.name and not app:
        name = (
            "default-deny"
            if len(wish.facts.flags & {"ingress", "egress"}) != 1
            else f"deny-{next(iter(wish.facts.flags & {'ingress', 'egress'}))}"
        )
    else:
        name = wish.name or (f"{app}-traffic" if app else "traffic")
    texts = wish.segment.text
    named = {namespace for namespace in [wish.facts.namespace, composition.namespace] if namespace}
    space = wish.facts.namespace or composition.namespace
    peer = re.search(rf"\bfrom\s+(?:the\s+)?namespace\s+{QUOTED}?({NAME})", texts, re.IGNORECASE)
    if (
        peer
        and peer[1].lower() in named
        and not re.search(rf"\bin\s+(?:the\s+)?(?:namespace\s+)?{QUOTED}?{re.escape(peer[1])}", texts, re.IGNORECASE)
    ):
        place = re.search(
            rf"\bin\s+(?:the\s+)?(?:namespace\s+{QUOTED}?({NAME})|{QUOTED}?({NAME}){QUOTED}?\s+namespace)",
            texts,
            re.IGNORECASE,
        )
        space = (place[1] or place[2]).lower() if place else ""
        if not space:
            composition.draft.assume("no namespace given: default")
    add(composition, policies.network_policy(composition.draft, name, space, wish.facts, texts, app))
