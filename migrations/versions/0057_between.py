"""Find what was painted between a result and another, because it is erased with either.

Safe while the previous release runs: it adds an index alone.
"""

from __future__ import annotations

from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

_STATEMENT = """
    CREATE INDEX jobs_between_idx ON jobs USING gin ((spec #> '{parameters,between}'))
    WHERE (spec -> 'parameters') ? 'between'
"""


def upgrade() -> None:
    """Create the index."""
    op.execute(_STATEMENT)
