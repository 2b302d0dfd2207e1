"""Keep what the operator announces, and where it was posted.

Safe while the previous release runs: it adds tables alone.
"""

from __future__ import annotations

from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE announcements (
        id uuid CONSTRAINT announcements_pkey PRIMARY KEY,
        text text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "COMMENT ON TABLE announcements IS 'what the operator has announced'",
    """
    CREATE TABLE announcement_posts (
        announcement_id uuid CONSTRAINT announcement_posts_announcement_id_fkey
            REFERENCES announcements ON DELETE CASCADE,
        guild_id bigint,
        state text NOT NULL DEFAULT 'waiting' CONSTRAINT announcement_posts_state_check
            CHECK (state IN ('posted', 'refused', 'unwanted', 'waiting')),
        channel_id bigint,
        message_id bigint,
        attempts integer NOT NULL DEFAULT 0,
        due_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT announcement_posts_pkey PRIMARY KEY (announcement_id, guild_id),
        CONSTRAINT announcement_posts_message_check CHECK ((state = 'posted') = (message_id IS NOT NULL))
    )
    """,
    "COMMENT ON TABLE announcement_posts IS 'an announcement in each guild that wanted it when it was made'",
    "COMMENT ON COLUMN announcement_posts.channel_id IS 'where it was tried first, and is tried again'",
    """
    COMMENT ON COLUMN announcement_posts.due_at
    IS 'when it is tried; while a process posts it, when another one may'
    """,
    "CREATE INDEX announcement_posts_due_idx ON announcement_posts (due_at) WHERE state = 'waiting'",
)


def upgrade() -> None:
    """Create the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
