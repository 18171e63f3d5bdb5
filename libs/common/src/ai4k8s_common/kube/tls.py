"""TLS from memory: keys of clusters never touch a disk."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING

from ai4k8s_common.errors import InvalidInputError

if TYPE_CHECKING:
    from ai4k8s_common.kube.credentials import ClusterCredential


def ssl_context(credential: ClusterCredential) -> ssl.SSLContext:
    """Build the context of one cluster.

    Raises InvalidInputError when its certificates or key cannot be used.
    """
    try:
        context = ssl.create_default_context(cadata=credential.ca_pem)
        # Newer Pythons also demand key identifiers that many clusters' own CAs were made without.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if credential.insecure_skip_tls_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if credential.client_certificate_pem is not None and credential.client_key_pem is not None:
            _load_client_certificate(
                context, credential.client_certificate_pem, credential.client_key_pem.get_secret_value()
            )
    except (ssl.SSLError, ValueError, OSError):
        raise InvalidInputError(
            "the cluster's CA or client certificate cannot be used",
            hint="Check that the PEM texts are whole, and that key and certificate belong together.",
        ) from None
    return context


def _load_client_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    # OpenSSL's binding reads only files; an anonymous one in memory vanishes with its descriptor.
    descriptor = os.memfd_create("ai4k8s-client", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, f"{certificate.rstrip()}\n{key.rstrip()}\n".encode())
        # An empty password keeps OpenSSL from asking the terminal for one.
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password="")
    finally:
        os.close(descriptor)
