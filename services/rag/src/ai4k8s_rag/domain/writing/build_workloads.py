"""Workloads and what scales, guards, configures and stores for them."""

from __future__ import annotations

import re

from ai4k8s_rag.domain.writing import beside, workloads
from ai4k8s_rag.domain.writing.composition import Composition, Wish, add, port_of
from ai4k8s_rag.domain.writing.composition import target as target_of
from ai4k8s_rag.domain.writing.facts import Facts
from ai4k8s_rag.domain.writing.lexicon import NOT_NAMES, SOFTWARE
from ai4k8s_rag.domain.writing.segments import NAME, QUOTED


def build_workload(composition: Composition, wish: Wish) -> None:
    draft, kind, facts = composition.draft, wish.segment.kind, wish.facts
    if not wish.name:
        wish.name = composition.main.name if composition.main is not None and wish is composition.main else ""
    if not wish.name:
        draft.ask("name", f"What is the {kind} called, and which image does it run?")
        return
    if not facts.image:
        draft.ask("image", f"Which image does {wish.name} run?")
        return
    port = port_of(composition, wish)
    for name in facts.mounts:
        if name[0] == "PersistentVolumeClaim":
            facts.flags.discard("persistent")
            facts.storage = ""
    namespace = facts.namespace or composition.namespace
    account = composition.wish("ServiceAccount")
    if account is not None and account.name and not facts.service_account:
        facts.service_account = account.name
    claim = composition.wish("PersistentVolumeClaim")
    if (
        claim is not None
        and kind != "StatefulSet"
        and not any(each[0] == "PersistentVolumeClaim" for each in facts.mounts)
    ):
        path = (
            facts.mount_path
            or claim.facts.mount_path
            or (SOFTWARE[facts.software].data if facts.software in SOFTWARE else "")
            or "/data"
        )
        facts.mounts.append(("PersistentVolumeClaim", claim.name or f"{wish.name}-data", path))
        facts.storage, facts.mount_path = "", ""
        facts.flags.discard("persistent")
    if claim is not None and kind == "StatefulSet":
        facts.storage = facts.storage or claim.facts.storage
    obj = workloads.workload(draft, kind, wish.name, namespace, facts, port)
    if "needs-claim" in facts.flags:
        add(composition, beside.claim(draft, f"{wish.name}-data", namespace, facts))
    known = SOFTWARE.get(facts.software)
    if (
        "needs-secret" in facts.flags
        and known is not None
        and known.secret is not None
        and composition.wish("Secret") is None
    ):
        add(composition, beside.secret(draft, facts.software, namespace, [known.secret[1]], given=False))
    add(composition, obj)
    asked = composition.wish("Service")
    if kind == "StatefulSet" and (asked is None or not asked.facts.headless):
        headless = Facts(headless=True)
        if port:
            label = known.port_name if known is not None and known.port == port else "http"
            governing = beside.service(draft, wish.name, namespace, headless, wish.name, port, label, port_name=label)
            add(composition, governing)
            draft.assume(f"a StatefulSet needs a headless Service: {wish.name}")


def build_hpa(composition: Composition, wish: Wish) -> None:
    kind, target = target_of(composition, wish)
    if not target:
        return
    main = composition.main
    if kind in {"Job", "CronJob", "Pod", "DaemonSet"}:
        composition.draft.ask(
            "workload", f"An autoscaler cannot scale a {kind}; which Deployment or StatefulSet is meant?"
        )
        return
    running = main.facts.replicas if main is not None else None
    least_most = wish.facts
    if least_most.most is None and least_most.counts.get("pods"):
        least_most.most = least_most.counts["pods"]
    add(
        composition,
        beside.hpa(
            composition.draft,
            wish.name or target,
            wish.facts.namespace or composition.namespace,
            wish.facts,
            (kind, target),
            running,
        ),
    )


def build_vpa(composition: Composition, wish: Wish) -> None:
    kind, target = target_of(composition, wish)
    if not target:
        return
    scaled = composition.wish("HorizontalPodAutoscaler") is not None
    text = wish.segment.text
    if re.search(r"\bauto\b|\bautomatic\w*|update ?mode (?:of )?auto", text, re.IGNORECASE):
        wish.facts.flags.add("auto")
    for amount in re.finditer(
        r"\b(min|max)\w*\s*(?:allowed)?\s*(?:of|:|=)?\s*(\d+m|\d+(?:\.\d+)?(?:Ki|Mi|Gi))", text, re.IGNORECASE
    ):
        resource = "cpu" if amount[2].endswith("m") else "memory"
        (wish.facts.requests if amount[1].lower() == "min" else wish.facts.limits)[resource] = amount[2]
    space = wish.facts.namespace or composition.namespace
    add(
        composition,
        beside.vpa(composition.draft, wish.name or target, space, wish.facts, (kind, target), scaled=scaled),
    )


def build_pdb(composition: Composition, wish: Wish) -> None:
    _, target = target_of(composition, wish)
    if target:
        running = composition.main.facts.replicas if composition.main is not None else None
        space = wish.facts.namespace or composition.namespace
        add(
            composition,
            beside.pdb(composition.draft, wish.name or target, space, wish.facts, wish.segment.text, target, running),
        )


