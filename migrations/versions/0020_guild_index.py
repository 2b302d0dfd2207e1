"""Index the feedback log by guild, so that the export of one does not read what happened in all others.

Safe while the previous release runs: it only adds indexes. What is written to the log waits while Postgres reads it,
some seconds per million rows.
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "CREATE INDEX actions_guild_id_member_id_idx ON actions (guild_id, member_id)",
    "CREATE INDEX actions_excluding_idx ON actions (press_id) WHERE verb IN ('delete', 'report')",
    "CREATE INDEX impressions_guild_id_member_id_idx ON impressions (guild_id, member_id)",
)


def upgrade() -> None:
    """Add the indexes."""
    for statement in _STATEMENTS:
        op.execute(statement)
