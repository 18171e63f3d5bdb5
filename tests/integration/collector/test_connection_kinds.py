"""Every way to connect a cluster, against the simulated one: with the account that the pasted commands make."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import httpx
import pytest
from pydantic import SecretStr

from ai4k8s_collector.batch import collect_due_clusters
from ai4k8s_collector.checks import check_connection
from ai4k8s_common.contracts.collector import CheckConnection
from ai4k8s_common.kube.client import KubeClient
from ai4k8s_common.kube.credentials import ClusterCredential, InClusterAccess, MountedAccess
from ai4k8s_common.kube.direct import DirectAccess, direct_credential
from ai4k8s_common.kube.errors import KubeUnauthorizedError
from ai4k8s_common.kube.kubeconfig import parse_kubeconfig
from ai4k8s_common.kube.manifests import ACCOUNT, account_commands, role_objects
from ai4k8s_common.kube.rights import Access, Need, rights_for
from ai4k8s_simcluster.testing import SimProcess
from tests.support.clients import client_path
from tests.support.collector import POLICY
from tests.support.kube_api import answer
from tests.support.scripted_http import Reply, Seen, scripted
from tests.support.ssh_server import ssh_server
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ai4k8s_common.kube.credentials import StoredAccess
    from tests.support.collector import CollectorBench


@dataclass
class Cluster:
    """The simulated cluster, with the account that the commands made."""

    sim: SimProcess
    kubeconfig: str
    token: str

    @property
    def ca_pem(self) -> str:
        return self.sim.ca_file.read_text()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Paste the commands into a real shell with a real kubectl, and take what they print."""
    folder = tmp_path_factory.mktemp("sim")
    arguments = ("--no-demo", "--shape", "shop/web=hourly", "--startup-seconds", "0-0", "--seed", "7")
    with SimProcess(folder, arguments) as sim:
        kubectl = client_path("kubectl").parent
        environment = {
            "PATH": f"{kubectl}:{os.environ['PATH']}",
            "KUBECONFIG": str(sim.kubeconfig),
            "HOME": str(folder),
        }
        for text in account_commands(Access.SCALE):
            done = subprocess.run(
                ["bash", "-c", text], env=environment, capture_output=True, text=True, check=False, timeout=60
            )
            assert done.returncode == 0, done.stderr
        credential = parse_kubeconfig(done.stdout, policy=POLICY).credential
        assert credential.token is not None
        yield Cluster(sim, done.stdout, credential.token.get_secret_value())


def check(collector: CollectorBench, cluster_id: uuid.UUID) -> dict[str, str]:
    with collector.context.bus.transaction() as tx:
        check_connection(tx, collector.context, CheckConnection(job_id=uuid.uuid4(), cluster_id=cluster_id))
    lines = collector.row("SELECT lines FROM collector.connection_checks WHERE cluster_id = %s", cluster_id)["lines"]
    return {line["check"]: line["outcome"] for line in lines}


def test_every_way_leads_to_a_cluster_that_is_observed(
    collector: CollectorBench, cluster: Cluster, tmp_path: Path
) -> None:
    port = cluster.sim.api_url.rpartition(":")[2]
    (tmp_path / "token").write_text(cluster.token)
    (tmp_path / "ca.crt").write_text(cluster.ca_pem)
    (tmp_path / "prod").write_text(cluster.kubeconfig)
    collector.context = replace(
        collector.context,
        credentials=replace(
            collector.context.credentials,
            directory=tmp_path,
            account=tmp_path,
            environment={"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": port},
        ),
    )
    given = DirectAccess(cluster.sim.api_url, cluster.ca_pem, SecretStr(cluster.token))
    token = direct_credential(given, POLICY)
    with ssh_server() as bastion:
        through = bastion.bastion()
        ways: dict[str, StoredAccess] = {
            "kubeconfig": parse_kubeconfig(cluster.kubeconfig, policy=POLICY).credential,
            "token": token,
            "bastion": token.model_copy(update={"bastion": through}),
            "mounted": MountedAccess(file="prod", context=ACCOUNT),
            "in-cluster": InClusterAccess(),
            "mounted, through a bastion": MountedAccess(file="prod", context=ACCOUNT, bastion=through),
        }
        ids = {name: collector.connect(credential=access, name=name) for name, access in ways.items()}

        def settled() -> bool:
            # What a busy machine does not get done in one batch goes on in the next.
            collect_due_clusters(collector.context)
            return all(collector.state(cluster_id)["status"] != "pending" for cluster_id in ids.values())

        eventually(settled, 60)
        for name, cluster_id in ids.items():
            state = collector.state(cluster_id)
            assert state["status"] == "connected", (name, state["reason"])
        assert collector.rows("SELECT DISTINCT name FROM collector.workloads WHERE kind = 'Deployment'") == [
            {"name": "web"}
        ]
        outcomes = check(collector, ids["bastion"])
    # The role that the commands made allows everything that is asked for, and nothing of it is missing.
    assert "failed" not in outcomes.values(), outcomes
    assert outcomes["login"] == "passed"


