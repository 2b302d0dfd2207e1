"""Keep in which channels of a guild jobs are started, its language, and where announcements go.

Safe while the previous release runs: it adds a table of which that release knows nothing, so that its bots answer
everywhere until they are replaced, and a column that may be empty.
"""

from __future__ import annotations

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE guild_settings (
        guild_id bigint NOT NULL,
        channels bigint[] DEFAULT '{}' NOT NULL,
        language text,
        announcements bigint,
        CONSTRAINT guild_settings_pkey PRIMARY KEY (guild_id),
        CONSTRAINT guild_settings_channels_check CHECK (cardinality(channels) <= 25)
    )
    """,
    "COMMENT ON TABLE guild_settings IS 'what those who manage a guild set for it; without a row nothing is set'",
    "COMMENT ON COLUMN guild_settings.channels IS"
    " 'where jobs are started, and in their threads; everywhere if there is none'",
    "COMMENT ON COLUMN guild_settings.language IS 'of replies; none for that of each member'",
    "COMMENT ON COLUMN guild_settings.announcements IS 'the channel of the operator''s announcements'",
    "CREATE INDEX guild_settings_language_idx ON guild_settings (guild_id) WHERE language IS NOT NULL",
    "CREATE INDEX guild_settings_announcements_idx ON guild_settings (guild_id) WHERE announcements IS NOT NULL",
    "ALTER TABLE mask_pages ADD COLUMN thread_parent_id bigint",
    "COMMENT ON COLUMN mask_pages.thread_parent_id IS 'the channel of the thread that channel_id is'",
)


def upgrade() -> None:
    """Create the table, and add the column."""
    for statement in _STATEMENTS:
        op.execute(statement)
