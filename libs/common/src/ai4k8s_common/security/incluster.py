"""Creating Secrets in the namespace a pod runs in, with nothing but the standard library.

Only the installation's own hook needs this; a Kubernetes client in the image of every service would be a high price.
"""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai4k8s_common.errors import InvalidInputError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TIMEOUT_SECONDS = 15


@dataclass(frozen=True)
class SecretsOfNamespace:
    """The Secrets of one namespace."""

    server: str
    namespace: str
    token: str = field(repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    @classmethod
    def of_this_pod(cls, environment: Mapping[str, str], account: Path = ACCOUNT) -> SecretsOfNamespace:
        """Use the pod's own service account. Raises InvalidInputError outside a cluster."""
        host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT", "443")
        if not host or not account.is_dir():
            raise InvalidInputError("this is not a pod with a service account", hint="Use 'manifest' instead")
        host = f"[{host}]" if ":" in host else host
        return cls(
            f"https://{host}:{port}",
            (account / "namespace").read_text(encoding="utf-8").strip(),
            (account / "token").read_text(encoding="utf-8").strip(),
            ssl.create_default_context(cafile=str(account / "ca.crt")),
        )

    def create(self, secret: Mapping[str, object]) -> bool:
        """Create a Secret; False when there is one of that name, which is left as it is.

        Raises UnavailableError when the API does not answer or refuses.
        """
        status, answer = self._call("POST", "", secret)
        if status not in {HTTPStatus.CREATED, HTTPStatus.CONFLICT}:
            raise _refused("create", status, answer)
        return status == HTTPStatus.CREATED

    def read(self, name: str) -> dict[str, str]:
        """Return a Secret's values. Raises UnavailableError when the API does not answer or refuses."""
        status, answer = self._call("GET", f"/{name}")
        if status != HTTPStatus.OK:
            raise _refused("read", status, answer)
        return {key: base64.b64decode(value).decode() for key, value in answer.get("data", {}).items()}

    def _call(self, method: str, rest: str, body: object = None) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(  # noqa: S310  # the scheme is ours
            f"{self.server}/api/v1/namespaces/{self.namespace}/secrets{rest}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "Accept": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=self.tls) as response:  # noqa: S310
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _decode(error.read())
        except OSError as error:
            raise UnavailableError(f"the Kubernetes API does not answer: {error}") from error


def _decode(raw: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(raw)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _refused(verb: str, status: int, answer: Mapping[str, Any]) -> UnavailableError:
    reason = str(answer.get("message") or f"status {status}")
    return UnavailableError(f"Kubernetes refused to {verb} a Secret: {reason}")
