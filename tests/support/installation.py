"""The whole product as a person starts it, with ways to look at it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import psycopg

from ai4k8s_standalone.ports import pick_free
from tests.support.folders import quick_folder
from tests.support.processes import Processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from tests.support.processes import TestProcess


@dataclass
class Installation:
    """A running `ai4k8s up` and ways to look at it."""

    folder: Path
    process: TestProcess
    api: httpx.Client
    url: str

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Rows, as the owner."""
        secrets = json.loads((self.folder / "secrets.json").read_text())
        port = next(self.folder.rglob("postmaster.pid")).read_text().splitlines()[3]
        login = f"postgresql://ai4k8s:{secrets['superuser_password']}@127.0.0.1:{port}/ai4k8s"
        with psycopg.connect(login, autocommit=True) as connection:
            return connection.execute(query).fetchall()

    def cluster(self) -> dict[str, Any]:
        """The demo cluster as the API shows it."""
        (found,) = self.api.get("/clusters").json()["items"]
        return dict(found)

    def workload(self, name: str) -> dict[str, Any]:
        """A workload as the API shows it."""
        items = self.api.get(f"/clusters/{self.cluster()['id']}/workloads").json()["items"]
        return next(item for item in items if item["name"] == name)

    def pid_of(self, name: str) -> int:
        """A supervised process, from the command that a person would ask."""
        command = [sys.executable, "-m", "ai4k8s_standalone.cli", "status", "--data-dir", str(self.folder)]
        out = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        match = re.search(rf"^{name}\s+ready\s+(\d+)", out, re.MULTILINE)
        assert match, f"{name} is not ready: {out}"
        return int(match[1])

    def cycles(self) -> list[tuple[datetime, str]]:
        """Cycles, oldest first."""
        return [(at, status) for at, status in self.sql("SELECT started_at, status FROM collector.cycles ORDER BY 1")]


@contextlib.contextmanager
def installed(*options: str) -> Iterator[Installation]:
    """Start `ai4k8s up` with these options on a free port, and stop it in order."""
    folder = quick_folder()
    processes = Processes(folder)
    command = [sys.executable, "-m", "ai4k8s_standalone.cli", "up", "--data-dir", str(folder / "home")]
    process = processes.start([*command, "--port", str(pick_free()), *options], environment=dict(os.environ))
    try:
        process.wait_for_output("`ai4k8s logs` tell how it is", within=150)
        url = process.wait_for_output(r"AI4K8s is running: (\S+)")[1]
        password = process.wait_for_output(r"password\s+(\S+)")[1]
        with httpx.Client(base_url=f"{url}/api/v1", timeout=20) as api:
            api.post("/auth/login", json={"username": "admin", "password": password}).raise_for_status()
            yield Installation(folder / "home", process, api, url)
        assert process.terminate(within=60) == 0
        assert process.members() == []
    finally:
        processes.end_all()
        shutil.rmtree(folder, ignore_errors=True)
