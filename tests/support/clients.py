"""Real kubectl and helm for tests: this machine's own when recent enough, else the ones of our lock."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@cache
def client_path(name: str) -> Path:
    """Where a client is; brought first when this machine has none that will do."""
    answer = subprocess.run(
        [sys.executable, ROOT / "tools" / "clients.py", name], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return Path(answer.stdout.strip())


@pytest.fixture(scope="session")
def kubectl() -> Path:
    """Real kubectl, 1.34 or newer."""
    return client_path("kubectl")


@pytest.fixture(scope="session")
def helm() -> Path:
    """Real helm, 3.18 or newer."""
    return client_path("helm")
