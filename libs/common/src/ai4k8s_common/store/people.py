"""What the gateway keeps about how people get in: invitations, resets, second factors, single sign-on, mail to send.

Of every link and code only a hash is kept: a copy of the store opens nothing. A seed of a second factor and a mail,
whose text holds a link, must be read again; they are sealed with the people's key, which the gateway alone holds.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, Integer, LargeBinary, Table, Text, func, text
from sqlalchemy.dialects.postgresql import UUID

from ai4k8s_common.store.base import at_column, metadata


def _person() -> Column[object]:
    return Column("user_id", UUID, ForeignKey("gateway.users.id", ondelete="CASCADE"), nullable=False)


invitations = Table(
    "invitations",
    metadata,
    Column("id", UUID, primary_key=True, server_default=func.gen_random_uuid()),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    # Into a team as well; the team may be gone by the time it is accepted.
    Column("team_id", UUID),
    Column("team_role", Text),
    Column("email", Text),
    Column("created_by", UUID),
    at_column("created_at", default_now=True),
    at_column("expires_at"),
    at_column("accepted_at", nullable=True),
    Column("accepted_by", UUID),
    schema="gateway",
)

password_resets = Table(
    "password_resets",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    _person(),
    Column("created_by", UUID),  # NULL: on the command line, or by mail
    at_column("created_at", default_now=True),
    at_column("expires_at"),
    schema="gateway",
)
Index("ix_password_resets_user_id", password_resets.c.user_id)

second_factors = Table(
    "second_factors",
    metadata,
    Column("user_id", UUID, ForeignKey("gateway.users.id", ondelete="CASCADE"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    at_column("confirmed_at", nullable=True),
    # The time step of the newest code that was accepted: a code that somebody saw does not serve again.
    Column("last_step", BigInteger),
    at_column("created_at", default_now=True),
    schema="gateway",
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("code_hash", LargeBinary, primary_key=True),
    _person(),
    at_column("used_at", nullable=True),
    schema="gateway",
)
Index("ix_recovery_codes_user_id", recovery_codes.c.user_id)

# Who a person is at the provider of single sign-on: never found by an address, which others may claim.
identities = Table(
    "identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    _person(),
    Column("label", Text, nullable=False, server_default=""),
    at_column("created_at", default_now=True),
    at_column("last_used_at", nullable=True),
    schema="gateway",
)
Index("ix_identities_user_id", identities.c.user_id)

# A log-in that is under way at the provider; taken out when it comes back.
sso_attempts = Table(
    "sso_attempts",
    metadata,
    Column("state_hash", LargeBinary, primary_key=True),
    Column("browser_hash", LargeBinary, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("return_to", Text, nullable=False, server_default="/"),
    # The session that wants to be linked with the identity, or to be proven again; NULL for a log-in.
    Column("session_id", UUID),
    Column("purpose", Text, nullable=False),
    Column("invitation_hash", LargeBinary),
    at_column("expires_at"),
    schema="gateway",
)

mails = Table(
    "mails",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("context", UUID, nullable=False, unique=True, server_default=func.gen_random_uuid()),
    Column("sealed", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    at_column("created_at", default_now=True),
    at_column("next_at", default_now=True),
    at_column("expires_at"),
    schema="gateway",
)
