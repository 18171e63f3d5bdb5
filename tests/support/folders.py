"""Folders for what need not survive the machine: in memory where there is room, for a store writes thousands of files.

A database copied on a disk costs fifteen times the processor time of one copied in memory, all of it the kernel's.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

PREFIX = "ai4k8s-tests-"
MEMORY = Path("/dev/shm")
LEAST_FREE_BYTES = 3_000_000_000  # containers have 64 MB unless they ask for more


def roomy_places() -> list[Path]:
    """Where such folders may be, the quickest first."""
    places = [Path(tempfile.gettempdir())]
    if os.access(MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(MEMORY).free >= LEAST_FREE_BYTES:
        places.insert(0, MEMORY)
    return places


def quick_folder(place: Path | None = None) -> Path:
    """Make one, to be removed by whoever asked. Not below tmp_path: `nobody` may not enter there, where we are root."""
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place or roomy_places()[0]))
    folder.chmod(0o711)
    return folder


def remove_those_of_dead_runs() -> None:
    """Runs that were killed with -9 leave their folders; their servers noticed and ended."""
    for place in {MEMORY, Path(tempfile.gettempdir())}:
        for folder in place.glob(f"{PREFIX}*"):
            match = re.match(rf"{PREFIX}(\d+)-", folder.name)
            if match and not Path(f"/proc/{match[1]}").exists():
                shutil.rmtree(folder, ignore_errors=True)
