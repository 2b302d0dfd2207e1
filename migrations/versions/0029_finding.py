"""Let members find pictures again: jobs by member and by their words, grids by channel, and searches to page in.

Safe while the previous release runs: it adds indexes and a table, and a kind of delivery that only this release makes.
Jobs that are submitted and finished wait while Postgres reads those that are there, some seconds per million.
"""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "CREATE INDEX jobs_member_id_id_idx ON jobs (member_id, id)",
    """
    CREATE INDEX jobs_words_idx ON jobs USING gin (to_tsvector('simple'::regconfig, spec ->> 'prompt'))
    WITH (fastupdate = off) WHERE status = 'finished'
    """,
    """
    CREATE INDEX deliveries_found_idx ON deliveries (channel_id, job_id)
    WHERE kind = 'grid' AND state = 'delivered' AND surface = 'guild' AND moved_from IS NULL
    """,
    "ALTER TABLE deliveries DROP CONSTRAINT deliveries_kind_check",
    """
    ALTER TABLE deliveries ADD CONSTRAINT deliveries_kind_check CHECK (kind IN ('again', 'grid', 'picture')) NOT VALID
    """,
    "ALTER TABLE deliveries VALIDATE CONSTRAINT deliveries_kind_check",
    """
    CREATE TABLE searches (
        id uuid CONSTRAINT searches_pkey PRIMARY KEY,
        member_id uuid NOT NULL CONSTRAINT searches_member_id_fkey REFERENCES members ON DELETE CASCADE,
        wanted jsonb NOT NULL,
        starts uuid[] NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "COMMENT ON TABLE searches IS 'what members look for, so that its pages can be turned'",
    "COMMENT ON COLUMN searches.starts IS 'for each page after the first the job that it begins after'",
    "CREATE INDEX searches_member_id_id_idx ON searches (member_id, id)",
)


def upgrade() -> None:
    """Add the indexes, the kind and the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
