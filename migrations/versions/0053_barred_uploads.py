"""Keep whether a picture that must never appear was brought by its member, because that made no case for moderators.

Safe while the previous release runs: it reads such a case as one of a job.
"""

from __future__ import annotations

from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE moderation_cases ADD COLUMN is_brought boolean DEFAULT false NOT NULL",
    """
    COMMENT ON COLUMN moderation_cases.is_brought IS
        'whether the member brought the picture that must never appear'
    """,
)


def upgrade() -> None:
    """Add the column."""
    for statement in _STATEMENTS:
        op.execute(statement)
