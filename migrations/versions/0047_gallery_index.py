"""Keep in the index of votes whether a channel is restricted by age, so that the best are found without their rows.

Safe while the previous release runs: it changes an index alone.
"""

from __future__ import annotations

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "DROP INDEX gallery_votes_best_idx",
    """
    CREATE INDEX gallery_votes_best_idx ON gallery_votes (channel_id, votes, job_id) INCLUDE (is_nsfw)
    WHERE votes > 0 AND channel_id IS NOT NULL
    """,
)


def upgrade() -> None:
    """Exchange the index."""
    for statement in _STATEMENTS:
        op.execute(statement)
