"""Open cases for moderators of a guild where members report pictures, and keep how they were decided.

Safe while the previous release runs: it adds two tables of which that release knows nothing, so that reports made with
its bots open no case, and allows another setting in the list of changes.
"""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE moderator_channels (
        guild_id bigint NOT NULL,
        channel_id bigint NOT NULL,
        fault text,
        retry_at timestamp with time zone,
        CONSTRAINT moderator_channels_pkey PRIMARY KEY (guild_id),
        CONSTRAINT moderator_channels_fault_check CHECK (fault IN ('deleted', 'forbidden')),
        CONSTRAINT moderator_channels_retry_after_fault_check CHECK ((fault IS NULL) = (retry_at IS NULL))
    )
    """,
    "COMMENT ON TABLE moderator_channels IS 'where the moderators of a guild read cases'",
    "COMMENT ON COLUMN moderator_channels.fault IS 'why nothing could be posted there at the last attempt'",
    """
    CREATE TABLE moderation_cases (
        id uuid NOT NULL,
        kind text NOT NULL,
        guild_id bigint NOT NULL,
        member_id uuid,
        job_id uuid,
        slot smallint,
        reported_channel_id bigint,
        reported_message_id bigint,
        num_reports integer DEFAULT 0 NOT NULL,
        reasons jsonb DEFAULT '{}' NOT NULL,
        opened_at timestamp with time zone DEFAULT now() NOT NULL,
        decision text,
        decided_at timestamp with time zone,
        decided_by uuid,
        decided_press_id bigint,
        reason text,
        until timestamp with time zone,
        is_removed boolean DEFAULT false NOT NULL,
        case_channel_id bigint,
        case_message_id bigint,
        version integer DEFAULT 1 NOT NULL,
        shown_version integer DEFAULT 0 NOT NULL,
        due_at timestamp with time zone DEFAULT now() NOT NULL,
        claimed_until timestamp with time zone,
        attempts integer DEFAULT 0 NOT NULL,
        CONSTRAINT moderation_cases_pkey PRIMARY KEY (id),
        CONSTRAINT moderation_cases_kind_check CHECK (kind IN ('report')),
        CONSTRAINT moderation_cases_decision_check CHECK (decision IN ('ban', 'gone', 'keep', 'remove', 'time_out')),
        CONSTRAINT moderation_cases_slot_check CHECK (slot BETWEEN 0 AND 3),
        CONSTRAINT moderation_cases_decided_check CHECK ((decision IS NULL) = (decided_at IS NULL)),
        CONSTRAINT moderation_cases_case_message_check CHECK ((case_channel_id IS NULL) = (case_message_id IS NULL))
    )
    """,
    "COMMENT ON TABLE moderation_cases IS 'what moderators of a guild decide, and how they did; never who reported'",
    "COMMENT ON COLUMN moderation_cases.member_id IS 'whom it is about; none once they are erased'",
    "COMMENT ON COLUMN moderation_cases.job_id IS 'none once it is erased'",
    "COMMENT ON COLUMN moderation_cases.slot IS 'the picture; none for a whole grid'",
    "COMMENT ON COLUMN moderation_cases.reported_message_id IS 'the message under which it was reported first'",
    "COMMENT ON COLUMN moderation_cases.reasons IS 'how many gave which'",
    "COMMENT ON COLUMN moderation_cases.decided_by IS 'none once they are erased'",
    "COMMENT ON COLUMN moderation_cases.reason IS 'of the decision; the member reads it'",
    "COMMENT ON COLUMN moderation_cases.until IS 'when a time out ends'",
    "COMMENT ON COLUMN moderation_cases.is_removed IS 'whether its messages are to be deleted'",
    "COMMENT ON COLUMN moderation_cases.case_message_id IS 'the message in which moderators read it'",
    "COMMENT ON COLUMN moderation_cases.shown_version IS "
    "'that of the message; of a smaller one, it is to be posted or edited'",
    """
    CREATE UNIQUE INDEX moderation_cases_open_idx ON moderation_cases (guild_id, job_id, coalesce(slot, -1))
    WHERE kind = 'report' AND decision IS NULL
    """,
    "CREATE INDEX moderation_cases_due_idx ON moderation_cases (guild_id, due_at) WHERE version > shown_version",
    "CREATE INDEX moderation_cases_guild_id_id_idx ON moderation_cases (guild_id, id)",
    "CREATE INDEX moderation_cases_job_id_idx ON moderation_cases (job_id)",
    "CREATE INDEX moderation_cases_member_id_idx ON moderation_cases (member_id)",
    "CREATE INDEX moderation_cases_decided_by_idx ON moderation_cases (decided_by)",
    "ALTER TABLE guild_changes DROP CONSTRAINT guild_changes_setting_check",
    "ALTER TABLE guild_changes ADD CONSTRAINT guild_changes_setting_check CHECK (setting IN ('channel', 'words'))",
)


def upgrade() -> None:
    """Create the tables, and allow the setting."""
    for statement in _STATEMENTS:
        op.execute(statement)
