"""Count how often a job was started, and how many crashes it was in hand at.

Safe while the previous release runs: it only adds columns, with defaults that Postgres keeps in the catalog, so that no
row is rewritten and the previous release inserts jobs as before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both columns."""
    op.add_column(
        "jobs",
        sa.Column(
            "starts",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="only the newest one holds it",
        ),
    )
    op.add_column(
        "jobs",
        sa.Column(
            "crashes",
            sa.SmallInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="engines and painting processes that were lost with the job in hand",
        ),
    )
