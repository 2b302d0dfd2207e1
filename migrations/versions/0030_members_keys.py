"""Let members have keys of the API of their own, and keep how each key begins.

Safe while the previous release runs: it adds columns with values of their own, and replaces a constraint by a weaker
one. An API of that release takes members' keys even where they are switched off, until it is replaced.
"""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    ALTER TABLE api_keys
        ADD COLUMN secret_start text,
        ADD COLUMN is_members boolean DEFAULT false NOT NULL,
        DROP CONSTRAINT api_keys_member_id_key
    """,
    "CREATE UNIQUE INDEX api_keys_member_id_key ON api_keys (member_id) WHERE revoked_at IS NULL",
    "CREATE INDEX api_keys_member_id_idx ON api_keys (member_id)",
    "COMMENT ON COLUMN api_keys.member_id IS 'who its jobs belong to'",
    """
    COMMENT ON COLUMN api_keys.secret_start IS
        'by which whoever has it knows it; none for keys of before it was kept'
    """,
    """
    COMMENT ON COLUMN api_keys.is_members IS
        'whether that is the person who made it; else it is no person'
    """,
)


def upgrade() -> None:
    """Change the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
