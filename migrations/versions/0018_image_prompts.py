"""Keep with each job the files of the pictures in its prompt.

Safe while the previous release runs: it refuses prompts with pictures, and the jobs that it adds have none. Update the
engines before the bots, because an engine of that release would paint such a prompt from its words alone.
"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE jobs ADD COLUMN image_keys text[] DEFAULT '{}' NOT NULL",
    "COMMENT ON COLUMN jobs.image_keys IS 'files of the pictures in the prompt'",
)


def upgrade() -> None:
    """Add the column."""
    for statement in _STATEMENTS:
        op.execute(statement)
