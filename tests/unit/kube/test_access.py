"""Other ways to a credential than an uploaded kubeconfig: typed in, from a file of the operator's, from the pod itself."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import yaml
from pydantic import SecretStr

from ai4k8s_common.errors import Ai4k8sError, InvalidInputError, NotConfiguredError, NotFoundError
from ai4k8s_common.kube.access import Credentials
from ai4k8s_common.kube.addresses import AccessPolicy
from ai4k8s_common.kube.credentials import Bastion, ClusterCredential, InClusterAccess, MountedAccess, read_stored
from ai4k8s_common.kube.direct import DirectAccess, direct_credential
from ai4k8s_common.kube.hostkey import parse_host_key
from ai4k8s_common.kube.kubeconfig import Cloud, list_contexts, parse_kubeconfig
from ai4k8s_common.kube.kubeconfig_files import inline_files
from ai4k8s_common.security.sealed import generate_key_pair, seal
from tests.support.certificates import make_authority

if TYPE_CHECKING:
    from pathlib import Path

    from ai4k8s_common.kube.credentials import StoredAccess

CA = make_authority()
POLICY = AccessPolicy()
PUBLIC, PRIVATE = generate_key_pair()
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGqGz+7GBxXMFMYtjmKzRmQmYLjAeFJBB2LYTkMlTcW6"
BASTION = Bastion(host="b.example", user="me", private_key=SecretStr("canary-key"), host_key=HOST_KEY)


def write_kubeconfig(folder: Path, **user: object) -> Path:
    """A kubeconfig that names files beside it, as minikube and kubeadm write them."""
    folder.mkdir(exist_ok=True)
    (folder / "ca.pem").write_text(CA.pem)
    (folder / "token").write_text("canary-token\n")
    raw = {
        "clusters": [{"name": "c", "cluster": {"server": "https://10.0.0.1", "certificate-authority": "ca.pem"}}],
        "users": [{"name": "u", "user": user or {"tokenFile": "token"}}],
        "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
        "current-context": "prod",
    }
    path = folder / "config"
    path.write_text(yaml.safe_dump(raw))
    return path


def credentials(**more: object) -> Credentials:
    return Credentials(SecretStr(PRIVATE), POLICY, **more)  # type: ignore[arg-type]


def opened(reader: Credentials, access: StoredAccess) -> ClusterCredential:
    cluster_id = uuid4()
    return reader.open(cluster_id, seal(PUBLIC, access.to_json(), str(cluster_id)))


def test_address_token_and_ca_make_a_credential() -> None:
    made = direct_credential(DirectAccess(" https://10.0.0.1:6443/ ", CA.pem, SecretStr("canary-token\n")), POLICY)
    assert (made.server, made.ca_pem) == ("https://10.0.0.1:6443", CA.pem)
    assert made.token is not None
    assert made.token.get_secret_value() == "canary-token"


@pytest.mark.parametrize(
    ("access", "words"),
    [
        (DirectAccess("https://10.0.0.1"), "no token"),
        (DirectAccess("https://10.0.0.1", token=SecretStr("a b")), "spaces"),
        (DirectAccess("https://10.0.0.1", token=SecretStr("t"), username="me"), "not both"),
        (DirectAccess("https://10.0.0.1", "no pem", SecretStr("t")), "no PEM certificate"),
        (DirectAccess("http://10.0.0.1", token=SecretStr("t")), "http://"),
        (DirectAccess("https://169.254.169.254", token=SecretStr("t")), "metadata"),
        (DirectAccess("https://localhost:1", token=SecretStr("t")), "127.0.0.1"),
    ],
)
def test_what_was_typed_in_wrongly_is_told(access: DirectAccess, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        direct_credential(access, POLICY)


def test_files_are_put_into_a_kubeconfig_where_they_are(tmp_path: Path) -> None:
    path = write_kubeconfig(tmp_path)
    credential = parse_kubeconfig(inline_files(path.read_text(), tmp_path)).credential
    assert credential.ca_pem == CA.pem
    assert credential.token is not None
    assert credential.token.get_secret_value() == "canary-token"


def test_a_client_certificate_and_key_are_put_in(tmp_path: Path) -> None:
    certificate, key = CA.sign("me")
    path = write_kubeconfig(tmp_path, **{"client-certificate": "me.pem", "client-key": str(tmp_path / "me.key")})
    (tmp_path / "me.pem").write_text(certificate)
    (tmp_path / "me.key").write_text(key)
    credential = parse_kubeconfig(inline_files(path.read_text(), tmp_path)).credential
    assert credential.client_certificate_pem == certificate


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = write_kubeconfig(tmp_path, tokenFile="gone")
    with pytest.raises(InvalidInputError, match=r"tokenFile names .*gone.*cannot be read"):
        inline_files(path.read_text(), tmp_path)


def test_a_kubeconfig_without_files_stays_as_it_is(tmp_path: Path) -> None:
    text = "users: [{name: u, user: {token: canary}}]  # mine"
    assert inline_files(text, tmp_path) == text


def test_contexts_are_listed_with_what_is_wrong_with_each() -> None:
    text = yaml.safe_dump(
        {
            "clusters": [{"name": "c", "cluster": {"server": "https://10.0.0.1"}}],
            "users": [
                {"name": "good", "user": {"token": "canary-token"}},
                {"name": "eks", "user": {"exec": {"command": "/usr/local/bin/aws"}}},
                {"name": "gke", "user": {"exec": {"command": "gke-gcloud-auth-plugin"}}},
                {"name": "aks", "user": {"exec": {"command": "C:\\bin\\kubelogin.exe"}}},
                {"name": "old", "user": {"username": "a", "password": "canary"}},
            ],
            "contexts": [
                {"name": name, "context": {"cluster": "c", "user": name}}
                for name in ("good", "eks", "gke", "aks", "old")
            ],
            "current-context": "good",
        }
    )
    found = {context.name: context for context in list_contexts(text, POLICY)}
    assert [name for name, context in found.items() if context.problem] == ["eks", "gke", "aks"]
    assert [context.cloud for context in found.values()] == [None, Cloud.EKS, Cloud.GKE, Cloud.AKS, None]
    assert found["good"].current
    assert found["old"].password
    assert "canary" not in repr(found)


def test_the_operators_files_are_read_at_each_use(tmp_path: Path) -> None:
    write_kubeconfig(tmp_path)
    access = MountedAccess(file="config", context="prod", bastion=BASTION)
    reader = credentials(directory=tmp_path)
    (tmp_path / "token").write_text("renewed-token")
    credential = opened(reader, access)
    assert credential.token is not None
    assert credential.token.get_secret_value() == "renewed-token"
    assert credential.bastion == BASTION


@pytest.mark.parametrize("name", ["../config", "/etc/passwd", "gone"])
def test_only_files_of_the_directory_are_read(tmp_path: Path, name: str) -> None:
    write_kubeconfig(tmp_path / "mounted")
    write_kubeconfig(tmp_path)
    with pytest.raises(Ai4k8sError):
        opened(credentials(directory=tmp_path / "mounted"), MountedAccess(file=name, context="prod"))


def test_a_mounted_kubeconfig_does_not_lead_out_of_its_directory(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("canary")
    write_kubeconfig(tmp_path / "mounted", tokenFile="../secret")
    with pytest.raises(InvalidInputError, match="outside the directory"):
        opened(credentials(directory=tmp_path / "mounted"), MountedAccess(file="config", context="prod"))


def test_without_a_directory_that_is_told() -> None:
    with pytest.raises(NotConfiguredError, match="no directory"):
        opened(credentials(), MountedAccess(file="config", context="prod"))


def test_the_pods_own_account_is_the_credential_inside_a_cluster(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("canary-token")
    (tmp_path / "ca.crt").write_text(CA.pem)
    reader = credentials(account=tmp_path, environment={"KUBERNETES_SERVICE_HOST": "fd00::1"})
    credential = opened(reader, InClusterAccess())
    assert (credential.server, credential.ca_pem) == ("https://[fd00::1]:443", CA.pem)
    with pytest.raises(NotConfiguredError):
        credentials(account=tmp_path, environment={}).in_cluster()


def test_offers_say_what_can_be_added_and_why_something_cannot(tmp_path: Path) -> None:
    write_kubeconfig(tmp_path)
    (tmp_path / "broken").write_text("kind: [")
    offers = list(credentials(directory=tmp_path, environment={}).offers())
    by_file = {offer.file: offer for offer in offers}
    assert "no service account" in by_file[""].problem
    assert by_file["config"].problem == ""
    assert (by_file["config"].context, by_file["config"].server) == ("prod", "https://10.0.0.1")
    assert "not YAML" in by_file["broken"].problem
    assert "canary" not in repr(offers)


def test_a_missing_credential_says_what_to_do() -> None:
    with pytest.raises(NotFoundError) as caught:
        credentials().open(uuid4(), None)
    assert "settings" in caught.value.hint


def test_every_kind_survives_storing_and_hides_its_secrets() -> None:
    direct = ClusterCredential(server="https://10.0.0.1", token=SecretStr("canary"), bastion=BASTION)
    for access in (direct, MountedAccess(file="f", context="c"), InClusterAccess(bastion=BASTION)):
        assert read_stored(access.to_json()) == access
        assert "canary" not in repr(access)


@pytest.mark.parametrize("text", ["", "ssh-ed25519", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA==", "ssh-ed25519 %%%"])
def test_what_is_no_host_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="host key"):
        parse_host_key(text)


def test_a_host_keys_comment_is_dropped_and_its_fingerprint_is_that_of_openssh() -> None:
    key = parse_host_key(f"{HOST_KEY} root@bastion\n")
    assert key.host_key == HOST_KEY
    raw = base64.b64decode(HOST_KEY.split()[1])
    assert key.fingerprint == "SHA256:" + base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip("=")
