"""Memory of every service's processes when nothing is to be done."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ai4k8s_common.contracts.catalogue import heard_by
from ai4k8s_common.security.sealed import generate_key_pair
from ai4k8s_common.services import QueueKind, Service
from tests.support.processes import Processes

if TYPE_CHECKING:
    from tests.support.stores import Database

SETTLE_SECONDS = 3.0
FIELDS = {"rss": "Rss:", "pss": "Pss:"}
READY_WITHIN_SECONDS = 90.0


def measure(database: Database, valkey_url: str) -> dict[str, dict[str, float]]:
    """Start one worker of each queue, wait, and add up memory over each worker's processes, in MB.

    `rss` counts what a parent and its child share twice; `pss` counts it once.
    """
    public, private = generate_key_pair()
    sizes: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for service in Service:
            for kind in QueueKind:
                if heard_by(service, kind):
                    environment = {
                        "AI4K8S_DATABASE_URL": database.url(service),
                        "AI4K8S_BROKER_URL": valkey_url,
                        "AI4K8S_REDIS_URL": valkey_url,
                        "AI4K8S_CREDENTIALS_PRIVATE_KEY": private,
                        "AI4K8S_CREDENTIALS_PUBLIC_KEY": public,
                    }
                    name = f"{service.value}.{kind.value}"
                    sizes[name] = _resident(Path(folder), f"ai4k8s_{service.value}.worker", kind.value, environment)
    return sizes


def _resident(folder: Path, module: str, queue: str, environment: dict[str, str]) -> dict[str, float]:
    processes = Processes(folder)
    try:
        worker = processes.start_module(module, "--queue", queue, environment=environment)
        worker.wait_for_output("worker_ready", within=READY_WITHIN_SECONDS)
        time.sleep(SETTLE_SECONDS)
        return {name: sum(_megabytes(pid, field) for pid in worker.members()) for name, field in FIELDS.items()}
    finally:
        processes.end_all()


def _megabytes(pid: int, field: str) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(field)), 0.0)
