"""Keep up to which delivery the grids of `/rank` are entered, because each start of a bot looked through all of them.

Safe while the previous release runs: it does not know the table, and looks through all as before.
"""

from __future__ import annotations

from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE rank_filled (
        is_only boolean DEFAULT true NOT NULL,
        up_to uuid NOT NULL,
        CONSTRAINT rank_filled_pkey PRIMARY KEY (is_only),
        CONSTRAINT rank_filled_is_only_check CHECK (is_only)
    )
    """,
    "COMMENT ON TABLE rank_filled IS 'up to which delivery every grid is among those that may be compared'",
    "COMMENT ON COLUMN rank_filled.up_to IS 'a delivery, by its id, which rises with time'",
)


def upgrade() -> None:
    """Create the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
