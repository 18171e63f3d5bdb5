"""What the checker and the writer of manifests can do, in figures.

    python -m benchmarks.manifests --json manifests.json

Bad manifests hold one fault each; good ones must raise no error and no warning (advice is not counted as an alarm).
Requests were written in two halves: the first while the parser was, the second after it. The parser has since learnt
from some that it failed, so its score on the second half today is better than its first answers were (80 of 94).
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

from ai4k8s_rag.adapters.schemas import definitions, minors
from ai4k8s_rag.checking import check_text
from ai4k8s_rag.domain.findings import Layer, Severity
from ai4k8s_rag.domain.scope import Profile
from ai4k8s_rag.domain.writing.compose import compose
from ai4k8s_rag.knowledge.search import Library, recall, shipped
from benchmarks.manifest_cases import bases, load, text_of, unmet

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


def main() -> None:
    """Measure, print, and write a file for programs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="where the figures are written")
    arguments = parser.parse_args()
    figures = {
        "bad": of_bad(),
        "good": of_good(),
        "check": of_speed(),
        "requests_first": of_requests("requests_first.yaml"),
        "requests_second": of_requests("requests_second.yaml"),
        "retrieval": of_retrieval(),
    }
    print(json.dumps(figures, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
