"""Index jobs by their files, so that an erasure does not read all of them to learn who else has a file.

Safe while the previous release runs: it only adds indexes. Jobs that are submitted and finished wait while Postgres
reads those that are there, about a second per million.
"""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "CREATE INDEX jobs_grid_key_idx ON jobs (grid_key) WHERE grid_key IS NOT NULL",
    "CREATE INDEX jobs_image_keys_idx ON jobs USING gin (image_keys) WHERE image_keys <> '{}'",
)


def upgrade() -> None:
    """Add the indexes."""
    for statement in _STATEMENTS:
        op.execute(statement)
