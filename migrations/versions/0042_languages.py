"""Keep in which language each message is, for what is said in it later.

Safe while the previous release runs: what it adds is in English, which is what it speaks.
"""

from __future__ import annotations

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_TABLES = {
    "deliveries": "of its message",
    "exports": "in which the member is told",
    "mask_pages": "of the message that it starts",
    "moderation_cases": "in which who appeals is told",
}
_COLUMN = "ALTER TABLE {table} ADD COLUMN language text DEFAULT 'en' NOT NULL"
_COMMENT = "COMMENT ON COLUMN {table}.language IS '{comment}'"


def upgrade() -> None:
    """Add the columns."""
    for table, comment in _TABLES.items():
        op.execute(_COLUMN.format(table=table))
        op.execute(_COMMENT.format(table=table, comment=comment))
