"""Keep which jobs only their owner may see, and in which form the message of a delivery is sent.

Safe while the previous release runs: its jobs may be seen, and its messages are the bot's own, as the columns say by
themselves. A bot of that release would start public jobs from private ones, so replace the bots first.
"""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    ALTER TABLE jobs ADD COLUMN visibility text DEFAULT 'public' NOT NULL,
        ADD CONSTRAINT jobs_visibility_check CHECK (visibility IN ('private', 'public'))
    """,
    "COMMENT ON COLUMN jobs.visibility IS 'who may see it: whoever sees its message, or its owner alone'",
    """
    ALTER TABLE deliveries ADD COLUMN form text DEFAULT 'message' NOT NULL,
        ADD CONSTRAINT deliveries_form_check CHECK (form IN ('answer', 'ephemeral', 'message'))
    """,
    "COMMENT ON COLUMN deliveries.form IS 'whether the message is the bot''s own, or one of its interaction''s token'",
)


def upgrade() -> None:
    """Add the columns."""
    for statement in _STATEMENTS:
        op.execute(statement)
