"""Keep with a job how many of its member's jobs may be painted at once.

Safe while the previous release runs: it knows nothing of the column, and where its engines end a job, the member's next
one waits until an engine of this release looks, within half a minute.
"""

from __future__ import annotations

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE jobs ADD COLUMN max_running smallint, ADD CONSTRAINT jobs_max_running_check CHECK (max_running > 0)",
    "COMMENT ON COLUMN jobs.max_running IS 'how many jobs of its member are painted at once with it'",
)


def upgrade() -> None:
    """Add the column."""
    for statement in _STATEMENTS:
        op.execute(statement)
