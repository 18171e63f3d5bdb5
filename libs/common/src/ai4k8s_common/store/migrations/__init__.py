"""Alembic's revisions, one file a step; a released one never changes."""
