"""Let members appeal against refused prompts, time outs and bans, and keep the last prompt that was refused to each.

Safe while the previous release runs: it adds a table of which that release knows nothing, and columns with values of
their own. Bots of that release cannot read appeals, and post no cases while one waits; newer ones do.
"""

from __future__ import annotations

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE refusals (
        guild_id bigint NOT NULL,
        member_id uuid NOT NULL,
        id uuid NOT NULL,
        prompt text NOT NULL,
        rule text NOT NULL,
        at timestamp with time zone DEFAULT now() NOT NULL,
        CONSTRAINT refusals_pkey PRIMARY KEY (guild_id, member_id),
        CONSTRAINT refusals_member_id_fkey FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE
    )
    """,
    "COMMENT ON TABLE refusals IS 'the last prompt of each member that the words of a guild forbade'",
    "COMMENT ON COLUMN refusals.id IS 'names it in an appeal'",
    "CREATE INDEX refusals_member_id_idx ON refusals (member_id)",
    """
    ALTER TABLE moderation_cases
        ADD COLUMN appeal_of text,
        ADD COLUMN appealed_id uuid,
        ADD COLUMN refused text,
        ADD COLUMN rule text,
        ADD COLUMN is_told boolean DEFAULT false NOT NULL,
        ADD CONSTRAINT moderation_cases_appeal_of_check CHECK (appeal_of IN ('ban', 'time_out', 'words')),
        ADD CONSTRAINT moderation_cases_appeal_check CHECK ((kind = 'appeal') = (appeal_of IS NOT NULL)),
        DROP CONSTRAINT moderation_cases_kind_check,
        ADD CONSTRAINT moderation_cases_kind_check CHECK (kind IN ('allow', 'appeal', 'report')),
        DROP CONSTRAINT moderation_cases_decision_check,
        ADD CONSTRAINT moderation_cases_decision_check
            CHECK (decision IN ('accept', 'allow', 'ban', 'gone', 'keep', 'refuse', 'remove', 'time_out'))
    """,
    "COMMENT ON COLUMN moderation_cases.appealed_id IS 'of the refusal, or of the case that restricts the member'",
    "COMMENT ON COLUMN moderation_cases.refused IS 'the prompt, or the reason of what is appealed'",
    "COMMENT ON COLUMN moderation_cases.rule IS 'what forbids the prompt'",
    "COMMENT ON COLUMN moderation_cases.is_told IS 'whether the member was told of the decision, or cannot be'",
    "CREATE INDEX moderation_cases_undecided_idx ON moderation_cases (guild_id) WHERE decision IS NULL",
    "CREATE UNIQUE INDEX moderation_cases_appeal_idx ON moderation_cases (appealed_id) WHERE kind = 'appeal'",
)


def upgrade() -> None:
    """Create the table, and add the columns."""
    for statement in _STATEMENTS:
        op.execute(statement)
