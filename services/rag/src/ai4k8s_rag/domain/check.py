"""The whole check of a text: syntax, form, meaning, policy."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ai4k8s_rag.domain.catalogue import RULES
from ai4k8s_rag.domain.custom_kinds import from_definitions
from ai4k8s_rag.domain.documents import things_in
from ai4k8s_rag.domain.findings import Finding, Layer, Problem, Severity, path_text
from ai4k8s_rag.domain.nodes import Parsed, UnreadableError, read
from ai4k8s_rag.domain.rules import (
    access,
    network,
    objects,
    pods,
    podsecurity,
    practice,
    references,
    scaling,
    storage,
    workloads,
)
from ai4k8s_rag.domain.schema import Definitions, problems_of_form
from ai4k8s_rag.domain.scope import Profile, Scope
from ai4k8s_rag.domain.served import life_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ai4k8s_rag.domain.documents import Thing

_RULES = (objects, pods, workloads, network, scaling, storage, access, references, podsecurity, practice)
MOST_FINDINGS = 1_000


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found, worst first within each document."""

    version: str
    profile: Profile
    objects: tuple[str, ...]
    findings: tuple[Finding, ...]
    left_out: int = 0  # findings beyond the most that are kept

    @property
    def counts(self) -> dict[str, int]:
        """How many of each severity."""
        found = Counter(finding.severity for finding in self.findings)
        return {severity.value: found[severity] for severity in Severity}

    @property
    def is_valid(self) -> bool:
        """Whether a cluster would take it: no errors of syntax, schema or meaning."""
        return not any(
            finding.severity is Severity.ERROR and finding.layer is not Layer.POLICY for finding in self.findings
        )


def check(
    text: str,
    definitions: Definitions,
    profile: Profile = Profile.BASELINE,
    custom: Mapping[tuple[str, str], Mapping[str, Any]] | None = None,
) -> Report:
    """Check a text of one or many objects. `custom` are schemas of kinds beyond those of the version."""
    try:
        documents = read(text)
    except UnreadableError as error:
        mark = error.mark
        finding = Finding(
            error.rule,
            Layer.SYNTAX,
            Severity.ERROR,
            "",
            mark.line,
            mark.column,
            mark.line,
            mark.column,
            0,
            "",
            error.why,
        )
        return Report(definitions.version, profile, (), (finding,))
    things = things_in(documents)
    scope = Scope(things, int(definitions.version.partition(".")[2]), profile)
    more = {**(custom or {}), **from_definitions(thing.value for thing in things)}
    definitions = replace(definitions, custom={**definitions.custom, **more}) if more else definitions
    findings = [*_of_syntax(documents, things)]
    for thing in things:
        findings += _sorted_out(thing, [*_of_form(thing, definitions), *_of_meaning(thing, scope)])
    findings.sort(key=lambda finding: (finding.document, finding.order))
    return Report(
        definitions.version,
        profile,
        tuple(thing.subject for thing in things),
        tuple(findings[:MOST_FINDINGS]),
        max(0, len(findings) - MOST_FINDINGS),
    )


def _of_syntax(documents: list[Parsed], things: list[Thing]) -> Iterator[Finding]:
    for number, parsed in enumerate(documents):
        for duplicate in parsed.duplicates:
            mark = duplicate.mark
            why = f"'{duplicate.key[:80]}' is written twice; which one counts depends on the reader"
            yield _finding(
                "syntax.duplicate-key",
                "",
                why,
                number,
                "",
                (mark.line, mark.column, mark.line, mark.column + len(duplicate.key)),
            )
        root = parsed.root
        if root.kind != "map" and not (root.kind == "scalar" and root.value is None):
            place = (root.start.line, root.start.column, root.start.line, root.start.column)
            yield _finding(
                "syntax.not-an-object",
                "",
                "an object is a mapping with apiVersion, kind and metadata",
                number,
                "",
                place,
            )
    if not things and not any(parsed.root.kind != "scalar" for parsed in documents):
        yield _finding("syntax.not-an-object", "", "there is no object in this text", 0, "", (1, 1, 1, 1))


def _finding(rule: str, path: str, why: str, document: int, subject: str, place: tuple[int, int, int, int]) -> Finding:
    known = RULES[rule]
    return Finding(rule, known.layer, known.severity, path, *place, document, subject, why)


def _of_form(thing: Thing, definitions: Definitions) -> Iterator[Problem]:
    missing = [key for key in ("apiVersion", "kind") if not thing.value.get(key)]
    for key in missing:
        yield Problem("schema.required", (key,), f"'{key}' is missing: what is this?")
    if missing:
        return
    found = definitions.of(thing.api_version, thing.kind)
    if found is not None:
        yield from problems_of_form(thing.value, definitions, found)
    elif life_of(thing.api_version, thing.kind) is None:
        yield _unknown(thing, definitions)


def _unknown(thing: Thing, definitions: Definitions) -> Problem:
    versions = [version for version, kind in (*definitions.kinds, *definitions.custom) if kind == thing.kind]
    if versions:
        homes = " or ".join(sorted(versions))
        why = f"{thing.kind} is of {homes} in Kubernetes {definitions.version}, not of {thing.api_version[:60]}"
        return Problem("schema.unknown-kind", ("apiVersion",), why, None, Severity.ERROR)
    known_group = {version.rpartition("/")[0] for version, _ in definitions.kinds}
    severity = Severity.ERROR if thing.group in known_group else Severity.INFO
    why = f"no schema is known of {thing.api_version[:60]} {thing.kind[:60]}"
    why += "" if severity is Severity.ERROR else ": only what holds for any object was checked"
    return Problem("schema.unknown-kind", ("kind",), why, None, severity)


def _of_meaning(thing: Thing, scope: Scope) -> Iterator[Problem]:
    if isinstance(thing.value.get("metadata", {}), dict) and thing.kind:
        for module in _RULES:
            yield from module.rules(thing, scope)


def _sorted_out(thing: Thing, problems: Iterable[Problem]) -> Iterator[Finding]:
    """Give problems their places; what two rules say of one place is said once, by the schema if it speaks."""
    seen: set[tuple[str, ...]] = set()
    placed: dict[str, Layer] = {}
    for problem in problems:
        rule, path = RULES[problem.rule], path_text((*thing.base, *problem.path))
        if (problem.rule, path) in seen or (rule.layer is Layer.MEANING and placed.get(path) is Layer.SCHEMA):
            continue
        seen.add((problem.rule, path))
        placed.setdefault(path, rule.layer)
        start, end = thing.span(problem.path)
        fix = problem.fix
        if fix is not None and thing.base:
            fix = replace(fix, edits=tuple(replace(edit, path=(*thing.base, *edit.path)) for edit in fix.edits))
        yield Finding(
            problem.rule,
            rule.layer,
            problem.severity or rule.severity,
            path,
            start.line,
            start.column,
            end.line,
            end.column,
            thing.document,
            thing.subject,
            problem.why,
            fix,
        )
