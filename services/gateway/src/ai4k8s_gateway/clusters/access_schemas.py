"""What the routes about connecting a cluster take and give. Secrets only come in."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ai4k8s_common.kube.kubeconfig import Cloud
from ai4k8s_common.kube.rights import Access
from ai4k8s_common.store.gateway import ConnectionKind

KUBECONFIG_FIELD = Field(
    min_length=1, max_length=1_000_000, examples=["apiVersion: v1\nkind: Config\n..."], description="YAML or JSON"
)


class Taken(BaseModel):
    """Unknown fields are refused: a misspelt one would silently mean something else."""

    model_config = ConfigDict(extra="forbid")


class ApiAccess(Taken):
    """An API server and a token. Username and password are deprecated: hardly any API server takes them."""

    server: str = Field(max_length=2_000, examples=["https://203.0.113.10:6443"])
    ca_pem: str = Field(default="", max_length=100_000, description="empty for a certificate that is trusted anyway")
    token: SecretStr | None = Field(default=None, max_length=20_000)
    username: str = Field(default="", max_length=253, json_schema_extra={"deprecated": True})
    password: SecretStr | None = Field(default=None, max_length=1_000, json_schema_extra={"deprecated": True})
    tls_server_name: str = Field(default="", max_length=253, description="the name in the certificate, if another")


class MountedContext(Taken):
    """A context of a file in the operator's directory."""

    file: str = Field(min_length=1, max_length=253)
    context: str = Field(max_length=253)


class BastionAddress(Taken):
    """Where an SSH server is."""

    host: str = Field(min_length=1, max_length=253, examples=["bastion.example.org"])
    port: int = Field(default=22, ge=1, le=65_535)


class NewBastion(BastionAddress):
    """An SSH server to go through. `host_key` is what POST /clusters/bastion-host-key read and a person confirmed."""

    user: str = Field(min_length=1, max_length=64, pattern=r"^[^\s:]+$")
    private_key: SecretStr = Field(max_length=50_000, description="OpenSSH or PEM")
    passphrase: SecretStr | None = Field(default=None, max_length=1_000)
    host_key: str = Field(max_length=4_000, examples=["ssh-ed25519 AAAA..."])


class NewAccess(Taken):
    """One way to connect: exactly one of kubeconfig, api, mounted and in_cluster; any of them through a bastion."""

    kubeconfig: SecretStr | None = Field(default=None, min_length=1, max_length=1_000_000, description="YAML or JSON")
    context: str | None = Field(default=None, max_length=253, description="of the kubeconfig; default: the current one")
    api: ApiAccess | None = None
    mounted: MountedContext | None = None
    in_cluster: bool = Field(default=False, description="the cluster that AI4K8s itself runs in")
    bastion: NewBastion | None = None


class KubeconfigText(Taken):
    """A kubeconfig to look into. Nothing of it is kept."""

    kubeconfig: SecretStr = KUBECONFIG_FIELD
    through_bastion: bool = Field(default=False, description="then its loopback addresses are the bastion's")


class ContextChoice(BaseModel):
    """A context of a kubeconfig, without its secrets."""

    name: str
    server: str
    namespace: str
    current: bool
    problem: str = Field(description="why it cannot be used as it is; empty if it can")
    hint: str
    cloud: Cloud | None = Field(description="whose login program it would run; make a service account instead")
    deprecated: bool = Field(description="it logs in with username and password")


class ContextList(BaseModel):
    """What can be chosen from a kubeconfig."""

    items: list[ContextChoice]


class OfferView(BaseModel):
    """A cluster that the installation itself holds the credential of."""

    file: str = Field(description="empty for the cluster that AI4K8s runs in")
    context: str
    server: str
    namespace: str
    problem: str = Field(description="why it cannot be added; empty if it can")


class OfferList(BaseModel):
    """What an administrator can add without a credential. `looked_at` is null before the collector's first look."""

    items: list[OfferView]
    looked_at: datetime | None


class RightView(BaseModel):
    """One rule that is asked for, and what is lost without it."""

    feature: str
    rule: str = Field(examples=["deployments.apps/scale"])
    verbs: list[str]
    loss: str


class AccountCommands(BaseModel):
    """What to paste into a terminal that administers the cluster: make an account, then print a kubeconfig for it."""

    access: Access
    make: str
    show: str
    rights: list[RightView]


class BastionView(BaseModel):
    """The bastion, without its key."""

    host: str
    port: int
    user: str
    fingerprint: str


class CheckLine(BaseModel):
    """One line of a connection test."""

    check: str
    title: str
    group: str = Field(examples=["connection", "rights", "add_ons"])
    outcome: str = Field(examples=["passed", "failed", "absent", "skipped"])
    detail: str
    hint: str
    essential: bool


class ConnectionView(BaseModel):
    """How a cluster is connected, and what its latest test found."""

    cluster_id: UUID
    kind: ConnectionKind
    api_url: str
    bastion: BastionView | None
    deprecated: str = Field(description="why this way should be given up; empty if it need not be")
    credential_updated_at: datetime | None
    checked_at: datetime | None
    ok: bool | None = Field(description="null before the first test")
    summary: str
    lines: list[CheckLine]
