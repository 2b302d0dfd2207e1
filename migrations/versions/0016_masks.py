"""Keep the pages on which members paint masks, and find the jobs that have a mask.

Safe while the previous release runs: it adds a table and an index of what no job of that release has. Engines of that
release paint nothing with a mask: upgrade the engines before the bot, which lets members paint them.
"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE mask_pages (
        id uuid NOT NULL,
        press_id bigint NOT NULL,
        member_id uuid NOT NULL,
        job_id uuid NOT NULL,
        slot smallint NOT NULL,
        secret text NOT NULL,
        channel_id bigint NOT NULL,
        guild_id bigint,
        message_id bigint,
        shown_slot smallint,
        shown_at timestamp with time zone,
        surface text NOT NULL,
        is_nsfw_channel boolean,
        created_at timestamp with time zone DEFAULT now() NOT NULL,
        CONSTRAINT mask_pages_pkey PRIMARY KEY (id),
        CONSTRAINT mask_pages_member_id_fkey FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE,
        CONSTRAINT mask_pages_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE,
        CONSTRAINT mask_pages_press_id_key UNIQUE (press_id),
        CONSTRAINT mask_pages_surface_check CHECK (surface IN ('dm', 'guild', 'private')),
        CONSTRAINT mask_pages_slot_check CHECK (slot BETWEEN 0 AND 3)
    )
    """,
    "COMMENT ON TABLE mask_pages IS 'pages on which members paint masks, and where what they start is answered'",
    "COMMENT ON COLUMN mask_pages.press_id IS 'the interaction that asked for it'",
    "COMMENT ON COLUMN mask_pages.secret IS 'signs the link to it'",
    "COMMENT ON COLUMN mask_pages.message_id IS 'the message that shows the picture'",
    "CREATE INDEX mask_pages_member_id_idx ON mask_pages (member_id)",
    "CREATE INDEX mask_pages_job_id_idx ON mask_pages (job_id)",
    "CREATE INDEX jobs_mask_idx ON jobs ((edit #>> '{mask,sha256}')) WHERE edit ? 'mask'",
)


def upgrade() -> None:
    """Create the table and the indexes."""
    for statement in _STATEMENTS:
        op.execute(statement)
