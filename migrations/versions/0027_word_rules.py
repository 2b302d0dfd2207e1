"""Keep the words that prompts in a guild may not have, and who changed the settings of a guild.

Safe while the previous release runs: it adds two tables of which that release knows nothing, so that its bots go on
taking any words until they are replaced.
"""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE guild_words (
        guild_id bigint NOT NULL,
        rules text[] NOT NULL,
        CONSTRAINT guild_words_pkey PRIMARY KEY (guild_id)
    )
    """,
    "COMMENT ON TABLE guild_words IS 'words that prompts in a guild may not have'",
    "COMMENT ON COLUMN guild_words.rules IS 'as engine.safety.words reads them'",
    """
    CREATE TABLE guild_changes (
        press_id bigint NOT NULL,
        guild_id bigint NOT NULL,
        member_id uuid,
        setting text NOT NULL,
        added text[] NOT NULL,
        removed text[] NOT NULL,
        at timestamp with time zone NOT NULL,
        CONSTRAINT guild_changes_pkey PRIMARY KEY (press_id),
        CONSTRAINT guild_changes_setting_check CHECK (setting IN ('words'))
    )
    """,
    "COMMENT ON TABLE guild_changes IS "
    "'who changed what in the settings of a guild, by the interaction that did; append-only'",
    "COMMENT ON COLUMN guild_changes.member_id IS 'none once they are erased'",
    "CREATE INDEX guild_changes_member_id_idx ON guild_changes (member_id)",
    "CREATE INDEX guild_changes_guild_id_press_id_idx ON guild_changes (guild_id, press_id)",
)


def upgrade() -> None:
    """Create the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
