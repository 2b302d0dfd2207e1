"""Add whether a member's buttons ask for the prompt of the job that they start.

Safe while the previous release runs: it writes no members but new ones, for whom it is off.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE members ADD COLUMN has_remix boolean DEFAULT false NOT NULL",
    "COMMENT ON COLUMN members.has_remix IS 'whether buttons that start a job ask for its prompt first'",
)


def upgrade() -> None:
    """Add the column."""
    for statement in _STATEMENTS:
        op.execute(statement)
