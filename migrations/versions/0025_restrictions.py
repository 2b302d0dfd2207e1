"""Let an operator ban members and limit their unfinished jobs, and index the jobs that failed.

Safe while the previous release runs: it adds a table of which that release knows nothing, so that its bots go on
answering a banned member until they are replaced, and an index. Jobs that are submitted and finished wait while
Postgres reads those that are there, about a second per million.
"""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE restrictions (
        member_id uuid NOT NULL,
        banned_at timestamp with time zone,
        banned_until timestamp with time zone,
        ban_reason text,
        max_pending integer,
        CONSTRAINT restrictions_pkey PRIMARY KEY (member_id),
        CONSTRAINT restrictions_ban_has_reason_check CHECK ((banned_at IS NULL) = (ban_reason IS NULL)),
        CONSTRAINT restrictions_end_of_ban_check CHECK (banned_until IS NULL OR banned_at IS NOT NULL),
        CONSTRAINT restrictions_max_pending_check CHECK (max_pending > 0),
        CONSTRAINT restrictions_restricts_check CHECK (banned_at IS NOT NULL OR max_pending IS NOT NULL)
    )
    """,
    "COMMENT ON TABLE restrictions IS 'what an operator allows a member less than others, or more'",
    "COMMENT ON COLUMN restrictions.banned_until IS 'none for good'",
    "COMMENT ON COLUMN restrictions.ban_reason IS 'the member reads it'",
    "COMMENT ON COLUMN restrictions.max_pending IS 'unfinished jobs; none where the usual limit holds'",
    "CREATE INDEX jobs_failed_idx ON jobs (ended_at) WHERE status = 'failed'",
)


def upgrade() -> None:
    """Create the table and the index."""
    for statement in _STATEMENTS:
        op.execute(statement)
