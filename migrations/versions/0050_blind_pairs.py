"""Let `/rank` compare an adapter with what there was before it: which grids are such pairs, and of which adapter.

Safe while the previous release runs: it takes such a pair for a grid of four, finds no other two of its pictures, and
leaves it out.
"""

from __future__ import annotations

from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    ALTER TABLE rank_grids
        ADD COLUMN adapter_id uuid,
        ADD CONSTRAINT rank_grids_adapter_id_fkey
            FOREIGN KEY (adapter_id) REFERENCES learned_adapters (id) ON DELETE CASCADE
    """,
    """
    COMMENT ON COLUMN rank_grids.adapter_id IS
        'of a blind pair: slot 0 was painted without this adapter, slot 1 with it'
    """,
    "CREATE INDEX rank_grids_adapter_id_idx ON rank_grids (adapter_id) WHERE adapter_id IS NOT NULL",
    """
    CREATE INDEX rank_grids_blind_idx ON rank_grids (channel_id, is_nsfw, uncertainty, job_id)
    WHERE is_shared AND may_train AND NOT is_left_out AND adapter_id IS NOT NULL
    """,
)


def upgrade() -> None:
    """Add the column."""
    for statement in _STATEMENTS:
        op.execute(statement)
