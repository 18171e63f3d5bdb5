"""The second factor: set up, confirmed with a first code, asked for at log-in by password, and taken away again."""

from __future__ import annotations

import base64
import io
import secrets as randomness
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import ConflictError, NotFoundError, UnauthenticatedError
from ai4k8s_gateway.accounts import second_factor_repository as rows
from ai4k8s_gateway.domain import one_time_codes as codes

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_gateway.accounts.secrets import PeoplesSecrets

_SEED_BYTES = 20
_ISSUER = "AI4K8s"
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # without what looks alike; 32 letters, 5 bits each


class SecondStepRequiredError(UnauthenticatedError):
    """The password is right, and the account has a second factor."""

    code = "second_step_required"


class WrongCodeError(UnauthenticatedError):
    """Neither the present code nor an unused recovery code."""

    code = "wrong_code"


def begin(connection: Connection, secrets: PeoplesSecrets, user_id: UUID) -> bytes:
    """Make a seed that counts once it is confirmed. Raises ConflictError when one is confirmed already."""
    seed = randomness.token_bytes(_SEED_BYTES)
    if not rows.put_unconfirmed(connection, user_id, secrets.seal(seed, str(user_id))):
        raise ConflictError("there is a second factor already", hint="Take it away first.")
    return seed


def confirm(connection: Connection, secrets: PeoplesSecrets, user_id: UUID, code: str) -> list[str]:
    """Let it count, and return the recovery codes, which are shown this once.

    Raises WrongCodeError, NotFoundError.
    """
    _unconfirmed(connection, user_id)
    _check_totp(connection, secrets, user_id, code)
    rows.confirm(connection, user_id, utc_now())
    return renew_recovery_codes(connection, user_id)


def unconfirmed_seed(connection: Connection, secrets: PeoplesSecrets, user_id: UUID) -> bytes:
    """Return the seed that is being set up; a confirmed one is never shown again. Raises NotFoundError."""
    return secrets.open(_unconfirmed(connection, user_id).sealed, str(user_id))


def renew_recovery_codes(connection: Connection, user_id: UUID) -> list[str]:
    """Make new ones; the old ones end."""
    made = [_recovery_code() for _ in range(codes.RECOVERY_CODES)]
    rows.put_recovery_codes(connection, user_id, [codes.hash_recovery_code(code, str(user_id)) for code in made])
    return made


def is_asked_of(connection: Connection, user_id: UUID) -> bool:
    """Whether somebody has confirmed one."""
    row = rows.find(connection, user_id)
    return row is not None and row.confirmed_at is not None


def check(connection: Connection, secrets: PeoplesSecrets, user_id: UUID, code: str | None) -> None:
    """Accept a code once, where one is asked for.

    Raises SecondStepRequiredError without a code, WrongCodeError for a wrong or used one.
    """
    if not is_asked_of(connection, user_id):
        return
    if not code:
        raise SecondStepRequiredError(
            "the second factor is asked for", hint="Send the code of the app, or a recovery code, along."
        )
    if codes.looks_like_totp(code):
        _check_totp(connection, secrets, user_id, code)
    elif not rows.use_recovery_code(connection, user_id, codes.hash_recovery_code(code, str(user_id)), utc_now()):
        raise _wrong()


def text_of(seed: bytes) -> str:
    """Return a seed as apps take it when it is typed."""
    return base64.b32encode(seed).decode().rstrip("=")


def address_of(seed: bytes, username: str) -> str:
    """Return a seed as apps take it from a picture."""
    label = quote(f"{_ISSUER}:{username}")
    return f"otpauth://totp/{label}?secret={text_of(seed)}&issuer={_ISSUER}&algorithm=SHA1&digits=6&period=30"


def picture_of(address: str) -> bytes:
    """Return the QR code as an SVG of its own."""
    import segno  # noqa: PLC0415 - only who sets one up needs it

    out = io.BytesIO()
    segno.make(address, error="m").save(out, kind="svg", scale=5, border=4, dark="#000", light="#fff")
    return out.getvalue()


def _unconfirmed(connection: Connection, user_id: UUID) -> rows.SecondFactorRow:
    row = rows.find(connection, user_id)
    if row is None or row.confirmed_at is not None:
        raise NotFoundError("no second factor is being set up", hint="Begin anew.")
    return row


def _check_totp(connection: Connection, secrets: PeoplesSecrets, user_id: UUID, code: str) -> None:
    row = rows.find(connection, user_id)
    if row is None:
        raise _wrong()
    step = codes.step_of(secrets.open(row.sealed, str(user_id)), code, time.time())
    if step is None or not rows.use_step(connection, user_id, step):
        raise _wrong()


def _wrong() -> WrongCodeError:
    return WrongCodeError(
        "the code is wrong, or was used before", hint="Wait for the app's next code, or use a recovery code."
    )


def _recovery_code() -> str:
    groups = (
        "".join(randomness.choice(_ALPHABET) for _ in range(codes.RECOVERY_GROUP_LENGTH))
        for _ in range(codes.RECOVERY_GROUPS)
    )
    return "-".join(groups)