def build_config_map(composition: Composition, wish: Wish) -> None:
    text, facts = wish.segment.text, wish.facts
    space = facts.namespace or composition.namespace
    several = re.findall(
        rf"{QUOTED}({NAME}){QUOTED}\s+(?:with|has|holding|containing)\s+(?:the\s+)?(?:keys?\s+|data\s+|values?\s+)?{QUOTED}?([\w.-]+)\s*=\s*([^\s'\"`,;]*[^\s'\"`,;.])",
        text,
        re.IGNORECASE,
    )
    if wish.segment.plural and len(several) > 1:
        for name, key, value in several:
            add(composition, beside.config_map(composition.draft, name.lower(), space, facts, {key: value}))
        return
    pairs = {**facts.pairs, **facts.env}
    for found in re.finditer(
        r"(?:file|key)\s+['\"`]?([\w.-]+)['\"`]?\s+(?:with|containing|set to|=|:)\s*(?:the\s+)?(?:content|text|value)?s?\s*(?:of\s+)?§(\d+)§",
        text,
        re.IGNORECASE,
    ):
        pairs[found[1]] = composition.quotes[int(found[2])].replace("\\n", "\n")
    for found in re.finditer(r"(?<![\w/§])([A-Za-z_][\w.-]*)\s*(?::|set to|to be)\s+['\"`]?([\w./:-]*\w)", text):
        if (
            found[1].lower() not in NOT_NAMES
            and found[1].lower() not in {"following", "data", "configmap"}
            and (":" in found[0] or found[1].isupper() or "_" in found[1])
        ):
            pairs.setdefault(found[1], found[2])
    name = wish.name or (
        f"{composition.main.name}-config" if composition.main is not None and composition.main.name else ""
    )
    if not name:
        composition.draft.ask("name", "What is the ConfigMap called?")
        return
    made = beside.config_map(composition.draft, name, space, facts, pairs)
    if made["data"]:
        add(composition, made)


def build_secret(composition: Composition, wish: Wish) -> None:
    facts, main = wish.facts, composition.main
    known = SOFTWARE.get(main.facts.software) if main is not None else None
    name = wish.name or (main.facts.software if known is not None and known.secret and main is not None else "")
    name = name or (f"{main.name}-secret" if main is not None and main.name else "")
    if not name:
        composition.draft.ask("name", "What is the Secret called?")
        return
    keys = [*facts.pairs, *(key.lower() if key.isupper() else key for key in facts.env)] or list(facts.keys)
    if not keys and known is not None and known.secret is not None:
        keys = [known.secret[1]]
    if not keys:
        keys = ["username", "password"] if re.search(r"credential|login|user", wish.segment.text, re.IGNORECASE) else []
    if not keys:
        composition.draft.ask("keys", f"Which keys does the Secret {name} hold? Their values are not asked for.")
        return
    space = facts.namespace or composition.namespace
    add(
        composition,
        beside.secret(composition.draft, name, space, keys, given=bool(facts.pairs or facts.env), facts=facts),
    )


def build_claim(composition: Composition, wish: Wish) -> None:
    main = composition.main
    if main is not None and main.segment.kind == "StatefulSet" and not wish.name:
        return  # it has claims of its own
    name = wish.name or (f"{main.name}-data" if main is not None and main.name else "")
    if not name:
        composition.draft.ask("name", "What is the claim called?")
        return
    facts = wish.facts
    if not facts.storage:
        size = facts.amounts.get("memory") or facts.limits.get("memory") or facts.requests.get("memory")
        found = re.search(r"(\d+)\s*(Gi|Ti|Mi|GB|TB|MB|G|T)\b", wish.segment.text, re.IGNORECASE)
        facts.storage = size or (f"{found[1]}{found[2][0].upper()}i" if found else "")
    add(composition, beside.claim(composition.draft, name, facts.namespace or composition.namespace, facts))


def tie(composition: Composition) -> None:
    """A ConfigMap or Secret asked for together with a workload is used by it."""
    main = composition.main
    if main is None:
        return
    workload = next(
        (
            each
            for each in composition.draft.objects
            if each["kind"] == main.segment.kind and each["metadata"]["name"] == main.name
        ),
        None,
    )
    if workload is None:
        return
    spec = workload["spec"]
    for step in ("jobTemplate", "spec", "template", "spec"):
        spec = spec[step] if step in spec and (step != "spec" or "containers" not in spec) else spec
    container = spec["containers"][0]
    used = str(spec)
    for obj in composition.draft.objects:
        if (
            obj["kind"] in {"ConfigMap", "Secret"}
            and f"'{obj['metadata']['name']}'" not in used
            and composition.wish(obj["kind"]) is not None
        ):
            field = "configMapRef" if obj["kind"] == "ConfigMap" else "secretRef"
            container.setdefault("envFrom", []).append({field: {"name": obj["metadata"]["name"]}})
            composition.draft.assume(
                f"{main.name} reads all keys of the {obj['kind']} {obj['metadata']['name']} as environment variables"
            )
