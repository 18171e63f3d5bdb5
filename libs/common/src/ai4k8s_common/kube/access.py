"""From what is sealed in the store to a credential that can be used: the one way, for all who talk to clusters.

A sealed record holds the credential itself, or says where this process finds one: in the operator's directory of
kubeconfigs, or in the pod it runs in. Neither is kept: files are read at each use, so that a token which the kubelet or
the operator renewed is the one that is sent.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import SecretStr

from ai4k8s_common.errors import InvalidInputError, NotConfiguredError, NotFoundError
from ai4k8s_common.kube.addresses import AccessPolicy
from ai4k8s_common.kube.credentials import ClusterCredential, MountedAccess, read_stored
from ai4k8s_common.kube.kubeconfig import MAX_BYTES, list_contexts, parse_kubeconfig
from ai4k8s_common.kube.kubeconfig_files import inline_files
from ai4k8s_common.security.sealed import unseal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from ai4k8s_common.settings import ClusterAccessSettings, UnsealSettings

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
IN_CLUSTER_HINT = "Install AI4K8s there with inCluster.enabled=true in the chart's values, or use a kubeconfig."


@dataclass(frozen=True)
class Offer:
    """A cluster that can be added without giving a credential, or why it cannot."""

    file: str
    context: str
    server: str
    namespace: str
    problem: str


@dataclass(frozen=True)
class Credentials:
    """Opens stored credentials. Holds the private keys: only for services that talk to clusters."""

    private_keys: SecretStr
    policy: AccessPolicy
    directory: Path | None = None
    account: Path = ACCOUNT
    environment: Mapping[str, str] | None = None

    @classmethod
    def of(cls, unseal_settings: UnsealSettings, access: ClusterAccessSettings) -> Self:
        """What the operator's settings say."""
        return cls(unseal_settings.credentials_private_key, AccessPolicy.of(access), access.kubeconfig_directory)

    def open(self, cluster_id: UUID, sealed: bytes | None) -> ClusterCredential:
        """Return a cluster's credential, for use and not for keeping. Raises Ai4k8sError, also for a wrong key."""
        if sealed is None:
            raise NotFoundError(
                "no credential is stored for this cluster", hint="Give it again, in the cluster's settings."
            )
        stored = read_stored(unseal(self.private_keys.get_secret_value(), sealed, str(cluster_id)))
        if isinstance(stored, ClusterCredential):
            return stored
        found = self._mounted(stored) if isinstance(stored, MountedAccess) else self.in_cluster()
        return found.model_copy(update={"bastion": stored.bastion})

    def _mounted(self, access: MountedAccess) -> ClusterCredential:
        text = self._read(access.file)
        return parse_kubeconfig(text, context=access.context, policy=self._file_policy(access)).credential

    def _file_policy(self, access: MountedAccess) -> AccessPolicy:
        """Behind a bastion loopback means the bastion's."""
        return self.policy if access.bastion is None else replace(self.policy, allow_loopback=True)

    def in_cluster(self) -> ClusterCredential:
        """Return the pod's own service account. Raises NotConfiguredError outside a cluster."""
        environment = os.environ if self.environment is None else self.environment
        host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT", "443")
        try:
            token = (self.account / "token").read_text(encoding="utf-8").strip()
            ca_pem = (self.account / "ca.crt").read_text(encoding="utf-8")
        except OSError:
            host = None
        if not host:
            raise NotConfiguredError("AI4K8s has no service account of a cluster here", hint=IN_CLUSTER_HINT)
        host = f"[{host}]" if ":" in host else host
        return ClusterCredential(server=f"https://{host}:{port}", ca_pem=ca_pem, token=SecretStr(token))

    def offers(self) -> Iterator[Offer]:
        """Yield what the operator's directory and the pod offer; the in-cluster one has no file."""
        try:
            yield Offer("", "", self.in_cluster().server, "default", "")
        except NotConfiguredError as error:
            yield Offer("", "", "", "default", f"{error.detail}. {error.hint}")
        if self.directory is not None:
            yield from self._offers_of_files(self.directory)

    def _offers_of_files(self, directory: Path) -> Iterator[Offer]:
        try:
            names = sorted(path.name for path in directory.iterdir() if path.is_file() and path.name[0] != ".")
        except OSError as error:
            yield Offer(".", "", "", "default", f"the directory of kubeconfigs cannot be read: {error.strerror}")
            return
        for name in names:
            try:
                for found in list_contexts(self._read(name), self.policy):
                    yield Offer(name, found.name, found.server, found.namespace, found.problem)
            except InvalidInputError as error:
                yield Offer(name, "", "", "default", f"{error.detail}. {error.hint}".strip())

    def _read(self, name: str) -> str:
        if self.directory is None:
            raise NotConfiguredError(
                "there is no directory of kubeconfigs here",
                hint="Set AI4K8S_KUBECONFIG_DIRECTORY for collector, scaler and chat alike.",
            )
        path = self.directory / name
        if name != path.name:
            raise InvalidInputError(f"'{name}' is not the name of a file in the operator's directory")
        try:
            if path.stat().st_size > MAX_BYTES:
                raise InvalidInputError(f"'{name}' is larger than 1 MiB")
            return inline_files(path.read_text(encoding="utf-8"), self.directory, within=self.directory)
        except (OSError, UnicodeDecodeError):
            raise NotFoundError(
                f"the operator's kubeconfig '{name}' cannot be read",
                hint="Put it back into the directory, or give the cluster another credential.",
            ) from None
