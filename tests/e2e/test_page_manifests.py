"""Manifests in a real browser: asked for, marked, completed, mended; every part of it the real one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from ai4k8s_common.services import Service

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browser import Visit
    from tests.support.gateway import RunningGateway
    from tests.support.processes import Processes
    from tests.support.stores import Database, Valkey

pytestmark = pytest.mark.browser


def test_a_request_becomes_a_manifest_that_is_marked_completed_and_mended(
    gateway: RunningGateway, database: Database, valkey: Valkey, processes: Processes, visit: Callable[..., Visit]
) -> None:
    stores = {
        "AI4K8S_DATABASE_URL": database.url(Service.RAG),
        "AI4K8S_BROKER_URL": valkey.url,
        "AI4K8S_REDIS_URL": valkey.url,
    }
    worker = processes.start(
        [sys.executable, "-m", "ai4k8s_rag.worker", "--queue", "jobs"], environment=stores, name="rag"
    )
    worker.wait_for_output("worker_ready", within=60)
    ada = gateway.person()
    cluster = ada.add_cluster()["id"]
    seen = visit(gateway.url).log_in_as(ada).open(f"/clusters/{cluster}/manifests")
    page = seen.page
    page.set_default_timeout(60_000)

    page.get_by_label("In plain English").fill("deployment for nginx with 3 replicas and 2GB memory")
    page.get_by_role("button", name="Write it").click()
    page.get_by_text("no version given for nginx").wait_for()
    editor = page.get_by_role("textbox", name="Manifest")
    editor.get_by_text("memory: 2Gi").first.wait_for()
    page.get_by_text("Good for Kubernetes").wait_for()
    seen.screenshot("manifests")
    assert seen.accessibility_violations() == []

    # A field is completed from the schema of the kind it is in.
    editor.get_by_text("replicas: 3").click()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("minR", delay=30)
    page.get_by_role("option", name="minReadySeconds").click()
    page.keyboard.type("soon")

    # A fault is marked where it stands, and a change by words touches nothing else.
    page.get_by_text("'soon' is text, and a whole number belongs here").first.wait_for()
    # The line as a whole: single keys depend on what the editor offers meanwhile on a busy machine.
    editor.get_by_text("minReadySeconds").click()
    page.keyboard.press("Escape")
    page.keyboard.press("End")
    page.keyboard.press("Shift+Home")
    page.keyboard.insert_text("minReadySeconds: 10")
    page.get_by_text("Good for Kubernetes").wait_for()
    page.get_by_label("What shall be changed").fill("use image nginx:latest and set replicas to 5")
    page.get_by_role("button", name="Change it").click()
    editor.get_by_text("replicas: 5").wait_for()
    page.get_by_text("is whatever was pushed last").first.wait_for()
    assert "minReadySeconds: 10" in editor.inner_text()

    page.set_viewport_size({"width": 390, "height": 844})
    seen.screenshot("manifests-narrow")
    assert not seen.is_wider_than_its_window()
    assert seen.complaints == []
