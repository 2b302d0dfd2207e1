"""Let plans limit how many LoRAs members train a month, and count those that finished with their GPU time.

Safe while the previous release runs: it reads plans without the column, and what its bots settle counts no trainings.
"""

from __future__ import annotations

from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE plans ADD COLUMN trainings smallint, ADD CONSTRAINT plans_trainings_check CHECK (trainings >= 0)",
    "COMMENT ON COLUMN plans.trainings IS 'of LoRAs a month'",
    "ALTER TABLE gpu_days ADD COLUMN trainings smallint DEFAULT 0 NOT NULL",
    "COMMENT ON COLUMN gpu_days.trainings IS 'among those jobs'",
)


def upgrade() -> None:
    """Add the columns."""
    for statement in _STATEMENTS:
        op.execute(statement)
