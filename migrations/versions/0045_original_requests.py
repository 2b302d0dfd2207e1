"""Keep who asks with a reaction for the originals of a result, so that they are sent once, whatever happens meanwhile.

Safe while the previous release runs: it adds a table of which that release knows nothing.
"""

from __future__ import annotations

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE original_requests (
        id uuid NOT NULL,
        member_id uuid NOT NULL,
        job_id uuid NOT NULL,
        slot smallint,
        guild_id bigint,
        channel_id bigint NOT NULL,
        message_id bigint NOT NULL,
        state text DEFAULT 'waiting' NOT NULL,
        is_told boolean DEFAULT false NOT NULL,
        claimed_until timestamp with time zone,
        created_at timestamp with time zone DEFAULT now() NOT NULL,
        CONSTRAINT original_requests_pkey PRIMARY KEY (id),
        CONSTRAINT original_requests_member_id_fkey FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE,
        CONSTRAINT original_requests_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE,
        CONSTRAINT original_requests_state_check CHECK (state IN ('closed', 'lost', 'sent', 'waiting')),
        CONSTRAINT original_requests_slot_check CHECK (slot BETWEEN 0 AND 3)
    )
    """,
    """
    CREATE UNIQUE INDEX original_requests_once_idx
        ON original_requests (member_id, job_id, (coalesce(slot, '-1'::integer)))
    """,
    "CREATE INDEX original_requests_waiting_idx ON original_requests (id) WHERE state = 'waiting'",
    "CREATE INDEX original_requests_job_id_idx ON original_requests (job_id)",
    "COMMENT ON TABLE original_requests IS 'results that members want by direct message, as they say with a reaction'",
    "COMMENT ON COLUMN original_requests.slot IS 'which picture; all for none'",
    "COMMENT ON COLUMN original_requests.is_told IS 'whether the member knows that they take no direct messages'",
)


def upgrade() -> None:
    """Create the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
