"""Galleries: what guilds set for theirs, the votes of jobs, and deliveries into gallery channels.

Safe while the previous release runs: it adds tables, and a kind of delivery that only this release makes. Votes that
bots of that release take are counted with the next one. Jobs that members like already are counted after the start.
"""

from __future__ import annotations

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE galleries (
        guild_id bigint CONSTRAINT galleries_pkey PRIMARY KEY,
        channel_id bigint,
        threshold smallint CONSTRAINT galleries_threshold_check CHECK (threshold BETWEEN 1 AND 100),
        since timestamptz,
        names_authors boolean NOT NULL DEFAULT true,
        page_key text CONSTRAINT galleries_page_key_key UNIQUE,
        CONSTRAINT galleries_channel_check
            CHECK ((channel_id IS NULL) = (threshold IS NULL) AND (channel_id IS NULL) = (since IS NULL))
    )
    """,
    "COMMENT ON TABLE galleries IS 'what those who manage a guild have set for its gallery'",
    "COMMENT ON COLUMN galleries.channel_id IS 'where pictures with enough votes are posted'",
    "COMMENT ON COLUMN galleries.since IS 'earlier votes alone post nothing'",
    "COMMENT ON COLUMN galleries.page_key IS 'names its public page in an address; none while there is no page'",
    """
    CREATE TABLE gallery_votes (
        job_id uuid CONSTRAINT gallery_votes_pkey PRIMARY KEY
            CONSTRAINT gallery_votes_job_id_fkey REFERENCES jobs ON DELETE CASCADE,
        channel_id bigint,
        is_nsfw boolean NOT NULL DEFAULT true,
        votes integer NOT NULL DEFAULT 0 CONSTRAINT gallery_votes_votes_check CHECK (votes >= 0),
        best_id uuid,
        due_at timestamptz
    )
    """,
    "COMMENT ON TABLE gallery_votes IS 'how many members like a job''s pictures, as counted from the log'",
    "COMMENT ON COLUMN gallery_votes.channel_id IS 'where its grid is to be seen; none where it is not public'",
    "COMMENT ON COLUMN gallery_votes.votes IS 'members other than its owner'",
    """
    COMMENT ON COLUMN gallery_votes.best_id
    IS 'the picture with most votes of its own; none where only the grid has any'
    """,
    "COMMENT ON COLUMN gallery_votes.due_at IS 'when to count again; none where the count stands'",
    """
    CREATE INDEX gallery_votes_best_idx ON gallery_votes (channel_id, votes, job_id)
    WHERE votes > 0 AND channel_id IS NOT NULL
    """,
    """
    CREATE INDEX gallery_votes_newest_idx ON gallery_votes (channel_id, job_id) INCLUDE (votes, is_nsfw)
    WHERE votes > 0 AND channel_id IS NOT NULL
    """,
    "CREATE INDEX gallery_votes_due_idx ON gallery_votes (due_at) WHERE due_at IS NOT NULL",
    """
    INSERT INTO gallery_votes (job_id, due_at)
    SELECT DISTINCT job_id, now() FROM actions
    WHERE NOT is_owner AND (verb = 'rate' AND value > 2 OR verb = 'favourite' AND value = 1)
        AND EXISTS (SELECT FROM jobs WHERE jobs.id = actions.job_id)
    """,
    "ALTER TABLE deliveries DROP CONSTRAINT deliveries_kind_check",
    "ALTER TABLE deliveries DROP CONSTRAINT deliveries_picture_when_picture_check",
    """
    ALTER TABLE deliveries
        ADD CONSTRAINT deliveries_kind_check CHECK (kind IN ('again', 'gallery', 'grid', 'picture')) NOT VALID,
        ADD CONSTRAINT deliveries_picture_when_picture_check
            CHECK (kind = 'gallery' OR (kind = 'picture') = (picture_id IS NOT NULL)) NOT VALID
    """,
    "ALTER TABLE deliveries VALIDATE CONSTRAINT deliveries_kind_check",
    "ALTER TABLE deliveries VALIDATE CONSTRAINT deliveries_picture_when_picture_check",
    "CREATE UNIQUE INDEX deliveries_gallery_idx ON deliveries (job_id, guild_id) WHERE kind = 'gallery'",
)


def upgrade() -> None:
    """Create the tables and the kind, and have the votes counted that there are."""
    for statement in _STATEMENTS:
        op.execute(statement)
