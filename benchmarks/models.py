"""What talking to models costs beside the models: `python -m benchmarks.models`.

The chain with its breaker, redaction and one real HTTP exchange with a local server; and the small model of
`ai4k8s up --with-local-llm` on one thread.
"""

from __future__ import annotations

import json
import secrets
import statistics
import sys
import tempfile
import time
from pathlib import Path

from ai4k8s_common.llm.redaction import redact
from ai4k8s_standalone.llm_server import KEY_VARIABLE, READY_LINE, bundled_model
from ai4k8s_standalone.ports import pick_free
from tests.support.models import SmallModel, completion, gpt_oss, question
from tests.support.processes import Processes
from tests.support.scripted_http import in_turn, scripted

LINE = (
    "2026-11-28T03:10:25Z GET /cart 200 12ms pod web-7d4b9c6f5d-x2k9z uid 123e4567-e89b-12d3-a456-426614174000 "
    f"image registry.example.org/shop/web@sha256:{'ab12' * 16}\n"
)
QUESTIONS = 60
TOKENS = 64


def redaction_mb_per_cpu_second() -> float:
    """Ordinary log lines, none of them secret."""
    text = LINE * 1000
    began = time.process_time()
    redact(text)
    return len(text) / 1e6 / (time.process_time() - began)


def milliseconds_a_question() -> float:
    """Median of a whole question to a server that answers at once."""
    taken = []
    with scripted(in_turn(completion("ok"))) as server:
        model = gpt_oss(server.url)
        model.ask(question())  # imports the package
        for _ in range(QUESTIONS):
            began = time.perf_counter()
            model.ask(question())
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def small_model() -> dict[str, float]:
    """Seconds until it listens, and tokens a second."""
    with tempfile.TemporaryDirectory() as folder:
        started, key, port = Processes(Path(folder)), secrets.token_hex(8), pick_free()
        began = time.perf_counter()
        try:
            process = started.start_module(
                "ai4k8s_standalone.llm_server",
                *("--model", bundled_model(), "--port", str(port)),
                environment={KEY_VARIABLE: key},
            )
            process.wait_for_output(READY_LINE, within=120)
            listens = time.perf_counter() - began
            model = SmallModel(f"http://127.0.0.1:{port}", key).chain()
            model.ask(question("Say hello.", max_tokens=2))
            answer = model.ask(question("Count from one to one hundred in words.", max_tokens=TOKENS))
            return {"listens_seconds": listens, "tokens_per_second": answer.usage.output_tokens / answer.seconds}
        finally:
            started.end_all()


def main() -> None:
    """Print everything as JSON."""
    figures = {
        "redaction_mb_per_cpu_second": redaction_mb_per_cpu_second(),
        "milliseconds_a_question": milliseconds_a_question(),
        **small_model(),
    }
    json.dump({name: round(value, 2) for name, value in figures.items()}, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
