"""Changes of a given manifest: 'add a readiness probe', 'set replicas to 5'. Only what was named is touched."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ai4k8s_rag.domain.documents import Thing, things_in
from ai4k8s_rag.domain.editing import CannotEditError, apply_edits
from ai4k8s_rag.domain.findings import Act, Edit, Path
from ai4k8s_rag.domain.nodes import read
from ai4k8s_rag.domain.reading import as_int, as_list, as_map, as_text, dig
from ai4k8s_rag.domain.scope import Container, Pod, pod_of
from ai4k8s_rag.domain.writing import amounts
from ai4k8s_rag.domain.writing.compose import compose
from ai4k8s_rag.domain.writing.draft import Draft
from ai4k8s_rag.domain.writing.reading import facts_of
from ai4k8s_rag.domain.writing.workloads import probe, volume_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_rag.domain.writing.facts import Facts

_ADDS_OBJECT = re.compile(
    r"\b(?:add|create|with|plus|and|give it|attach)\b[^.;]*\b(hpa|autoscaler|pdb|disruption budget|service(?! ?account)|ingress|network ?policy|vpa)\b",
    re.IGNORECASE,
)
_SCALED = ("Deployment", "StatefulSet", "ReplicaSet")


@dataclass(slots=True)
class Change:
    """A manifest after a request, what was done and what was assumed or must be asked."""

    text: str
    done: list[str] = field(default_factory=list)
    draft: Draft = field(default_factory=Draft)


def change(request: str, text: str) -> Change:
    """Return the manifest after the request. Raises UnreadableError for a text that is no YAML."""
    quotes: list[str] = []
    words = re.sub(r"\"([^\"\n]+\s[^\"\n]+)\"|`([^`]+\s[^`]+)`", lambda found: _kept(found, quotes), request[:4000])
    facts = facts_of(words, quotes)
    result = Change(text)
    things = things_in(read(text))
    thing = _meant(words, things)
    if thing is None:
        result.draft.ask("object", "Which object of the manifest shall be changed?")
        return result
    for what, edits in _edits(words, facts, thing, result.draft):
        try:
            result.text = apply_edits(result.text, thing.document, _based(thing, edits))
        except CannotEditError:
            result.draft.ask("place", f"'{what}' cannot be done at its place (an alias); please do it by hand.")
        else:
            result.done.append(what)
    _new_objects(words, thing, result)
    if not result.done and not result.draft.questions:
        result.draft.ask(
            "change", "What shall be changed? For example 'set replicas to 5' or 'add a readiness probe on /ready'."
        )
    return result


def _kept(found: re.Match[str], quotes: list[str]) -> str:
    quotes.append(found[1] or found[2])
    return f"§{len(quotes) - 1}§"


def _based(thing: Thing, edits: list[Edit]) -> list[Edit]:
    return [Edit(edit.act, (*thing.base, *edit.path), edit.value) for edit in edits]


def _meant(words: str, things: list[Thing]) -> Thing | None:
    low = words.lower()
    named = [
        thing
        for thing in things
        if thing.name and re.search(rf"(?<![\w-]){re.escape(thing.name.lower())}(?![\w-])", low)
    ]
    kinds = [thing for thing in things if thing.kind.lower() in low.replace(" ", "")]
    for group in ([thing for thing in named if thing in kinds], kinds if len(kinds) == 1 else [], named):
        if len(group) == 1 or (group and len({thing.kind for thing in group}) == 1):
            return group[0]
    working = [thing for thing in things if pod_of(thing) is not None]
    if len(working) == 1:
        return working[0]
    return things[0] if len(things) == 1 else None


Step = tuple[str, list[Edit]]


def _edits(words: str, facts: Facts, thing: Thing, draft: Draft) -> Iterator[Step]:
    yield from _of_object(words, facts, thing)
    pod = pod_of(thing)
    if pod is None:
        return
    container = _container_meant(words, pod)
    if container is None:
        draft.ask("container", "Which container is meant?")
        return
    yield from _image_and_env(words, facts, container)
    yield from _amounts(words, facts, container)
    yield from _probes(words, facts, container, draft)
    yield from _security(words, pod, container)
    yield from _mounts(facts, pod, container)


def _of_object(words: str, facts: Facts, thing: Thing) -> Iterator[Step]:
    remove = re.search(
        r"\b(?:remove|delete|drop)\s+(?:the\s+)?(?:label|annotation)\s+['\"`]?([\w./-]+)", words, re.IGNORECASE
    )
    if remove:
        for part in ("labels", "annotations"):
            if remove[1] in as_map(thing.metadata.get(part)):
                yield f"removed {remove[1]}", [Edit(Act.REMOVE, ("metadata", part, remove[1]))]
        return
    count = facts.replicas
    if count is None:
        found = re.search(rf"\b(?:scale|replicas?)\b[^.;]*?\bto\s+({amounts.NUMBER})\b", words, re.IGNORECASE)
        count = amounts.number(found[1]) if found else None
    if count is not None and thing.kind in _SCALED and not _ADDS_OBJECT.search(words):
        yield f"replicas {count}", [Edit(Act.SET, ("spec", "replicas"), count)]
    if facts.namespace and re.search(r"\b(?:move|put|set|change|in(?:to)?)\b", words, re.IGNORECASE):
        yield f"namespace {facts.namespace}", [Edit(Act.SET, ("metadata", "namespace"), facts.namespace)]
    for part, pairs in (("labels", facts.labels), ("annotations", facts.annotations)):
        for key, value in pairs.items():
            if not key.startswith("§"):
                yield f"{part[:-1]} {key}={value}", [Edit(Act.SET, ("metadata", part, key), value)]
    if thing.kind == "CronJob" and facts.schedule:
        yield f"schedule {facts.schedule}", [Edit(Act.SET, ("spec", "schedule"), facts.schedule)]
    if thing.kind == "Service" and facts.service_type:
        yield f"type {facts.service_type}", [Edit(Act.SET, ("spec", "type"), facts.service_type)]
    if thing.kind == "Service" and facts.ports:
        yield f"port {facts.ports[0]}", [Edit(Act.SET, ("spec", "ports", 0, "port"), facts.ports[0])]
    if thing.kind == "HorizontalPodAutoscaler":
        for key, bound in (("minReplicas", facts.least), ("maxReplicas", facts.most)):
            if bound is not None:
                yield f"{key} {bound}", [Edit(Act.SET, ("spec", key), bound)]
    if thing.kind == "ConfigMap":
        for key, value in {**facts.env, **facts.pairs}.items():
            yield f"{key}", [Edit(Act.SET, ("data", key), value)]


def _container_meant(words: str, pod: Pod) -> Container | None:
    containers = list(pod.containers("containers"))
    named = (
        [each for each in containers if re.search(rf"(?<![\w-]){re.escape(each.name)}(?![\w-])", words)]
        if containers
        else []
    )
    if len(named) == 1:
        return named[0]
    return containers[0] if containers else None


def _image_and_env(words: str, facts: Facts, container: Container) -> Iterator[Step]:
    path = container.path
    tag = re.search(r"\b(?:image\s+)?(?:tag|version)\s+(?:to|is|=|:)?\s*['\"`]?([\w][\w.-]*\w)", words, re.IGNORECASE)
    current = as_text(container.value.get("image"))
    if tag and current:
        image = f"{re.sub(r'(:[^/]*)?(@.*)?$', '', current)}:{tag[1]}"
        yield f"image {image}", [Edit(Act.SET, (*path, "image"), image)]
    elif (
        facts.image
        and re.search(r"\bimage\b|\b(?:use|run|update|upgrade|bump)\b", words, re.IGNORECASE)
        and "image-assumed" not in facts.flags
    ):
        yield f"image {facts.image}", [Edit(Act.SET, (*path, "image"), facts.image)]
    gone = re.search(
        r"\b(?:remove|delete|drop)\s+(?:the\s+)?(?:env(?:ironment)?(?:\s+var(?:iable)?)?)\s+['\"`]?(\w+)",
        words,
        re.IGNORECASE,
    )
    variables = as_list(container.value.get("env"))
    for index, variable in enumerate(variables):
        if gone and dig(variable, "name") == gone[1]:
            yield f"removed {gone[1]}", [Edit(Act.REMOVE, (*path, "env", index))]
    for name, value in facts.env.items():
        known = next((index for index, variable in enumerate(variables) if dig(variable, "name") == name), None)
        if known is None:
            yield f"{name}", [Edit(Act.APPEND, (*path, "env"), {"name": name, "value": value})]
        else:
            yield f"{name}", [Edit(Act.SET, (*path, "env", known, "value"), value)]
    for name, kind, source, key in facts.env_from:
        reference = {"secretKeyRef" if kind == "Secret" else "configMapKeyRef": {"name": source, "key": key}}
        yield f"{name} from {kind} {source}", [Edit(Act.APPEND, (*path, "env"), {"name": name, "valueFrom": reference})]
    if facts.command:
        yield "command", [Edit(Act.SET, (*path, "command"), facts.command)]
    if facts.ports and re.search(r"\b(?:container ?port|port|listen)", words, re.IGNORECASE) and not facts.probes:
        there = [as_int(dig(each, "containerPort")) for each in as_list(container.value.get("ports"))]
        for number in facts.ports:
            if number not in there and not _ADDS_OBJECT.search(words):
                yield f"port {number}", [Edit(Act.APPEND, (*path, "ports"), {"containerPort": number})]


def _amounts(words: str, facts: Facts, container: Container) -> Iterator[Step]:
    base = (*container.path, "resources")
    gone = re.search(r"\b(?:remove|delete|drop)\s+(?:the\s+)?(cpu|memory)\s+(limit|request)s?", words, re.IGNORECASE)
    if gone:
        path = (*base, f"{gone[2].lower()}s", gone[1].lower())
        if dig(container.value, "resources", f"{gone[2].lower()}s", gone[1].lower()) is not None:
            yield f"removed the {gone[1]} {gone[2]}", [Edit(Act.REMOVE, path)]
        return
    for part, said in (("requests", facts.requests), ("limits", facts.limits)):
        for resource, amount in said.items():
            yield f"{resource} {part[:-1]} {amount}", [Edit(Act.SET, (*base, part, resource), amount)]
    for resource, amount in facts.amounts.items():
        edits = [Edit(Act.SET, (*base, "requests", resource), amount)]
        if resource == "memory" or dig(container.value, "resources", "limits", resource) is not None:
            edits.append(Edit(Act.SET, (*base, "limits", resource), amount))
        yield f"{resource} {amount}", edits


def _probes(words: str, facts: Facts, container: Container, draft: Draft) -> Iterator[Step]:
    ports = [as_int(dig(port, "containerPort")) for port in as_list(container.value.get("ports"))]
    names = [as_text(dig(port, "name")) for port in as_list(container.value.get("ports"))]
    for kind, said in facts.probes.items():
        if re.search(rf"\b(?:remove|delete|drop)\s+(?:the\s+)?{kind[:6]}", words, re.IGNORECASE):
            if container.value.get(kind) is not None:
                yield f"removed the {kind}", [Edit(Act.REMOVE, (*container.path, kind))]
            continue
        made = probe(draft, said, ports[0] if ports else None, "", alive=kind == "livenessProbe")
        if not said.get("port") and names and names[0]:
            for handler in ("httpGet", "tcpSocket"):
                if handler in made:
                    made[handler]["port"] = names[0]
        if not draft.questions:
            yield f"a {kind}", [Edit(Act.SET, (*container.path, kind), made)]


def _security(words: str, pod: Pod, container: Container) -> Iterator[Step]:
    own: Path = (*pod.spec_path, "securityContext")
    inner = (*container.path, "securityContext")
    restricted = re.search(r"\brestricted\b|\bharden", words, re.IGNORECASE)
    if restricted or re.search(r"non[ -]?root|not (?:run )?as root|without root", words, re.IGNORECASE):
        yield "runAsNonRoot", [Edit(Act.SET, (*own, "runAsNonRoot"), True)]
    if restricted:
        yield (
            "the restricted profile",
            [
                Edit(Act.SET, (*own, "seccompProfile", "type"), "RuntimeDefault"),
                Edit(Act.SET, (*inner, "allowPrivilegeEscalation"), False),
                Edit(Act.SET, (*inner, "capabilities", "drop"), ["ALL"]),
            ],
        )
    if re.search(r"read[ -]?only (?:root )?file ?system", words, re.IGNORECASE):
        yield "readOnlyRootFilesystem", [Edit(Act.SET, (*inner, "readOnlyRootFilesystem"), True)]


def _mounts(facts: Facts, pod: Pod, container: Container) -> Iterator[Step]:
    for kind, name, path in facts.mounts:
        label = {"hostPath": "host"}.get(kind, name)
        edits = [
            Edit(Act.APPEND, (*container.path, "volumeMounts"), {"name": label, "mountPath": path}),
            Edit(Act.APPEND, (*pod.spec_path, "volumes"), {"name": label, **volume_source(kind, name)}),
        ]
        yield f"{kind} {name} at {path}", edits


def _new_objects(words: str, thing: Thing, result: Change) -> None:
    """'Add an HPA': a new document behind the given ones, for the object that is meant."""
    pod = pod_of(thing)
    if pod is None or not _ADDS_OBJECT.search(words):
        return
    container = next(pod.containers("containers"), None)
    ports = as_list(dig(container.value, "ports")) if container is not None else []
    port = as_int(dig(ports[0], "containerPort")) if ports else None
    if port is not None and "port" not in words.lower():
        words = re.sub(r"\bservice\b(?! ?account)", f"service on port {port}", words, count=1)
    request = f"{words} for {thing.kind.lower()} {thing.name}"
    draft = compose(request, as_text(thing.metadata.get("namespace")))
    made = [each for each in draft.objects if each["kind"] not in {thing.kind, "Secret", "Namespace"}]
    for each in made:
        if "namespace" in thing.metadata:
            each["metadata"]["namespace"] = thing.metadata["namespace"]
        for field_name in ("selector", "podSelector"):
            selector = as_map(each["spec"].get(field_name))
            if "matchLabels" in selector:
                selector["matchLabels"] = dict(pod.labels)
            elif each["kind"] == "Service":
                each["spec"]["selector"] = dict(pod.labels)
    if made:
        draft.objects = made
        result.text = f"{result.text.rstrip()}\n---\n{draft.text()}"
        result.done += [f"a {each['kind']}" for each in made]
        result.draft.defaults += draft.defaults
    result.draft.questions += draft.questions if not made else []
