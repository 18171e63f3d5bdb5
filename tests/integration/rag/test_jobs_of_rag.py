"""A real worker writes, checks and remembers; documents of one cluster are read for no other and go with it."""

from __future__ import annotations

import sys
import uuid
from typing import TYPE_CHECKING, Any

from ai4k8s_common.contracts.rag import CheckManifest, ForgetCluster, GenerateManifest, StoreDocument
from ai4k8s_common.services import Service
from benchmarks.manifest_cases import bases
from tests.support.wait import eventually

if TYPE_CHECKING:
    from ai4k8s_common.contracts.base import JobCommand
    from tests.support.bus import BusBench


def test_manifests_are_written_checked_and_documents_remembered(bus_bench: BusBench) -> None:
    worker = bus_bench.processes.start(
        [sys.executable, "-m", "ai4k8s_rag.worker", "--queue", "jobs"],
        environment=bus_bench.environment(Service.RAG),
        name="rag",
    )
    worker.wait_for_output("worker_ready", within=30)

    def done(command: JobCommand) -> tuple[str, Any]:
        with bus_bench.bus.transaction() as tx:
            tx.send(command)
        query = b"SELECT status, result, error FROM rag.job_states WHERE job_id = %s AND status <> 'processing'"

        def row() -> Any:
            with bus_bench.database.connect() as connection:
                return connection.execute(query, [command.job_id]).fetchone()

        found = eventually(row, 40)
        return found[0], found[1] or found[2]

    ada, mine, other = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    text = "Our teams name queues after their consumer.\n\nImages come from registry.example.com."
    stored = done(StoreDocument(job_id=uuid.uuid4(), user_id=ada, cluster_id=mine, title="house rules", text=text))
    assert stored == ("completed", {"parts": 1})

    def written(cluster_id: uuid.UUID, request: str) -> Any:
        command = GenerateManifest(job_id=uuid.uuid4(), user_id=ada, request=request, cluster_id=cluster_id)
        status, result = done(command)
        assert status == "completed"
        return result

    for cluster_id, expected in ((mine, True), (other, False)):
        result = written(cluster_id, "nginx deployment whose images come from our registry queues")
        assert "kind: Deployment" in result["manifests"]
        assert result["report"]["valid"]
        assert ("house rules" in {each["title"] for each in result["entries"]}) is expected
    assert [each["field"] for each in written(mine, "an ingress")["questions"]] == ["service", "host"]

    status, report = done(CheckManifest(job_id=uuid.uuid4(), manifest=bases()["job"].replace("OnFailure", "Always")))
    assert (status, report["findings"][0]["rule"]) == ("completed", "meaning.restart-policy")
    status, error = done(CheckManifest(job_id=uuid.uuid4(), manifest="", version="1.7"))
    assert (status, "Known: 1.25" in error) == ("failed", True)

    with bus_bench.bus.transaction() as tx:
        tx.send(ForgetCluster(cluster_id=mine))
    eventually(lambda: bus_bench.value("SELECT count(*) FROM rag.knowledge WHERE cluster_id IS NOT NULL") == 0, 20)
    assert bus_bench.value("SELECT count(*) FROM rag.knowledge WHERE origin = 'shipped'") >= 50
    eventually(lambda: bus_bench.open_messages() == 0, 10)
    assert bus_bench.value("SELECT count(*) FROM rag.dead_letters") == 0
