"""Index the foreign keys that Postgres follows when it deletes a job or a picture.

Safe while the previous release runs: it only adds indexes. Writes to the three tables wait while they are built, about
a second per million rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("jobs", "parent_job_id"),
    ("jobs", "parent_picture_id"),
    ("events", "picture_id"),
    ("deliveries", "picture_id"),
)


def upgrade() -> None:
    """Create an index over each column, without the rows that have nothing there."""
    for table, column in _COLUMNS:
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(op.f(f"{table}_{column}_idx"), table, [column], postgresql_where=where)
