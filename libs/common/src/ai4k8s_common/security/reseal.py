"""Rotation of the key that secrets are sealed with: every stored one is opened and sealed anew for the present key.

    python -m ai4k8s_common.security.reseal new     makes a key pair, and says what to do with it
    python -m ai4k8s_common.security.reseal         seals everything stored for the first of the private keys

Needs AI4K8S_DATABASE_URL of the database's owner, and AI4K8S_CREDENTIALS_PRIVATE_KEY with the new key before the old
ones; the same of AI4K8S_PEOPLE_PRIVATE_KEY, where there is one. Services go on meanwhile: they read either. Each row is
a transaction of its own and changes only if it is still the one that was read, so it can be stopped, run again, and run
beside somebody who gives a new credential.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import create_engine, select, update
from sqlalchemy.exc import SQLAlchemyError

from ai4k8s_common.errors import UnavailableError
from ai4k8s_common.security.sealed import (
    SealBrokenError,
    generate_key_pair,
    is_sealed_for,
    public_key_of,
    seal,
    split_keys,
    unseal,
)
from ai4k8s_common.settings import LogSettings, PeopleKeySettings, StoreSettings, UnsealSettings
from ai4k8s_common.store.engine import store_url
from ai4k8s_common.store.gateway import cluster_credentials
from ai4k8s_common.store.people import mails, second_factors
from ai4k8s_common.telemetry.logs import configure_logs

if TYPE_CHECKING:
    from sqlalchemy import Column, Engine, Table

log = structlog.stdlib.get_logger(__name__)


class Key(StrEnum):
    """Which key something is sealed for: the gateway can open what is people's, and not what is clusters'."""

    CREDENTIALS = "credentials"
    PEOPLE = "people"


@dataclass(frozen=True)
class SealedColumn:
    """Where sealed secrets are: `context` is the column whose text they are bound to."""

    key: Key
    table: Table
    context: Column[object]
    sealed: Column[bytes]


COLUMNS: tuple[SealedColumn, ...] = (
    SealedColumn(Key.CREDENTIALS, cluster_credentials, cluster_credentials.c.cluster_id, cluster_credentials.c.sealed),
    SealedColumn(Key.PEOPLE, second_factors, second_factors.c.user_id, second_factors.c.sealed),
    SealedColumn(Key.PEOPLE, mails, mails.c.context, mails.c.sealed),
)


@dataclass(frozen=True)
class Outcome:
    """How many were sealed anew, how many were already, and which could not be opened with any of the keys."""

    resealed: int
    unchanged: int
    unreadable: tuple[str, ...]


def reseal(engine: Engine, private_keys: str, key: Key = Key.CREDENTIALS) -> Outcome:
    """Seal everything of one kind for the first key. What no key opens is left as it is and named.

    Raises SealBrokenError when there is no key, UnavailableError when the database does not answer.
    """
    present = public_key_of(split_keys(private_keys)[0])
    resealed, unchanged, unreadable = 0, 0, []
    try:
        for column in (column for column in COLUMNS if column.key is key):
            with engine.connect() as connection:
                rows = list(connection.execute(select(column.context, column.sealed)))
            for context, sealed in rows:
                if is_sealed_for(present, bytes(sealed)):
                    unchanged += 1
                    continue
                try:
                    plaintext = unseal(private_keys, bytes(sealed), str(context))
                except SealBrokenError:
                    unreadable.append(f"{column.table.fullname} {context}")
                    continue
                resealed += _replace(engine, column, context, bytes(sealed), seal(present, plaintext, str(context)))
    except SQLAlchemyError as error:
        message = str(error.__cause__ or error).strip().splitlines()[0]
        raise UnavailableError(f"the database does not answer or refuses: {message}") from error
    return Outcome(resealed, unchanged, tuple(unreadable))


def _replace(engine: Engine, column: SealedColumn, context: object, before: bytes, after: bytes) -> int:
    with engine.begin() as connection:
        statement = update(column.table).where(column.context == context, column.sealed == before)
        return int(connection.execute(statement.values({column.sealed: after})).rowcount)


def main() -> None:
    """Entry point."""
    if sys.argv[1:] == ["new"]:
        public, private = generate_key_pair()
        answer = {"credentials_public_key": public, "credentials_private_key": private, "next": NEXT}
        sys.stdout.write(json.dumps(answer, indent=2) + "\n")
        return
    configure_logs("reseal", LogSettings())
    engine = create_engine(store_url(StoreSettings().database_url.get_secret_value()))
    people = PeopleKeySettings().people_private_key
    try:
        outcomes = [reseal(engine, UnsealSettings().credentials_private_key.get_secret_value())]
        if people is not None:
            outcomes.append(reseal(engine, people.get_secret_value(), Key.PEOPLE))
    except (SealBrokenError, UnavailableError) as error:
        sys.exit(f"{error.detail}. {error.hint}".strip())
    finally:
        engine.dispose()
    resealed, unchanged = (sum(getattr(one, name) for one in outcomes) for name in ("resealed", "unchanged"))
    log.info("secrets_resealed", resealed=resealed, unchanged=unchanged)
    unreadable = [name for outcome in outcomes for name in outcome.unreadable]
    if unreadable:
        # Nothing may be forgotten while something still needs it.
        sys.exit(f"no key opens: {', '.join(unreadable)}. Add the key they were sealed for, or give them again.")


NEXT = (
    "1. Give collector, scaler and chat AI4K8S_CREDENTIALS_PRIVATE_KEY=<new>,<old> and restart them. "
    "2. Give the gateway AI4K8S_CREDENTIALS_PUBLIC_KEY=<new> and restart it. "
    "3. Run this module without arguments. 4. Take the old key away and restart. "
    "The gateway's AI4K8S_PEOPLE_PRIVATE_KEY is followed by another private key in the same way."
)

if __name__ == "__main__":
    main()
