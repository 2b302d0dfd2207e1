"""Keep how guilds show unsafe pictures, and what they show all the same because an appeal was accepted.

Safe while the previous release runs: it adds tables of which that release knows nothing, and a word of appeals.
Bots of that release show every picture, and post no cases while such an appeal waits.
"""

from __future__ import annotations

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE guild_picture_rules (
        guild_id bigint NOT NULL,
        elsewhere text NOT NULL,
        age_restricted text NOT NULL,
        is_strict boolean NOT NULL,
        CONSTRAINT guild_picture_rules_pkey PRIMARY KEY (guild_id),
        CONSTRAINT guild_picture_rules_elsewhere_check CHECK (elsewhere IN ('show', 'spoiler', 'withhold')),
        CONSTRAINT guild_picture_rules_age_restricted_check CHECK (age_restricted IN ('show', 'spoiler', 'withhold'))
    )
    """,
    "COMMENT ON TABLE guild_picture_rules IS 'how a guild shows pictures that a classifier finds unsafe'",
    "COMMENT ON COLUMN guild_picture_rules.elsewhere IS 'in channels that are not restricted by age'",
    """
    CREATE TABLE released_results (
        guild_id bigint NOT NULL,
        job_id uuid NOT NULL,
        CONSTRAINT released_results_pkey PRIMARY KEY (guild_id, job_id),
        CONSTRAINT released_results_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
    )
    """,
    "COMMENT ON TABLE released_results IS "
    "'jobs whose unsafe pictures a guild shows all the same, because its moderators accepted an appeal'",
    "CREATE INDEX released_results_job_id_idx ON released_results (job_id)",
    """
    ALTER TABLE moderation_cases
        DROP CONSTRAINT moderation_cases_appeal_of_check,
        ADD CONSTRAINT moderation_cases_appeal_of_check CHECK (appeal_of IN ('ban', 'picture', 'time_out', 'words'))
    """,
)


def upgrade() -> None:
    """Create the tables, and take the words."""
    for statement in _STATEMENTS:
        op.execute(statement)
