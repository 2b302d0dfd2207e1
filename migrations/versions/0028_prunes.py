"""Record what was deleted for its age.

Safe while the previous release runs: it adds a table of which that release knows nothing. Its exports do not keep a
prune from deleting what they read, and count prunes among the erasures of members.
"""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE prunes (
        id uuid NOT NULL,
        pruned_at timestamp with time zone DEFAULT now() NOT NULL,
        jobs integer NOT NULL,
        pictures integer NOT NULL,
        CONSTRAINT prunes_pkey PRIMARY KEY (id)
    )
    """,
    "COMMENT ON TABLE prunes IS 'what was deleted for its age; whoever reads pictures locks it, so that none goes"
    " meanwhile'",
    "COMMENT ON COLUMN prunes.id IS 'of the erasure that deletes the files'",
)


def upgrade() -> None:
    """Create the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
