"""Keep which pictures members have brought, so that they can be given back and erased.

Safe while the previous release runs: it adds a table of which that release knows nothing.
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE uploads (
        member_id uuid NOT NULL,
        object_key text NOT NULL,
        width integer NOT NULL,
        height integer NOT NULL,
        created_at timestamp with time zone DEFAULT now() NOT NULL,
        CONSTRAINT uploads_pkey PRIMARY KEY (member_id, object_key),
        CONSTRAINT uploads_size_check CHECK (width > 0 AND height > 0)
    )
    """,
    "COMMENT ON TABLE uploads IS 'pictures that members have brought, as files or by their addresses'",
    "CREATE INDEX uploads_object_key_idx ON uploads (object_key)",
)


def upgrade() -> None:
    """Create the table and its index."""
    for statement in _STATEMENTS:
        op.execute(statement)
