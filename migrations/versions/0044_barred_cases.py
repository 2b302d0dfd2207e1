"""Keep as a case of its guild that a picture was like one that must never appear.

Safe while the previous release runs: it adds a word of cases. Where there is such a case, `/safety cases` of that
release fails until its bots are replaced.
"""

from __future__ import annotations

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    ALTER TABLE moderation_cases
        DROP CONSTRAINT moderation_cases_kind_check,
        ADD CONSTRAINT moderation_cases_kind_check CHECK (kind IN ('allow', 'appeal', 'barred', 'report'))
    """,
)


def upgrade() -> None:
    """Take the word."""
    for statement in _STATEMENTS:
        op.execute(statement)
