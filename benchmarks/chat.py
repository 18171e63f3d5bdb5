"""How well requests are understood without a model: python -m benchmarks.chat --json FILE.

Every written pair of `chat_requests` is parsed and compared: tool and kind, all arguments, reads taken for writes,
under-specified writes that ask back, and the time of one request. Each file says at its top when it was written.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain.parsing.parse import parse
from ai4k8s_chat.domain.parsing.parsed import Outcome
from benchmarks.chat_requests.pairs import FILES, judge, read_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.chat_requests.pairs import Verdict

TIMES = 5


def figures(verdicts: Sequence[Verdict]) -> dict[str, float | int]:
    """Shares of one set of verdicts."""
    calls = [v for v in verdicts if v.pair.access in {"read", "write"}]
    asked = [v for v in verdicts if v.pair.access == "clarify"]
    unwritten = [v for v in verdicts if v.pair.access != "write"]
    return {
        "requests": len(verdicts),
        "tool_and_kind": _share([v.tool_right for v in calls]),
        "all_arguments": _share([v.all_right for v in calls]),
        "asked_back": _share([v.parsed.outcome is Outcome.CLARIFY for v in asked]),
        "taken_for_writes": sum(v.parsed.outcome is Outcome.WRITE for v in unwritten),
    }


def _share(right: Sequence[bool]) -> float:
    return round(sum(right) / len(right), 4) if right else 1.0


def milliseconds(requests: Sequence[str]) -> dict[str, float]:
    """Time of one request, in milliseconds."""
    taken = []
    for request in requests:
        for _ in range(TIMES):
            started = time.perf_counter()
            parse(request)
            taken.append(1000 * (time.perf_counter() - started))
    taken.sort()
    return {"p50": round(taken[len(taken) // 2], 3), "p95": round(taken[int(0.95 * len(taken))], 3)}


def main() -> None:
    """Measure, print, and write what was measured."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", type=Path, help="where the figures go")
    options.add_argument("--misses", action="store_true", help="print what was misunderstood")
    given = options.parse_args()
    verdicts = [judge(pair, parse(pair.request)) for pair in read_pairs()]
    report: dict[str, Any] = {"all": figures(verdicts)}
    report |= {file: figures([v for v in verdicts if v.pair.file == file]) for file in FILES}
    report["milliseconds"] = milliseconds([v.pair.request for v in verdicts])
    print(json.dumps(report, indent=2))
    if given.misses:
        for verdict in verdicts:
            if not verdict.all_right:
                got = verdict.parsed
                print(f"{verdict.pair.request}\n  {got.outcome.value} {got.tool} {got.kind} {dict(got.arguments)}")
    if given.json:
        given.json.write_text(json.dumps(report, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
