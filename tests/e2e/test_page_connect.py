"""Connecting a cluster in a real browser, by somebody who has never seen the page: it says what to do at each step."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ai4k8s_collector.domain.checklist import summary
from ai4k8s_common.kube.rights import Access, rights_for
from tests.support.gateway import KUBECONFIG
from tests.support.page_data import feed_check, lines_of_a_test
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browser import Visit
    from tests.support.gateway import Person, RunningGateway

pytestmark = pytest.mark.browser

EKS = KUBECONFIG.replace("user: {token: canary-token-1234}", "user: {exec: {command: aws, args: [eks, get-token]}}")


@pytest.fixture
def ada(shared_gateway: RunningGateway) -> Person:
    return shared_gateway.person()


@pytest.fixture
def seen(shared_gateway: RunningGateway, ada: Person, visit: Callable[..., Visit]) -> Visit:
    return visit(shared_gateway.url).log_in_as(ada)


def finish_job(gateway: RunningGateway, person: Person, message: str, result: object = None) -> None:
    """What the collector writes once it is through with what somebody asked for, as soon as that is asked for."""

    def finish() -> bool:
        return bool(
            gateway.execute(
                "INSERT INTO collector.job_states (job_id, kind, status, progress, message, result)"
                " SELECT id, kind, 'completed', 100, %s, %s FROM gateway.jobs WHERE user_id = %s RETURNING job_id",
                (message, json.dumps(result), person.id),
            )
        )

    eventually(finish)


def collector_reports(gateway: RunningGateway, person: Person, cluster_id: str) -> None:
    """What the collector writes once a test is over."""
    lines = lines_of_a_test()
    feed_check(gateway, cluster_id, lines)
    finish_job(gateway, person, summary(lines))


def test_a_managed_clusters_kubeconfig_leads_to_commands_and_those_to_a_tested_connection(
    shared_gateway: RunningGateway, ada: Person, seen: Visit
):
    page = seen.open("/clusters/new").page
    page.get_by_label("Kubeconfig", exact=True).last.fill(EKS)
    page.get_by_text("This EKS kubeconfig logs in with a program").wait_for()
    page.get_by_label("the first command").get_by_text("kubectl apply").wait_for()
    assert page.get_by_role("button", name="Add cluster").is_disabled()
    page.get_by_text("Observe only").click()
    page.get_by_label("the first command").get_by_text("deployments/scale").wait_for(state="hidden")
    seen.screenshot("add-eks")
    assert seen.accessibility_violations() == []

    page.get_by_label("Kubeconfig", exact=True).last.fill(KUBECONFIG)
    page.get_by_text("https://192.0.2.10:6443").wait_for()
    name = page.get_by_label("Name", exact=True)
    assert name.input_value() == "prod"
    name.fill("prod-eu")
    page.get_by_text("Namespaces, labels, interval").click()
    page.get_by_label("Labels").fill("env=prod")
    page.get_by_text("Start monitoring at once").click()
    page.get_by_role("button", name="Add cluster").click()

    page.wait_for_url("**/connection")
    page.get_by_role("button", name="Testing").wait_for()
    seen.screenshot("connection-testing")
    cluster_id = page.url.split("/")[-2]
    collector_reports(shared_gateway, ada, cluster_id)
    page.get_by_text("Connected, with something missing").first.wait_for()
    page.get_by_text(rights_for(Access.SCALE)[-1].loss).first.wait_for()
    seen.screenshot("connection-tested")
    assert seen.accessibility_violations() == []

    page.get_by_role("button", name="Start monitoring").click()
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_role("link", name="Go to prod-eu").click()
    page.get_by_text("Not observed yet").wait_for()


def test_a_bastion_is_confirmed_before_it_is_believed(shared_gateway: RunningGateway, ada: Person, seen: Visit):
    page = seen.open("/clusters/new").page
    page.get_by_label("Kubeconfig", exact=True).last.fill(KUBECONFIG)
    page.get_by_text("Reach it through an SSH bastion").click()
    page.get_by_label("Bastion host").fill("bastion.example.org")
    page.get_by_label("User").fill("tunnel")
    page.get_by_label("Private key").fill("-----BEGIN OPENSSH PRIVATE KEY-----")
    page.get_by_text("Confirm the bastion's host key.").wait_for()
    page.get_by_role("button", name="Read its host key").click()
    page.get_by_role("button", name="Reading its host key").wait_for()
    key = {
        "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGqGz+7GBxXMFMYtjmKzRmQmYLjAeFJBB2LYTkMlTcW6",
        "fingerprint": "SHA256:Qe3dDVQxT6xkq2QJwFqTnB5MZ1cG6hV0c9d4sXb8p7o",
    }
    finish_job(shared_gateway, ada, "read", key)
    page.get_by_text(key["fingerprint"]).wait_for()
    assert page.get_by_role("button", name="Add cluster").is_disabled()
    page.get_by_text("This is my bastion's key.").click()
    seen.screenshot("add-bastion")
    assert seen.accessibility_violations() == []
    page.get_by_role("button", name="Add cluster").click()
    page.wait_for_url("**/connection")
    page.get_by_text("tunnel@bastion.example.org:22").wait_for()


def test_settings_are_changed_and_a_cluster_is_removed_after_its_name_was_typed(ada: Person, seen: Visit):
    cluster_id = ada.add_cluster("staging")["id"]
    page = seen.open(f"/clusters/{cluster_id}/connection").page
    page.get_by_label("Only these namespaces").fill("shop blog")
    page.get_by_role("button", name="Save settings").click()
    page.get_by_text("Settings saved").wait_for()
    assert ada.get(f"/clusters/{cluster_id}").json()["namespaces"] == ["shop", "blog"]

    page.get_by_role("button", name="Remove this cluster").click()
    remove = page.get_by_role("button", name="Remove", exact=True)
    assert remove.is_disabled()
    page.get_by_label("Type staging to confirm").fill("staging")
    seen.screenshot("remove")
    remove.click()
    page.wait_for_url("**/clusters")
    page.get_by_text("staging was removed.").wait_for()
    assert ada.get(f"/clusters/{cluster_id}").status_code == 404
