"""Keep why a member gets the originals of a result by direct message: by a reaction, or since they want every result.

Safe while the previous release runs: what it writes is for reactions, and it sends what a preference asks for as it
sends those.
"""

from __future__ import annotations

from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    ALTER TABLE original_requests
        ADD COLUMN purpose text DEFAULT 'reaction' NOT NULL,
        ADD CONSTRAINT original_requests_purpose_check CHECK (purpose IN ('preference', 'reaction', 'turned_off'))
    """,
    """
    COMMENT ON TABLE original_requests IS
        'results that members want by direct message, as they say with a reaction or in their preferences'
    """,
)


def upgrade() -> None:
    """Add the column."""
    for statement in _STATEMENTS:
        op.execute(statement)
