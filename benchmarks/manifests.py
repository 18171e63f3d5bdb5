"""What the checker and the writer of manifests can do, in figures.

    python -m benchmarks.manifests --json manifests.json
    python -m benchmarks.manifests --model 15 --json model.json     what becomes of a small model's drafts, nothing else

Bad manifests hold one fault each; good ones must raise no error and no warning (advice is not counted as an alarm).
Requests were written in two halves: the first while the parser was, the second after it. The parser has since learnt
from some that it failed, so its score on the second half today is better than its first answers were (80 of 94).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from ai4k8s_common.llm.types import Use
from ai4k8s_rag.adapters.schemas import definitions, minors
from ai4k8s_rag.checking import check_text
from ai4k8s_rag.domain.findings import Layer, Severity
from ai4k8s_rag.domain.scope import Profile
from ai4k8s_rag.domain.writing.compose import compose
from ai4k8s_rag.drafting import ModelDrafter
from ai4k8s_rag.generating import Wanted, Written, write
from ai4k8s_rag.knowledge.search import Library, recall, shipped
from benchmarks.manifest_cases import bases, load, text_of, unmet
from tests.support.models import served_model

ROUNDS = 5


def checked(case: dict[str, Any]):
    """Check the text of one case."""
    return check_text(text_of(case), case.get("version"), Profile(case.get("profile", "baseline")))


def of_bad() -> dict[str, Any]:
    """How many of the faults are found."""
    cases = load("bad.yaml")
    missed = [case["rule"] for case in cases if case["rule"] not in {f.rule for f in checked(case).findings}]
    return {
        "cases": len(cases),
        "rules": len({case["rule"] for case in cases}),
        "caught": len(cases) - len(missed),
        "missed": missed,
    }


def of_good() -> dict[str, Any]:
    """How many of the good ones raise an alarm."""
    cases = [*({"base": name} for name in bases()), *load("good.yaml")]
    alarms = [
        f"{case}: {finding.rule} {finding.path}"
        for case in cases
        for finding in checked(case).findings
        if finding.severity is not Severity.INFO
    ]
    return {"cases": len(cases), "alarms": alarms}


def of_speed() -> dict[str, Any]:
    """How long the check of one object takes, warm; and the first of a version."""
    definitions.cache_clear()
    began = time.perf_counter()
    check_text(bases()["job"])
    cold = time.perf_counter() - began
    per_object = []
    for _ in range(ROUNDS):
        for text in bases().values():
            began = time.perf_counter()
            report = check_text(text)
            per_object.append((time.perf_counter() - began) / max(1, len(report.objects)))
    per_object.sort()
    return {
        "median_ms": 1000 * statistics.median(per_object),
        "p95_ms": 1000 * per_object[int(0.95 * len(per_object))],
        "max_ms": 1000 * per_object[-1],
        "first_of_a_version_ms": 1000 * cold,
        "versions": [f"1.{minor}" for minor in minors()],
    }


def of_requests(name: str) -> dict[str, Any]:
    """How many requests are met, whether all that is written is valid, and how long it takes."""
    cases, met, invalid, seconds, failed = load(name), 0, [], [], []
    compose("nginx")  # patterns are compiled once
    for case in cases:
        began = time.perf_counter()
        draft = compose(case["ask"])
        text = draft.text()
        seconds.append(time.perf_counter() - began)
        bad = [f for f in check_text(text).findings if f.severity is Severity.ERROR and f.layer is not Layer.POLICY]
        if draft.objects and bad:
            invalid.append(case["ask"])
        if unmet(case["expect"], draft.objects, [each.field for each in draft.questions]):
            failed.append(case["ask"])
        else:
            met += 1
    seconds.sort()
    return {
        "requests": len(cases),
        "met": met,
        "invalid": invalid,
        "not_met": failed,
        "p95_ms": 1000 * seconds[int(0.95 * len(seconds))],
        "max_ms": 1000 * seconds[-1],
    }


def of_retrieval() -> dict[str, Any]:
    """Recall among the first five, by words alone and with meaning."""
    found = {}
    for name, vectors in (("words", False), ("words_and_meaning", True)):
        library = Library(shipped(), vectors=vectors)
        share, missed = recall(library)
        found[name] = {"recall_at_5": share, "recall_at_1": recall(library, 1)[0], "missed": missed}
    return {"entries": len(shipped()), **found}


def of_model(count: int, most_tokens: int) -> dict[str, Any]:
    """What becomes of the drafts of the small local model: every n-th of the first requests is asked for."""
    cases = load("requests_first.yaml")
    cases = cases[:: max(1, len(cases) // count)][:count]
    library, found = Library(shipped()), []
    with served_model() as model:
        for case in cases:
            began = time.perf_counter()
            drafter = ModelDrafter(model.chain(Use.RAG), most_tokens=most_tokens)
            found.append((case, write(Wanted(case["ask"]), library, drafter), time.perf_counter() - began))
            print(f"{found[-1][2]:.0f} s, {found[-1][1].source}: {case['ask']}", *found[-1][1].notes, file=sys.stderr)
    seconds = sorted(each[2] for each in found)
    return {
        "requests": len(found),
        "most_tokens": most_tokens,
        "drafted_by_the_model": sum(written.source == "model" for _, written, _ in found),
        "by_rules": sum(written.source == "rules" and bool(written.manifests) for _, written, _ in found),
        "asked_back": sum(bool(written.questions) for _, written, _ in found),
        "refused": [written.refused for _, written, _ in found if written.refused],
        "nothing_said": [case["ask"] for case, written, _ in found if not _answers(written)],
        "invalid": [case["ask"] for case, written, _ in found if written.manifests and _errors(written.manifests)],
        "met": sum(not unmet(case["expect"], _objects(written), _asked(written)) for case, written, _ in found),
        "notes": [note for _, written, _ in found for note in written.notes],
        "median_seconds": statistics.median(seconds),
        "max_seconds": seconds[-1],
    }


def _answers(written: Written) -> bool:
    return bool(written.manifests or written.questions or written.refused)


def _errors(text: str) -> list[str]:
    found = check_text(text).findings
    return [each.why for each in found if each.severity is Severity.ERROR and each.layer is not Layer.POLICY]


def _objects(written: Written) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(written.manifests) if each]


def _asked(written: Written) -> list[str]:
    return [each.field for each in written.questions]


def main() -> None:
    """Measure, print, and write a file for programs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="where the figures are written")
    parser.add_argument("--model", type=int, metavar="N", help="measure N requests with the small local model instead")
    parser.add_argument("--most-tokens", type=int, default=400, help="of one answer of that model")
    arguments = parser.parse_args()
    figures = of_model(arguments.model, arguments.most_tokens) if arguments.model else of_rules()
    print(json.dumps(figures, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


def of_rules() -> dict[str, Any]:
    """Everything that needs no model."""
    return {
        "bad": of_bad(),
        "good": of_good(),
        "check": of_speed(),
        "requests_first": of_requests("requests_first.yaml"),
        "requests_second": of_requests("requests_second.yaml"),
        "retrieval": of_retrieval(),
    }


if __name__ == "__main__":
    main()
