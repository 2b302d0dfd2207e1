"""Let moderators of a guild time out and ban members there.

Safe while the previous release runs: it adds a table of which that release knows nothing, so that its bots go on taking
commands of these members until they are replaced, and allows another kind of case.
"""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE guild_restrictions (
        guild_id bigint NOT NULL,
        member_id uuid NOT NULL,
        kind text NOT NULL,
        reason text NOT NULL,
        until timestamp with time zone,
        case_id uuid,
        since timestamp with time zone DEFAULT now() NOT NULL,
        CONSTRAINT guild_restrictions_pkey PRIMARY KEY (guild_id, member_id),
        CONSTRAINT guild_restrictions_kind_check CHECK (kind IN ('ban', 'time_out')),
        CONSTRAINT guild_restrictions_end_check CHECK ((kind = 'ban') = (until IS NULL))
    )
    """,
    "COMMENT ON TABLE guild_restrictions IS 'members who may start nothing in a guild, because its moderators have"
    " timed them out or banned them'",
    "COMMENT ON COLUMN guild_restrictions.reason IS 'the member reads it'",
    "COMMENT ON COLUMN guild_restrictions.until IS 'none for a ban'",
    "COMMENT ON COLUMN guild_restrictions.case_id IS 'the case whose decision it is'",
    "CREATE INDEX guild_restrictions_member_id_idx ON guild_restrictions (member_id)",
    "ALTER TABLE moderation_cases DROP CONSTRAINT moderation_cases_kind_check",
    "ALTER TABLE moderation_cases ADD CONSTRAINT moderation_cases_kind_check CHECK (kind IN ('allow', 'report'))",
    "ALTER TABLE moderation_cases DROP CONSTRAINT moderation_cases_decision_check",
    "ALTER TABLE moderation_cases ADD CONSTRAINT moderation_cases_decision_check"
    " CHECK (decision IN ('allow', 'ban', 'gone', 'keep', 'remove', 'time_out'))",
)


def upgrade() -> None:
    """Create the table, and allow the kind."""
    for statement in _STATEMENTS:
        op.execute(statement)
