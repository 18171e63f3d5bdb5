"""A certificate authority of its own for each simulated cluster, and the kubeconfig that trusts it.

kubectl sends no bearer token over plain HTTP, so a cluster that real clients can use must speak TLS.
"""

import base64
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ai4k8s_simcluster.persistence import write_private

_CA_DAYS = 3650
_SERVER_DAYS = 365
_CLIENT_DAYS = 365
_CONTEXT = "simcluster"


@dataclass(frozen=True, slots=True)
class Identity:
    """What the server shows and asks for."""

    ca_certificate: bytes
    ca_file: Path
    certificate_file: Path
    key_file: Path
    token: str


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _make_authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("simcluster-ca")
    certificate = (
        _builder(name, name, key.public_key(), _CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _make_server(
    authority: tuple[ec.EllipticCurvePrivateKey, x509.Certificate], host: str
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    ca_key, ca = authority
    key = ec.generate_private_key(ec.SECP256R1())
    hosts = dict.fromkeys([host, "127.0.0.1", "::1", "localhost", "kubernetes.default.svc"])
    certificate = (
        _builder(_name("simcluster"), ca.subject, key.public_key(), _SERVER_DAYS)
        .add_extension(x509.SubjectAlternativeName([_alternative(found) for found in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return key, certificate


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate that names a user, and its key; both in PEM."""

    certificate: bytes
    key: bytes


def make_client_certificate(directory: Path, user: str, groups: Sequence[str] = ()) -> ClientCertificate:
    """Return a certificate for a user (its common name) in groups (its organisations), signed by the authority of a
    state directory.
    """
    ca_key, ca = _load_authority(directory)
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    subject = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, user)])
    certificate = (
        _builder(subject, ca.subject, key.public_key(), _CLIENT_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return ClientCertificate(certificate.public_bytes(serialization.Encoding.PEM), _pem(key))


def _load_authority(directory: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    path = directory / "ca.key"
    ca = x509.load_pem_x509_certificate((directory / "ca.crt").read_bytes())
    loaded = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} is not a key of this program")
    return loaded, ca


def load_identity(directory: Path, host: str) -> Identity:
    """Return the cluster's identity: authority and token as kept in the directory, a server certificate made
    anew.
    """
    ca_file, ca_key_file, token_file = directory / "ca.crt", directory / "ca.key", directory / "token"
    if ca_file.exists() and ca_key_file.exists():
        ca_key, ca = _load_authority(directory)
    else:
        ca_key, ca = _make_authority()
        write_private(ca_key_file, _pem(ca_key))
        write_private(ca_file, ca.public_bytes(serialization.Encoding.PEM))
    key, certificate = _make_server((ca_key, ca), host)
    write_private(directory / "server.key", _pem(key))
    write_private(directory / "server.crt", certificate.public_bytes(serialization.Encoding.PEM))
    if not token_file.exists():
        write_private(token_file, secrets.token_urlsafe(32).encode())
    return Identity(
        ca.public_bytes(serialization.Encoding.PEM),
        ca_file,
        directory / "server.crt",
        directory / "server.key",
        token_file.read_text().strip(),
    )


def kubeconfig(url: str, identity: Identity) -> bytes:
    """Return a kubeconfig for the cluster's one user."""
    cluster = {
        "server": url,
        "certificate-authority-data": base64.b64encode(identity.ca_certificate).decode(),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _CONTEXT, "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": identity.token}}],
        "contexts": [{"name": _CONTEXT, "context": {"cluster": _CONTEXT, "user": "admin"}}],
        "current-context": _CONTEXT,
        "preferences": {},
    }
    return yaml.safe_dump(document, sort_keys=False).encode()
