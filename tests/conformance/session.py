"""Clients of one cluster, a namespace of the run's own, and how a case is carried out."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import yaml
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient

from tests.conformance.case import Case, Needs, Program, Result, Step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TIMEOUT_SECONDS = 60.0
_OPEN_SECONDS = 10.0
_RETRY_SECONDS = 0.25
# How much longer (or shorter) than usual to wait for what takes time: a slow cluster needs more.
_PATIENCE = float(os.environ.get("CONFORMANCE_PATIENCE", "1"))
_LONGEST_SHOWN = 1500


class Session:
    """What cases are carried out with."""

    def __init__(self, kubeconfig: Path, kubectl: Path, helm: Path, home: Path, *, writes: bool = True) -> None:
        self.kubeconfig = kubeconfig
        self.suffix = secrets.token_hex(3)
        self.writes = writes
        self.namespace = f"conformance-{self.suffix}" if writes else "default"
        self.home = home
        self.identifier = ""
        self._kubectl = [
            str(kubectl),
            "--kubeconfig",
            str(kubeconfig),
            "--cache-dir",
            str(home / "cache"),
            "--namespace",
            self.namespace,
        ]
        self._helm = [str(helm), "--kubeconfig", str(kubeconfig), "--namespace", self.namespace]
        self.api: Any = config.new_client_from_config(  # type: ignore[no-untyped-call]  # the client types its models only
            config_file=str(kubeconfig)
        )
        # Untyped on purpose: cases send plain dictionaries, as people do, and read only what they assert.
        self.core: Any = client.CoreV1Api(self.api)
        self.apps: Any = client.AppsV1Api(self.api)
        self._dynamic: DynamicClient | None = None
        self._outside: list[dict[str, Any]] = []

    @property
    def dynamic(self) -> DynamicClient:
        """The client for any type, which asks the cluster what there is."""
        if self._dynamic is None:
            self._dynamic = DynamicClient(self.api)  # type: ignore[no-untyped-call]  # as above
        return self._dynamic

    def open(self) -> None:
        """Make the namespace, and wait until it can be used; where nothing is written, there is none."""
        if not self.writes:
            return
        self.core.create_namespace({"metadata": {"name": self.namespace}})
        deadline = time.monotonic() + _OPEN_SECONDS
        while True:
            try:
                self.core.read_namespaced_service_account("default", self.namespace)
            except ApiException:
                if time.monotonic() > deadline:
                    return  # the cases that need it will say so
                time.sleep(_RETRY_SECONDS)
            else:
                return

    def close(self) -> None:
        """Leave nothing behind: the namespaces of the run, and what was made outside of them."""
        if not self.writes:
            self.api.close()
            return
        for body in self._outside:
            resource = self.dynamic.resources.get(api_version=body["apiVersion"], kind=body["kind"])
            with contextlib.suppress(ApiException):
                resource.delete(body["metadata"]["name"])
        for found in self.core.list_namespace().items:
            if found.metadata.name == self.namespace or found.metadata.name.startswith(f"{self.namespace}-"):
                with contextlib.suppress(ApiException):
                    self.core.delete_namespace(found.metadata.name)
        self.api.close()

    def text(self, template: str) -> str:
        """Return a text with the run's and the case's names put in."""
        named = template.replace("$NS", self.namespace).replace("$ID", self.identifier)
        return named.replace("$SUFFIX", self.suffix).replace("$HOME", str(self.home))

    def run(self, case: Case) -> None:
        """Carry out a case. Raises AssertionError, saying at which step it failed."""
        self.identifier = case.identifier
        try:
            for step in case.steps:
                self._take(case, step)
        finally:
            if case.needs is Needs.WHOLE_CLUSTER:
                self._give_nodes_back()

    def _give_nodes_back(self) -> None:
        """Or what follows finds no node, or one that a case made up and nothing runs on."""
        self.kubectl("delete", "node", "-l", "conformance", "--wait=true", "--timeout=20s")
        self.kubectl("uncordon", "--all")

    def create(self, manifests: str) -> None:
        """Create objects as they are; what lies outside namespaces is deleted at the end."""
        for body in yaml.safe_load_all(self.text(manifests)):
            resource = self.dynamic.resources.get(api_version=body["apiVersion"], kind=body["kind"])
            if resource.namespaced:
                namespace = body["metadata"].get("namespace", self.namespace)
                resource.create(body=body, namespace=namespace)
            else:
                self._outside.append(body)
                resource.create(body=body)

    def raw(self, path: str) -> tuple[int, str]:
        """Read a path as it is; the status and the text of the answer."""
        method, url, headers, *_ = self.api.param_serialize("GET", path, auth_settings=["BearerToken"])
        answer = self.api.call_api(method, url, headers)
        return int(answer.status), answer.read().decode()

    def kubectl(self, *arguments: str, stdin: str | None = None) -> Result:
        """Run kubectl to its end."""
        return _run([*self._kubectl, *arguments], stdin)

    @contextlib.contextmanager
    def follow(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Start kubectl and leave it running, but no longer than any other command may."""
        command = [*self._kubectl, *(self.text(argument) for argument in arguments)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as following:
            end = threading.Timer(_TIMEOUT_SECONDS, following.kill)
            end.start()
            try:
                yield following
            finally:
                end.cancel()
                following.kill()

    def _take(self, case: Case, step: Step) -> None:
        if step.program is Program.SETUP:
            self.create(step.stdin or "")
            return
        if step.call is not None:
            step.call(self)
            return
        deadline = time.monotonic() + step.within * _PATIENCE
        while True:
            result = self._outcome(step)
            problem = self._problem(step, result)
            if problem is None:
                return
            if time.monotonic() >= deadline:
                raise AssertionError(self._story(case, step, result, problem))
            time.sleep(_RETRY_SECONDS)

    def _outcome(self, step: Step) -> Result:
        arguments = [self.text(argument) for argument in step.arguments]
        stdin = None if step.stdin is None else self.text(step.stdin)
        base = self._kubectl if step.program is Program.KUBECTL else self._helm
        return _run([*base, *arguments], stdin)

    def _problem(self, step: Step, result: Result) -> str | None:
        if result.exit_code != step.exit_code:
            return f"exit code {result.exit_code}, expected {step.exit_code}"
        try:
            for check in step.checks:
                check(result, self.text)
        except AssertionError as error:
            return str(error)
        return None

    def _story(self, case: Case, step: Step, result: Result, problem: str) -> str:
        shown = [text[:_LONGEST_SHOWN] for text in (result.out, result.err)]
        return (
            f"{problem}\n  step: {self.text(step.title)}\n  source: {case.source}\n"
            f"  exit {result.exit_code}\n  stdout:\n{shown[0]}\n  stderr:\n{shown[1]}"
        )


def _run(command: list[str], stdin: str | None) -> Result:
    done = subprocess.run(
        command, input=stdin or "", capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
    )
    return Result(done.returncode, done.stdout, done.stderr)
