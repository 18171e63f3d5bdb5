"""Links by mail: asked for by whoever forgot, sent by a real mail server's protocol, told to nobody who should not know."""

from __future__ import annotations

import contextlib
import re
import socketserver
import threading
from email import message_from_bytes
from typing import TYPE_CHECKING

import httpx
import pytest

from ai4k8s_gateway.accounts.mail import Mail, MailNotSentError, Postman, SmtpMailer
from ai4k8s_gateway.accounts.mail_settings import MailSecurity, MailSettings
from tests.support.gateway import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.gateway import RunningGateway

OTHER = "another horse battery"


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP as a client needs, and keeps what it is given."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.taken: list[tuple[str, bytes]] = []
        self.refuses = False


class _Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        recipient = ""
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.taken.append((recipient, b"".join(lines)))
            elif word == b"RCPT":
                recipient = line.decode().partition("<")[2].partition(">")[0]
                if self.server.refuses:
                    self.wfile.write(b"451 later\r\n")
                    continue
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 fine\r\n")


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        with contextlib.ExitStack() as stack:
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            yield server


def forgot(gateway: RunningGateway, who: str) -> tuple[int, str]:
    answer = httpx.post(f"{gateway.url}/api/v1/auth/forgot", json={"username_or_email": who})
    return answer.status_code, answer.text


def test_who_forgot_gets_a_link_by_mail_and_nobody_learns_who_has_an_account(
    start_gateway: Callable[..., RunningGateway], mail_server: MailServer
):
    settings = MailSettings(host="127.0.0.1", port=mail_server.server_address[1], security=MailSecurity.NONE)
    gateway = start_gateway(mail=settings, public_url="https://ai4k8s.example.org")
    gateway.person("ada")
    postman = Postman(gateway.wiring.bus, gateway.wiring.secrets, SmtpMailer(settings))
    assert httpx.get(f"{gateway.url}/api/v1/auth/ways").json()["resets_by_mail"] is True

    answers = [forgot(gateway, who) for who in ("ADA@example.org", "nobody@example.org", "ada")]

    assert answers[0][0] == 202
    assert len(set(answers)) == 1
    stored = str(gateway.execute("SELECT m::text FROM gateway.mails m"))
    assert "ada" not in stored
    mail_server.refuses = True
    assert postman.send_one()
    assert mail_server.taken == []
    mail_server.refuses = False
    gateway.execute("UPDATE gateway.mails SET next_at = now()")
    assert postman.send_one()
    assert not postman.send_one()  # asked for twice within minutes, sent once
    ((recipient, raw),) = mail_server.taken
    text = str(message_from_bytes(raw).get_payload())
    found = re.search(r"https://ai4k8s\.example\.org/reset#(\S+)", text)
    assert found is not None
    assert recipient == "ada@example.org"
    body = {"token": found[1], "password": OTHER}
    assert httpx.post(f"{gateway.url}/api/v1/auth/reset/password", json=body).status_code == 200
    logged_in = httpx.post(f"{gateway.url}/api/v1/auth/login", json={"username": "ada", "password": OTHER})
    assert logged_in.status_code == 200
    assert PASSWORD not in text


def test_without_a_mail_server_it_is_told_so(shared_gateway: RunningGateway):
    status, text = forgot(shared_gateway, "ada")

    assert status == 501
    assert "administrator" in text
    with pytest.raises(MailNotSentError):
        SmtpMailer(MailSettings(host="127.0.0.1", port=1)).send(Mail("ada@example.org", "subject", "text"))
