"""Mail: written into the store with the change that asks for it, sealed, and sent by a thread of the gateway.

A mail that cannot be sent is tried again until the link in it has ended. A request never waits for a mail server, and
how long it takes tells nobody whether an address is known.
"""

from __future__ import annotations

import json
import smtplib
import ssl
import threading
import uuid
from dataclasses import asdict, dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING, Protocol

import structlog
from sqlalchemy import delete, insert, select, update

from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import Ai4k8sError, UnavailableError
from ai4k8s_common.store.people import mails
from ai4k8s_gateway.accounts.mail_settings import MailSecurity

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from ai4k8s_common.bus.transaction import Bus
    from ai4k8s_gateway.accounts.mail_settings import MailSettings
    from ai4k8s_gateway.accounts.secrets import PeoplesSecrets

TIMEOUT_SECONDS = 20.0
LOOK_EVERY_SECONDS = 2.0
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=10)

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Mail:
    """One mail to one person."""

    recipient: str
    subject: str
    text: str


class MailNotSentError(UnavailableError):
    """The mail server does not take it now."""

    code = "mail_not_sent"


class Mailer(Protocol):
    """Takes mail to people."""

    def send(self, mail: Mail) -> None:
        """Send it. Raises MailNotSentError."""


class SmtpMailer:
    """By a mail server."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings

    def send(self, mail: Mail) -> None:
        """Send it."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._settings.sender, mail.recipient, mail.subject
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        try:
            with self._connect() as server:
                server.send_message(message)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise MailNotSentError(f"the mail server does not take it: {type(error).__name__}") from error

    def _connect(self) -> smtplib.SMTP:
        settings, host = self._settings, self._settings.host or ""
        if settings.security is MailSecurity.TLS:
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, settings.port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, settings.port, timeout=TIMEOUT_SECONDS)
        if settings.security is MailSecurity.STARTTLS:
            server.starttls(context=ssl.create_default_context())
        if settings.username is not None and settings.password is not None:
            server.login(settings.username, settings.password.get_secret_value())
        return server


def post(connection: Connection, secrets: PeoplesSecrets, mail: Mail, expires_at: datetime) -> None:
    """Keep a mail to be sent, with this transaction. Raises NotConfiguredError without a key to seal it with."""
    context = uuid.uuid4()
    sealed = secrets.seal(json.dumps(asdict(mail)).encode(), str(context))
    connection.execute(insert(mails).values(context=context, sealed=sealed, expires_at=expires_at))


class Postman:
    """Sends what is kept; several gateways share the work."""

    def __init__(self, bus: Bus, secrets: PeoplesSecrets, mailer: Mailer) -> None:
        self._bus, self._secrets, self._mailer = bus, secrets, mailer
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="postman", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the mail that is under way."""
        self._stopping.set()
        self._thread.join(TIMEOUT_SECONDS)

    def send_one(self) -> bool:
        """Send the mail that waits longest; False when none is due. Raises what the store raises."""
        now = utc_now()
        with self._bus.transaction() as tx:
            tx.connection.execute(delete(mails).where(mails.c.expires_at <= now))
            due = select(mails).where(mails.c.next_at <= now).order_by(mails.c.next_at).limit(1)
            row = tx.connection.execute(due.with_for_update(skip_locked=True)).one_or_none()
            if row is None:
                return False
            try:
                opened = json.loads(self._secrets.open(bytes(row.sealed), str(row.context)))
                self._mailer.send(Mail(**opened))
            except Ai4k8sError as error:
                wait = min(FIRST_WAIT * 2 ** min(row.attempts, 10), LONGEST_WAIT)
                log.warning("mail_not_sent", mail=row.id, attempts=row.attempts + 1, error=error.detail)
                later = update(mails).where(mails.c.id == row.id)
                tx.connection.execute(later.values(attempts=row.attempts + 1, next_at=now + wait))
            else:
                log.info("mail_sent", mail=row.id)
                tx.connection.execute(delete(mails).where(mails.c.id == row.id))
        return True

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_SECONDS):
            try:
                while self.send_one() and not self._stopping.is_set():
                    pass
            except Ai4k8sError as error:  # the store is away; it comes back
                log.warning("mail_waits", error=error.detail)
