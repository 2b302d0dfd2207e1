"""Index of each job whose it is and when it was asked for together with the words of its prompt.

Safe while the previous release runs: it searches without an index then, slowly, so replace the bots soon. Jobs that are
submitted and finished wait while Postgres reads those that are there, half a minute per million.
"""

from __future__ import annotations

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_DOCUMENT = """
    (to_tsvector('simple'::regconfig, spec ->> 'prompt') || array_to_tsvector(ARRAY[
        'of ' || member_id::text,
        'at ' || left(id::text, 4), 'at ' || left(id::text, 5), 'at ' || left(id::text, 6), 'at ' || left(id::text, 7)
    ]))
"""
_STATEMENTS = (
    f"CREATE INDEX jobs_found_idx ON jobs USING gin ({_DOCUMENT}) WITH (fastupdate = off) WHERE status = 'finished'",
    "DROP INDEX jobs_words_idx",
    # Postgres takes no statistics from an index that has not all rows.
    f"CREATE STATISTICS jobs_found_stats ON {_DOCUMENT} FROM jobs",
    "ANALYZE jobs",
)


def upgrade() -> None:
    """Exchange the index, and let Postgres know how rare words are."""
    for statement in _STATEMENTS:
        op.execute(statement)
