"""`ai4k8s cluster add` from a person's own machine: files come along, other contexts do not, the result is told."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest
import yaml
from typer.testing import CliRunner

from ai4k8s_collector.domain.checklist import summary
from ai4k8s_common.kube.credentials import ClusterCredential, read_stored
from ai4k8s_common.security.sealed import unseal
from ai4k8s_standalone.clusters import app
from tests.support.certificates import make_authority
from tests.support.gateway import PASSWORD
from tests.support.page_data import lines_of_a_test
from tests.support.wait import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from tests.support.gateway import RunningGateway

CA = make_authority()


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    (tmp_path / "ca.pem").write_text(CA.pem)
    (tmp_path / "token").write_text("canary-token\n")
    cluster = {"server": "https://192.0.2.10:6443", "certificate-authority": "ca.pem"}
    raw = {
        "clusters": [{"name": "prod", "cluster": cluster}, {"name": "other", "cluster": dict(cluster)}],
        "users": [
            {"name": "me", "user": {"tokenFile": "token"}},
            {"name": "eks", "user": {"exec": {"command": "aws"}}},
            {"name": "other", "user": {"token": "canary-of-another-cluster", "client-key": "not-there"}},
        ],
        "contexts": [
            {"name": "admin@Prod EU", "context": {"cluster": "prod", "user": "me", "namespace": "shop"}},
            {"name": "eks", "context": {"cluster": "prod", "user": "eks"}},
        ],
        "current-context": "admin@Prod EU",
    }
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(raw))
    return path


def run(gateway: RunningGateway, kubeconfig: Path, *more: str) -> Result:
    person = gateway.person()
    environment = {"AI4K8S_USERNAME": person.username, "AI4K8S_PASSWORD": PASSWORD, "COLUMNS": "300"}
    arguments = ["add", "--kubeconfig", str(kubeconfig), "--url", gateway.url, *more]
    return CliRunner().invoke(app, arguments, env=environment)


def answer_tests(gateway: RunningGateway) -> threading.Thread:
    """Stand in for the collector, once it is asked."""
    lines = lines_of_a_test()
    result = {"ok": True, "checks": [line.as_json() for line in lines]}

    def answer() -> bool:
        return bool(
            gateway.execute(
                "INSERT INTO collector.job_states (job_id, kind, status, progress, message, result)"
                " SELECT id, kind, 'completed', 100, %s, %s FROM gateway.jobs RETURNING job_id",
                (summary(lines), json.dumps(result)),
            )
        )

    thread = threading.Thread(target=lambda: eventually(answer, 30))
    thread.start()
    return thread


def test_a_cluster_is_added_with_its_files_and_its_test_is_told(gateway: RunningGateway, kubeconfig: Path) -> None:
    thread = answer_tests(gateway)
    done = run(gateway, kubeconfig, "--label", "env=prod", "--namespace", "shop", "--no-start")
    thread.join(30)
    assert done.exit_code == 0, done.output
    assert "The API server accepts connections" in done.output
    assert "something missing" in done.output
    assert "canary" not in done.output
    ((cluster_id, name, labels, namespaces, started),) = gateway.execute(
        "SELECT id::text, name, labels, namespaces, started_at FROM gateway.clusters"
    )
    assert (name, labels, namespaces, started) == ("prod-eu", {"env": "prod"}, ["shop"], None)
    ((sealed,),) = gateway.execute("SELECT sealed FROM gateway.cluster_credentials")
    stored = read_stored(unseal(gateway.credentials_private_key, bytes(sealed), cluster_id))
    assert isinstance(stored, ClusterCredential)
    assert stored.ca_pem == CA.pem
    assert stored.token is not None
    assert stored.token.get_secret_value() == "canary-token"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--context", "eks"), "exec would run a program"),
        (("--context", "nowhere"), "no context 'nowhere'"),
        (("--bastion", "nonsense"), "USER@HOST"),
        (("--url", "http://ai4k8s.example.org"), "to the network"),
    ],
)
def test_what_cannot_be_is_told_with_what_to_do(
    shared_gateway: RunningGateway, kubeconfig: Path, more: tuple[str, ...], words: str
) -> None:
    done = run(shared_gateway, kubeconfig, *more)
    assert done.exit_code == 1
    assert words in done.output
    assert "canary" not in done.output
