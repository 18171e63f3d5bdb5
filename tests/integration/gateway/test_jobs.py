"""Jobs over the API: one flat form, one's own alone, and what a page hears of them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.rights import Permission
from ai4k8s_common.services import Service
from ai4k8s_common.store.base import JobStatus
from tests.support.bus import open_bus
from tests.support.live import Follower
from tests.support.wait import eventually

if TYPE_CHECKING:
    from tests.support.gateway import Person, RunningGateway
    from tests.support.stores import Valkey

FORM = {"job_id", "status", "progress", "message", "result", "error", "created_at", "updated_at"}
KIND = "collector.check_connection.v1"


def start(person: Person) -> str:
    cluster = person.add_cluster(f"prod-{uuid.uuid4().hex[:6]}")
    answer = person.send("POST", f"/clusters/{cluster['id']}/test")
    assert (answer.status_code, answer.json().keys()) == (202, FORM)
    return str(answer.json()["job_id"])


def test_a_jobs_status_is_flat_and_has_just_the_promised_fields(gateway: RunningGateway):
    ada = gateway.person()
    job = start(ada)

    waiting = ada.get(f"/jobs/{job}").json()
    cancelled = ada.send("POST", f"/jobs/{job}/cancel").json()
    again = ada.send("POST", f"/jobs/{job}/retry").json()

    assert waiting.keys() == cancelled.keys() == again.keys() == FORM
    assert (waiting["status"], waiting["progress"], waiting["result"], waiting["error"]) == (
        "processing",
        0,
        None,
        None,
    )
    assert waiting["created_at"].endswith("Z")
    assert (cancelled["status"], cancelled["error"]) == ("failed", "Cancelled by the person who asked for it.")
    assert (again["status"], again["job_id"] == job) == ("processing", False)


def test_a_list_of_jobs_says_what_can_be_done_about_each(gateway: RunningGateway):
    ada = gateway.person()
    job = start(ada)
    assert ada.send("POST", f"/jobs/{job}/retry").status_code == 409
    (item,) = ada.get("/jobs").json()["items"]
    assert (item["kind"], item["attempt"], item["may_cancel"], item["may_retry"]) == (KIND, 1, True, False)

    ada.send("POST", f"/jobs/{job}/cancel")
    (item,) = ada.get("/jobs").json()["items"]
    assert (item["cancel_requested"], item["may_cancel"], item["may_retry"]) == (True, False, True)
    assert ada.send("POST", f"/jobs/{job}/cancel").status_code == 409


def test_somebody_elses_job_can_be_neither_ended_nor_repeated(gateway: RunningGateway):
    ada, bob = gateway.person(), gateway.person()
    job = start(ada)

    assert [bob.send("POST", f"/jobs/{job}/{verb}").status_code for verb in ("cancel", "retry")] == [404, 404]
    assert ada.get(f"/jobs/{job}").json()["status"] == "processing"


def test_a_retry_needs_the_right_that_the_job_needs_now(gateway: RunningGateway):
    ada = gateway.person()
    job = start(ada)
    ada.send("POST", f"/jobs/{job}/cancel")
    gateway.execute("UPDATE gateway.users SET role = 'viewer'")

    assert ada.send("POST", f"/jobs/{job}/retry").status_code == 403


def test_the_owner_hears_progress_and_the_end_in_the_promised_form(gateway: RunningGateway, valkey: Valkey):
    ada = gateway.person()
    job = start(ada)
    follower = Follower(gateway.url, ada.cookie)
    eventually(lambda: follower.joined)
    collector = open_bus(gateway.database, valkey.url_of(1), Service.COLLECTOR)

    collector.begin_job(uuid.UUID(job), KIND, Permission.CLUSTER_MANAGE)
    collector.report_job(JobReport(uuid.UUID(job), KIND, JobStatus.PROCESSING, 40, "reading nodes"))
    collector.report_job(JobReport(uuid.UUID(job), KIND, JobStatus.COMPLETED, 100, "done", {"nodes": 3}))

    expected = [
        {"job_id": job, "percent": 0, "message": "started"},
        {"job_id": job, "status": "processing", "result": None},
        {"job_id": job, "percent": 40, "message": "reading nodes"},
        {"job_id": job, "percent": 100, "message": "done"},
        {"job_id": job, "status": "completed", "result": {"nodes": 3}},
    ]
    eventually(lambda: follower.heard == expected, message=lambda: str(follower.heard))
    follower.close()
    collector.close()
