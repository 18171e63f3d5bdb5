"""Reads a kubeconfig that somebody uploaded: text from a stranger that, in kubectl's hands, can run programs.

Whatever would run a program, read a file of ours or go around TLS is refused with what to do instead, never
skipped: a credential that quietly means something else than its author thinks is worse than none.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
import yaml
from cryptography import x509

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.kube.addresses import AccessPolicy, check_server
from ai4k8s_common.kube.credentials import ClusterCredential

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 40
MAX_NODES = 50_000
SERVICE_ACCOUNT_HINT = (
    "Make a service account with exactly the rights needed: the page 'Add a cluster' and docs/rights.md have the "
    "commands, ready to paste; they print a kubeconfig to use here."
)
INLINE_HINT = (
    "Run 'kubectl config view --raw --minify --flatten' and use its output, which has the files inside; or use "
    "'ai4k8s cluster add --kubeconfig PATH' on the machine where they are."
)


class _Kebab(msgspec.Struct, frozen=True, rename="kebab"):
    pass


class _Cluster(_Kebab, frozen=True):
    server: str = ""
    certificate_authority: str | None = None
    certificate_authority_data: str | None = None
    insecure_skip_tls_verify: bool | None = None
    tls_server_name: str | None = None
    proxy_url: str | None = None


class _User(_Kebab, frozen=True):
    token: str | None = None
    token_file: str | None = msgspec.field(default=None, name="tokenFile")
    client_certificate: str | None = None
    client_certificate_data: str | None = None
    client_key: str | None = None
    client_key_data: str | None = None
    username: str | None = None
    password: str | None = None
    exec: Any = None
    auth_provider: Any = None
    as_user: str | None = msgspec.field(default=None, name="as")
    as_groups: list[str] | None = None


class _Context(_Kebab, frozen=True):
    cluster: str = ""
    user: str = ""
    namespace: str | None = None


class _NamedCluster(_Kebab, frozen=True):
    name: str
    cluster: _Cluster


class _NamedUser(_Kebab, frozen=True):
    name: str
    user: _User | None = None


class _NamedContext(_Kebab, frozen=True):
    name: str
    context: _Context


class _Kubeconfig(_Kebab, frozen=True):
    clusters: list[_NamedCluster] | None = None
    users: list[_NamedUser] | None = None
    contexts: list[_NamedContext] | None = None
    current_context: str | None = None


class Cloud(StrEnum):
    """Whose managed cluster a kubeconfig is of, by the program it would run."""

    EKS = "EKS"
    GKE = "GKE"
    AKS = "AKS"


_CLOUD_PROGRAMS = {
    "aws": Cloud.EKS,
    "aws-iam-authenticator": Cloud.EKS,
    "gke-gcloud-auth-plugin": Cloud.GKE,
    "gcloud": Cloud.GKE,
    "kubelogin": Cloud.AKS,
}
_CLOUD_PROVIDERS = {"gcp": Cloud.GKE, "azure": Cloud.AKS}


@dataclass(frozen=True)
class ContextView:
    """One context of a kubeconfig, without its secrets: what a person chooses from.

    `problem` says why it cannot be used as it is, `hint` what to do; `cloud` is set when a managed cluster's login
    program is the reason.
    """

    name: str
    server: str
    namespace: str
    current: bool
    problem: str = ""
    hint: str = ""
    cloud: Cloud | None = None
    password: bool = False


@dataclass(frozen=True)
class ParsedKubeconfig:
    """One context of a kubeconfig, ready to be sealed."""

    credential: ClusterCredential
    context: str
    namespace: str
    contexts: tuple[str, ...]


def parse_kubeconfig(text: str, *, context: str | None = None, policy: AccessPolicy | None = None) -> ParsedKubeconfig:
    """Read the chosen context (default: the current one, or the only one).

    Raises InvalidInputError for anything unsafe, incomplete or unreadable; its hint says what to do instead.
    """
    config = _decode(text)
    contexts = {named.name: named.context for named in config.contexts or []}
    chosen = _choose(contexts, context or config.current_context)
    credential = _select(config, chosen, policy or AccessPolicy())
    return ParsedKubeconfig(credential, chosen, contexts[chosen].namespace or "default", tuple(contexts))


def _select(config: _Kubeconfig, chosen: str, policy: AccessPolicy) -> ClusterCredential:
    selected = next(named.context for named in config.contexts or [] if named.name == chosen)
    clusters = {named.name: named.cluster for named in config.clusters or []}
    users = {named.name: named.user or _User() for named in config.users or []}
    if selected.cluster not in clusters:
        raise InvalidInputError(f"context '{chosen}' names the cluster '{selected.cluster}', which is not there")
    if selected.user and selected.user not in users:
        raise InvalidInputError(f"context '{chosen}' names the user '{selected.user}', which is not there")
    return _credential(clusters[selected.cluster], users.get(selected.user, _User()), policy)


def list_contexts(text: str, policy: AccessPolicy | None = None) -> list[ContextView]:
    """Return every context with whether it can be used. Raises InvalidInputError for what is no kubeconfig at all."""
    config = _decode(text)
    contexts = {named.name: named.context for named in config.contexts or []}
    if not contexts:
        raise InvalidInputError("this kubeconfig has no contexts", hint=INLINE_HINT)
    return [_look(config, name, context, policy or AccessPolicy()) for name, context in contexts.items()]


def _look(config: _Kubeconfig, name: str, context: _Context, policy: AccessPolicy) -> ContextView:
    cluster = next((c.cluster for c in config.clusters or [] if c.name == context.cluster), _Cluster())
    user = next((u.user or _User() for u in config.users or [] if u.name == context.user), _User())
    problem, hint = "", ""
    try:
        _select(config, name, policy)
    except InvalidInputError as error:
        problem, hint = error.detail, error.hint
    return ContextView(
        name=name,
        server=cluster.server,
        namespace=context.namespace or "default",
        current=name == config.current_context or len(config.contexts or []) == 1,
        problem=problem,
        hint=hint,
        cloud=_cloud_of(user),
        password=user.username is not None and not (user.token or user.client_certificate_data),
    )


def _cloud_of(user: _User) -> Cloud | None:
    if isinstance(user.exec, dict):
        program = str(user.exec.get("command", "")).replace("\\", "/").rpartition("/")[2].removesuffix(".exe")
        return _CLOUD_PROGRAMS.get(program)
    if isinstance(user.auth_provider, dict):
        return _CLOUD_PROVIDERS.get(str(user.auth_provider.get("name", "")))
    return None


def _choose(contexts: dict[str, _Context], wanted: str | None) -> str:
    if not contexts:
        raise InvalidInputError("this kubeconfig has no contexts", hint=INLINE_HINT)
    if wanted is None and len(contexts) == 1:
        return next(iter(contexts))
    if wanted is None or wanted not in contexts:
        names = ", ".join(sorted(contexts)[:20])
        problem = "no current context" if wanted is None else f"no context named '{wanted}'"
        raise InvalidInputError(f"this kubeconfig has {problem}", hint=f"Choose one of: {names}")
    return wanted


def _credential(cluster: _Cluster, user: _User, policy: AccessPolicy) -> ClusterCredential:
    _refuse_unsafe_cluster(cluster, policy)
    _refuse_unsafe_user(user)
    server = check_server(cluster.server, policy)
    certificate = _pem(user.client_certificate_data, "client-certificate-data")
    key = _pem(user.client_key_data, "client-key-data")
    if (certificate is None) != (key is None):
        raise InvalidInputError("client-certificate-data and client-key-data go together", hint=INLINE_HINT)
    if (user.username is None) != (user.password is None):
        raise InvalidInputError("username and password go together")
    if not (user.token or certificate or user.username):
        raise InvalidInputError("the context's user has no token and no certificate", hint=SERVICE_ACCOUNT_HINT)
    return ClusterCredential.model_validate(
        {
            "server": server,
            "ca_pem": _ca(cluster.certificate_authority_data),
            "tls_server_name": cluster.tls_server_name,
            "insecure_skip_tls_verify": bool(cluster.insecure_skip_tls_verify),
            "token": user.token,
            "client_certificate_pem": certificate,
            "client_key_pem": key,
            "username": user.username,
            "password": user.password,
        }
    )


def _refuse_unsafe_cluster(cluster: _Cluster, policy: AccessPolicy) -> None:
    if cluster.certificate_authority:
        raise InvalidInputError("certificate-authority names a file, which is not here", hint=INLINE_HINT)
    if cluster.proxy_url:
        raise InvalidInputError(
            "proxy-url is not accepted: it would send the credential through another machine",
            hint="Give the address under which this server reaches the cluster directly.",
        )
    if cluster.insecure_skip_tls_verify and not policy.allow_insecure_tls:
        raise InvalidInputError(
            "insecure-skip-tls-verify would give the credential to anybody who answers",
            hint="Replace it with certificate-authority-data: the cluster's CA certificate, base64-encoded.",
        )


def _refuse_unsafe_user(user: _User) -> None:
    if user.exec is not None:
        raise InvalidInputError("exec would run a program on this server and is refused", hint=SERVICE_ACCOUNT_HINT)
    if user.auth_provider is not None:
        raise InvalidInputError("auth-provider plugins are refused", hint=SERVICE_ACCOUNT_HINT)
    files = {
        "client-certificate": user.client_certificate,
        "client-key": user.client_key,
        "tokenFile": user.token_file,
    }
    for name, value in files.items():
        if value:
            raise InvalidInputError(f"{name} names a file, which is not here", hint=INLINE_HINT)
    if user.as_user or user.as_groups:
        raise InvalidInputError(
            "impersonation (as, as-groups) is not accepted in a kubeconfig", hint=SERVICE_ACCOUNT_HINT
        )


def _decode(text: str) -> _Kubeconfig:
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise InvalidInputError("this kubeconfig is larger than 1 MiB", hint=INLINE_HINT)
    check_shape(text)
    try:
        raw = yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
        return msgspec.convert(raw, _Kubeconfig, strict=True)
    except msgspec.ValidationError as error:
        # msgspec names types and paths only, never values.
        raise InvalidInputError(f"this is not a kubeconfig: {error}", hint=INLINE_HINT) from None
    except (yaml.YAMLError, ValueError):
        raise InvalidInputError("this is not YAML", hint=INLINE_HINT) from None


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def check_shape(text: str) -> None:
    """Walk the events before anything is built: no aliases (no bombs), bounded depth and size.

    Raises InvalidInputError.
    """
    try:
        _walk(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise InvalidInputError(f"this is not YAML: {error.problem} (line {line})") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise InvalidInputError("this is not YAML", hint=INLINE_HINT) from None


def _walk(text: str) -> None:
    depth = 0
    for nodes, event in enumerate(yaml.parse(text, Loader=_Loader)):
        if isinstance(event, yaml.AliasEvent):
            raise InvalidInputError("YAML aliases are not accepted here", hint=INLINE_HINT)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            raise InvalidInputError("this YAML is nested too deeply or has too many parts", hint=INLINE_HINT)


def _ca(data: str | None) -> str | None:
    pem = _pem(data, "certificate-authority-data")
    return None if pem is None else check_ca(pem, "certificate-authority-data")


def check_ca(pem: str, field: str) -> str:
    """Return a certificate authority that is one. Raises InvalidInputError."""
    try:
        x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise InvalidInputError(f"{field} holds no PEM certificate", hint=INLINE_HINT) from None
    return pem


def _pem(data: str | None, field: str) -> str | None:
    if not data:
        return None
    try:
        pem = base64.b64decode("".join(data.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidInputError(f"{field} is not base64 of a PEM text", hint=INLINE_HINT) from None
    if "-----BEGIN " not in pem:
        raise InvalidInputError(f"{field} is not PEM", hint=INLINE_HINT)
    return pem
