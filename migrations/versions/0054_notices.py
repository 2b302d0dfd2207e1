"""Keep which message told a member that Discord lets the bot send them nothing, because an erasure could not delete it.

Safe while the previous release runs: it does not know the column, and leaves it empty.
"""

from __future__ import annotations

from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE original_requests ADD COLUMN told_message_id bigint",
    """
    COMMENT ON COLUMN original_requests.told_message_id IS 'the message in the channel that told them'
    """,
    """
    COMMENT ON COLUMN original_requests.is_told IS
        'whether the member was told that Discord lets the bot send them none'
    """,
)


def upgrade() -> None:
    """Add the column."""
    for statement in _STATEMENTS:
        op.execute(statement)
