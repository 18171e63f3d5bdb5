"""A Postgres of a benchmark's own, migrated, gone when the benchmark is over."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.support.stores import TEMPLATE, TestRun, make_template, new_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.stores import Database


@contextmanager
def own_database() -> Iterator[Database]:
    """Start it, hand out a database, stop it."""
    run = TestRun()
    try:
        server = run.postgres()
        make_template(server)
        yield from new_database(server, TEMPLATE)
    finally:
        run.end()