def test_an_account_of_one_namespace_is_enough_to_watch_that(collector: CollectorBench, cluster: Cluster) -> None:
    with admin(cluster) as http:
        narrow = {"metadata": {"name": "narrow"}}
        http.post("/api/v1/namespaces/ai4k8s/serviceaccounts", json=narrow).raise_for_status()
        for item in role_objects(Access.READ, ("shop",)):
            for subject in item.get("subjects", ()):
                subject["name"] = "narrow"
            path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/shop/{item['kind'].lower()}s"
            http.post(path, json=item).raise_for_status()
        made = http.post("/api/v1/namespaces/ai4k8s/serviceaccounts/narrow/token", json={"spec": {}})
        token = SecretStr(made.json()["status"]["token"])
    credential = ClusterCredential(server=cluster.sim.api_url, ca_pem=cluster.ca_pem, token=token)
    everywhere = collector.connect(credential=credential, name="everywhere")
    shop = collector.connect(credential=credential, name="shop", namespaces=["shop"])
    collect_due_clusters(collector.context)
    assert collector.state(everywhere)["status"] == "unreachable"
    state = collector.state(shop)
    assert state["status"] == "connected", state["reason"]
    assert "Nodes are not shown" in state["reason"]
    outcomes = check(collector, shop)
    failed = {name for name, outcome in outcomes.items() if outcome == "failed"}
    assert failed == {
        right.key
        for right in rights_for(Access.SCALE, namespaced=True)
        if right.access is Access.SCALE and right.need is not Need.OPT_IN
    }
    # What only approved plans need is no fault to lack; the line says what gives it.
    lines = collector.row("SELECT lines FROM collector.connection_checks WHERE cluster_id = %s", shop)["lines"]
    evicting = next(line for line in lines if line["check"] == "right:pods/eviction:create")
    assert evicting["outcome"] == "absent"
    assert "kubectl create role ai4k8s-create-pods-eviction -n shop --verb=create" in evicting["hint"]
    assert "--user=system:serviceaccount:ai4k8s:narrow" in evicting["hint"]


def admin(cluster: Cluster) -> httpx.Client:
    headers = {"Authorization": f"Bearer {cluster.sim.token}"}
    return httpx.Client(
        base_url=cluster.sim.api_url, headers=headers, verify=ssl.create_default_context(cafile=cluster.sim.ca_file)
    )


def test_username_and_password_are_sent_where_a_server_still_takes_them() -> None:
    expected = f"Basic {base64.b64encode(b'me:canary-password').decode()}"

    def script(seen: Seen) -> Reply:
        good = seen.headers.get("authorization") == expected
        return answer(seen) if good else Reply(401, {"kind": "Status", "message": "Unauthorized"})

    with scripted(script) as server:
        for password, accepted in (("canary-password", True), ("wrong", False)):
            given = DirectAccess(server.url, username="me", password=SecretStr(password))
            with KubeClient(direct_credential(given, POLICY), POLICY) as client:
                if accepted:
                    assert client.version().git_version == "v1.33.0"
                else:
                    with pytest.raises(KubeUnauthorizedError):
                        client.version()
