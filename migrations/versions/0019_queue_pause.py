"""Let an operator pause the queue.

Safe while the previous release runs: it adds a table of which that release knows nothing, so that its engines go on
taking jobs until they are replaced.
"""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE queue_pause (
        only_row boolean DEFAULT true NOT NULL,
        paused_at timestamp with time zone DEFAULT now() NOT NULL,
        CONSTRAINT queue_pause_pkey PRIMARY KEY (only_row),
        CONSTRAINT queue_pause_only_row_check CHECK (only_row)
    )
    """,
    "COMMENT ON TABLE queue_pause IS 'has a row while engines take no jobs'",
)


def upgrade() -> None:
    """Create the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
