"""Index the running jobs, which are counted for every estimate: few, however many wait.

Safe while the previous release runs: it only adds an index, and holds up inserts while it reads the table once.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("jobs_running_idx", "jobs", ["id"], postgresql_where=sa.text("status = 'running'"))
