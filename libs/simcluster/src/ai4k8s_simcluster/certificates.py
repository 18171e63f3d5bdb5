"""Carries the client's certificate from the TLS connection to the application, which uvicorn does not do itself."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CERTIFICATE_STATE = "client_certificate"


class CertificateProtocol(HttpToolsProtocol):
    """HTTP whose requests know the certificate that their connection was made with.

    TLS has checked it against the cluster's authority already. It travels in the state that every request and every
    WebSocket of the connection is given.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn itself
        """Begin a connection."""
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        if certificate:
            self.app_state = {**self.app_state, CERTIFICATE_STATE: certificate}
