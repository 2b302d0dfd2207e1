"""Let jobs make one picture larger.

Safe while the previous release runs: it only allows more. Engines of that release cannot read the new jobs: upgrade the
engines before the bot, which makes them. Writes to the table wait while Postgres checks its rows, less than a second
per million.
"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_SCRIPT = """
ALTER TABLE jobs
    DROP CONSTRAINT jobs_operation_check,
    ADD CONSTRAINT jobs_operation_check CHECK (operation IN ('imagine', 'inpaint', 'pan', 'upscale', 'vary', 'zoom'))
"""


def upgrade() -> None:
    """Replace the constraint."""
    op.execute(_SCRIPT)
