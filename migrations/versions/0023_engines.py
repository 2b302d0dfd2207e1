"""Keep which models each engine has, so that engines leave jobs for other models to those that have them.

Safe while the previous release runs: it adds a table of which that release knows nothing.
"""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE engines (
        id uuid NOT NULL,
        models text[] NOT NULL,
        seen_at timestamp with time zone DEFAULT now() NOT NULL,
        CONSTRAINT engines_pkey PRIMARY KEY (id)
    )
    """,
    "COMMENT ON TABLE engines IS 'engines that run or have run within a day, with the models that they have'",
)


def upgrade() -> None:
    """Create the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
