"""What the simulated cluster has not: processes. Runs programs of ours as their simulated pods ask for.

A container is held open by the pod's annotation `sim.ai4k8s.io/run-seconds.<container>`. Its program then runs here,
with the arguments, the environment and the mounted Secrets of the pod, and with a token of the pod's ServiceAccount
(so that RBAC decides what it may do); the container ends when the program does, with the same exit code.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from tests.support.deployment import ROOT

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    import httpx

RUN_SECONDS, EXIT_CODE = "sim.ai4k8s.io/run-seconds", "sim.ai4k8s.io/exit-code"
REQUIRE_MOUNTS = "sim.ai4k8s.io/require-mounts"
LOOK_EVERY_SECONDS = 0.2
OF_JOBS = "labelSelector=batch.kubernetes.io/job-name"
PROGRAM_SECONDS = 60
LAUNCHER = ROOT / "tests" / "support" / "run_in_pod.py"


def held(*containers: str) -> dict[str, str]:
    """Annotations for all pods: they wait for their Secrets, and these containers until their programs have run here."""
    return {REQUIRE_MOUNTS: "true", **{f"{RUN_SECONDS}.{name}": "86400" for name in containers}}


@dataclass(frozen=True)
class Ran:
    """One program that ran: of which container, what its account was allowed, and how it ended."""

    container: str
    rights: list[dict[str, Any]]
    exit_code: int
    output: str
    ended_at: float


class PodRuntime:
    """Runs the held containers of one namespace's Jobs, one after the other, while it is entered."""

    def __init__(self, api: httpx.Client, namespace: str, ca_file: Path, folder: Path) -> None:
        self.ran: list[Ran] = []
        self._api = api
        self._namespace = namespace
        self._ca_file = ca_file
        self._folder = folder
        self._seen: set[str] = set()
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._follow, name=f"pods of {namespace}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self._failure is not None:
            raise AssertionError("a pod's program could not be run") from self._failure

    def _follow(self) -> None:
        try:
            while not self._stop.wait(LOOK_EVERY_SECONDS):
                for pod in self._call("GET", f"/api/v1/namespaces/{self._namespace}/pods?{OF_JOBS}")["items"]:
                    self._look_at(pod)
        except Exception as error:  # noqa: BLE001 - the thread's last resort; told where the runtime is left
            self._failure = error

    def _look_at(self, pod: dict[str, Any]) -> None:
        metadata = pod["metadata"]
        container = pod["spec"]["containers"][0]
        is_held = f"{RUN_SECONDS}.{container['name']}" in (metadata.get("annotations") or {})
        if is_held and pod["status"]["phase"] == "Running" and metadata["uid"] not in self._seen:
            self._seen.add(metadata["uid"])
            ran = self._run(pod, container)
            self.ran.append(ran)
            name = container["name"]
            end = {f"{RUN_SECONDS}.{name}": "0", f"{EXIT_CODE}.{name}": str(ran.exit_code)}
            self._call(
                "PATCH",
                f"/api/v1/namespaces/{self._namespace}/pods/{metadata['name']}",
                {"metadata": {"annotations": end}},
            )

    def _run(self, pod: dict[str, Any], container: dict[str, Any]) -> Ran:
        folder = self._folder / pod["metadata"]["name"]
        mounts = self._mount(pod, container, folder)
        token = self._token(pod)
        account = folder / "account"
        account.mkdir(parents=True)
        if pod["spec"].get("automountServiceAccountToken", True):
            for name, text in (("token", token), ("namespace", self._namespace), ("ca.crt", self._ca_file.read_text())):
                (account / name).write_text(text, encoding="utf-8")
        variables = {item["name"]: localised(item.get("value", ""), mounts) for item in container.get("env", [])}
        server = self._api.base_url
        where = {"KUBERNETES_SERVICE_HOST": server.host, "KUBERNETES_SERVICE_PORT": str(server.port)}
        command = [sys.executable, LAUNCHER, account, *(localised(text, mounts) for text in container["args"])]
        rights = self._rights(token)
        done = subprocess.run(
            command, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **where, **variables},
            capture_output=True, text=True, check=False, timeout=PROGRAM_SECONDS,
        )  # fmt: skip
        return Ran(container["name"], rights, done.returncode, done.stdout + done.stderr, time.time())

    def _mount(self, pod: dict[str, Any], container: dict[str, Any], folder: Path) -> dict[str, Path]:
        """Write the Secrets of a container's volumes; mount path -> folder."""
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        mounts: dict[str, Path] = {}
        for mount in container["volumeMounts"]:
            volume, place = volumes[mount["name"]], folder / mount["name"]
            names = [
                source["secret"]["name"]
                for source in volume.get("projected", {}).get("sources", [])
                if "secret" in source
            ]
            names += [volume["secret"]["secretName"]] if "secret" in volume else []
            for name in names:
                place.mkdir(parents=True, exist_ok=True)
                mounts[mount["mountPath"]] = place
                stored = self._call("GET", f"/api/v1/namespaces/{self._namespace}/secrets/{name}")
                for key, value in stored["data"].items():
                    (place / key).write_bytes(base64.b64decode(value))
        return mounts

    def _token(self, pod: dict[str, Any]) -> str:
        bound = {"apiVersion": "v1", "kind": "Pod", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
        made = self._call(
            "POST",
            f"/api/v1/namespaces/{self._namespace}/serviceaccounts/{pod['spec']['serviceAccountName']}/token",
            {"spec": {"boundObjectRef": bound}},
        )
        return str(made["status"]["token"])

    def _rights(self, token: str) -> list[dict[str, Any]]:
        """What the token's account may do in its namespace."""
        answer = self._call(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
            {"spec": {"namespace": self._namespace}},
            {"Authorization": f"Bearer {token}"},
        )
        rules: list[dict[str, Any]] = answer["status"]["resourceRules"]
        return rules

    def _call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        answer = self._api.request(method, path, json=body, headers={"Content-Type": kind, **(headers or {})})
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found


def localised(text: str, mounts: dict[str, Path]) -> str:
    """Name the files of mounted volumes by where they are here."""
    for path, place in mounts.items():
        text = text.replace(f"{path}/", f"{place}/")
    return text
