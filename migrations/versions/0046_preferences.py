"""Keep what members want to hold for each of their prompts.

Safe while the previous release runs: it writes no members but new ones, who prefer nothing; its bots read prompts as
they are until they are replaced.
"""

from __future__ import annotations

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE members ADD COLUMN preferences jsonb DEFAULT '{}' NOT NULL",
    "COMMENT ON COLUMN members.preferences IS 'what holds for each prompt: settings, suffix and options'",
)


def upgrade() -> None:
    """Add the column."""
    for statement in _STATEMENTS:
        op.execute(statement)
