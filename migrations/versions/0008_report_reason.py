"""Keep with a report what is wrong with the picture.

Safe while the previous release runs: it only adds a column that may be empty, as it is in the rows of that release.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_REASONS = "reason IN ('copied', 'hateful', 'other', 'person', 'sexual', 'violent')"


def upgrade() -> None:
    """Add the column."""
    op.add_column("actions", sa.Column("reason", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("actions_reason_check"), "actions", _REASONS)
    op.create_check_constraint(op.f("actions_reason_of_report_check"), "actions", "reason IS NULL OR verb = 'report'")
