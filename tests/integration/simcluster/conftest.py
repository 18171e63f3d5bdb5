"""One simulated cluster per test module, and clients for it."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from kubernetes import config

from ai4k8s_simcluster.testing import SimProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ARGUMENTS = (
    "--no-demo", "--startup-seconds", "0-0", "--seed", "7", "--nodes", "2",
    "--shape", "shop/web=noise:base=1.0,noise=0", "--shape", "shop/api=hourly:base=0.3,amplitude=1.0",
)  # fmt: skip


class Kubectl:
    """kubectl, told which cluster."""

    def __init__(self, binary: Path, kubeconfig: Path, home: Path) -> None:
        self._command = [str(binary), "--kubeconfig", str(kubeconfig), "--cache-dir", str(home / "cache")]

    def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            [*self._command, *arguments], input=stdin, capture_output=True, text=True, timeout=60, check=False
        )

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        """Run it, expecting success; its output."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """Run it with -o json; what it printed."""
        return json.loads(self(*arguments, "-o", "json"))

    def follow(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it and leave it running."""
        return subprocess.Popen([*self._command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimProcess]:
    with SimProcess(tmp_path_factory.mktemp("sim"), ARGUMENTS) as running:
        yield running


@pytest.fixture(scope="module")
def ctl(cluster: SimProcess, kubectl: Path, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    return Kubectl(kubectl, cluster.kubeconfig, tmp_path_factory.mktemp("kubectl"))


@pytest.fixture(scope="module")
def api(cluster: SimProcess) -> Any:
    loader: Any = config.new_client_from_config
    return loader(str(cluster.kubeconfig))


@pytest.fixture(scope="module")
def http(cluster: SimProcess) -> Iterator[httpx.Client]:
    import ssl

    with httpx.Client(
        base_url=cluster.api_url,
        headers={"Authorization": f"Bearer {cluster.token}"},
        verify=ssl.create_default_context(cafile=str(cluster.ca_file)),
        timeout=20,
    ) as found:
        yield found


@pytest.fixture(scope="module")
def prometheus(cluster: SimProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=cluster.prometheus_url, timeout=30) as found:
        yield found
