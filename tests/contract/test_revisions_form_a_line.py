"""Revisions of the store form one line. Said without a database, so that it is seen before anything else fails."""

from __future__ import annotations

from alembic.script import ScriptDirectory

from ai4k8s_common.store.migrate import alembic_config


def test_revisions_form_one_line_from_the_first_to_the_only_head() -> None:
    script = ScriptDirectory.from_config(alembic_config())
    assert len(script.get_heads()) == 1
    line = list(script.walk_revisions())
    assert len({revision.down_revision for revision in line}) == len(line)
