"""Keep in which language the member of a delivery reads direct messages, because a result may be moved to them.

Safe while the previous release runs: it leaves the column empty, and what it moves stays in the language of the server.
"""

from __future__ import annotations

from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE deliveries ADD COLUMN direct_language text",
    "COMMENT ON COLUMN deliveries.direct_language IS 'of the direct messages of its member'",
)


def upgrade() -> None:
    """Add the column."""
    for statement in _STATEMENTS:
        op.execute(statement)
