"""Let administrators of a guild pause its jobs, and index deliveries by guild, so that they are found.

Safe while the previous release runs: it adds two tables of which that release knows nothing, and an index. Engines of
that release queue held jobs again within half a minute, until they are replaced. What is written to deliveries waits
while the index is built, about a second per million.
"""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE held_jobs (
        job_id uuid NOT NULL,
        held_at timestamp with time zone DEFAULT now() NOT NULL,
        CONSTRAINT held_jobs_pkey PRIMARY KEY (job_id),
        CONSTRAINT held_jobs_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
    )
    """,
    "COMMENT ON TABLE held_jobs IS 'waiting jobs that are kept out of the queue until they are released'",
    """
    CREATE TABLE guild_pauses (
        guild_id bigint NOT NULL,
        paused_at timestamp with time zone DEFAULT now() NOT NULL,
        CONSTRAINT guild_pauses_pkey PRIMARY KEY (guild_id)
    )
    """,
    "COMMENT ON TABLE guild_pauses IS 'servers whose members start no jobs, and whose waiting jobs are held'",
    """
    CREATE INDEX deliveries_guild_idx ON deliveries (guild_id, created_at)
    WHERE kind = 'grid' AND guild_id IS NOT NULL
    """,
)


def upgrade() -> None:
    """Create the tables and the index."""
    for statement in _STATEMENTS:
        op.execute(statement)
