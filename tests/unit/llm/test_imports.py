"""A worker that asks no model carries no provider's package: each costs 25 to 80 MB and a second or two."""

from __future__ import annotations

import subprocess
import sys

HEAVY = "{'openai', 'groq', 'anthropic', 'httpx', 'httpx2'}"


def test_wiring_a_model_imports_no_providers_package() -> None:
    program = f"import sys, ai4k8s_common.llm.wiring; print(sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
