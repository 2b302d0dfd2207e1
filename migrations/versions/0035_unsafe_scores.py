"""Keep what a classifier says of each picture.

Safe while the previous release runs: it adds a column that may be empty, which that release leaves so.
"""

from __future__ import annotations

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE pictures ADD COLUMN unsafe_score real",
    "COMMENT ON COLUMN pictures.unsafe_score IS 'unsafe over 0; none where no classifier has looked at it'",
)


def upgrade() -> None:
    """Add the column."""
    for statement in _STATEMENTS:
        op.execute(statement)
