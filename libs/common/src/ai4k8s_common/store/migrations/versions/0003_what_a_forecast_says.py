"""A forecast says trend, peak, rhythms, growth and shifts beside its numbers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add columns that may be empty: the previous release goes on writing its rows."""
    for name, kind in (
        ("trend", sa.Text()),
        ("trend_p_value", sa.Double()),
        ("peak_at", sa.DateTime(timezone=True)),
        ("peak_value", sa.Double()),
        ("rhythms", JSONB()),
        ("growth_per_week", sa.Double()),
        ("shifted_at", sa.DateTime(timezone=True)),
        ("shift_value", sa.Double()),
        ("skill", sa.Double()),
    ):
        op.add_column("forecasts", sa.Column(name, kind, nullable=True), schema="forecaster")
