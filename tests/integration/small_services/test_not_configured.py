"""rag runs, and says clearly that there is no model yet."""

from __future__ import annotations

import sys
import uuid
from typing import TYPE_CHECKING

from ai4k8s_common.contracts.rag import GenerateManifest
from ai4k8s_common.services import Service
from tests.support.wait import eventually

if TYPE_CHECKING:
    from tests.support.bus import BusBench


def test_a_job_without_a_model_fails_and_says_what_to_set(bus_bench: BusBench) -> None:
    service = Service.RAG
    worker = bus_bench.processes.start(
        [sys.executable, "-m", f"ai4k8s_{service.value}.worker", "--queue", "jobs"],
        environment=bus_bench.environment(service),
        name=service.value,
    )
    worker.wait_for_output("worker_ready", within=30)
    job = uuid.uuid4()
    with bus_bench.bus.transaction() as tx:
        tx.send(GenerateManifest(job_id=job, user_id=uuid.uuid4(), request="a web server"))

    def failed() -> bool:
        with bus_bench.database.connect() as connection:
            row = connection.execute(
                f"SELECT status, error FROM {service.value}.job_states WHERE job_id = %s".encode(), [job]
            ).fetchone()
        return row is not None and row[0] == "failed" and "GROQ_API_KEY" in row[1]

    eventually(failed, 20)
    eventually(lambda: bus_bench.open_messages() == 0, 10)
    assert bus_bench.value(f"SELECT count(*) FROM {service.value}.dead_letters") == 0
