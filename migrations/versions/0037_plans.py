"""Keep plans of guilds and the GPU time that members have used, and the roles of who opens a page for a mask.

Safe while the previous release runs: it knows nothing of the tables, and its pages have no roles, so that what is
started on them is under the default plan. What its bots start is charged to nobody.
"""

from __future__ import annotations

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE plans (
        guild_id bigint NOT NULL,
        name text NOT NULL,
        is_default boolean DEFAULT false NOT NULL,
        seconds_per_day integer,
        seconds_per_month integer,
        max_running smallint,
        max_pending smallint NOT NULL,
        max_repeat smallint,
        max_permutations smallint,
        speeds text[] NOT NULL,
        CONSTRAINT plans_pkey PRIMARY KEY (guild_id, name),
        CONSTRAINT plans_name_check CHECK (char_length(name) BETWEEN 1 AND 32),
        CONSTRAINT plans_seconds_check CHECK (seconds_per_day >= 0 AND seconds_per_month >= 0),
        CONSTRAINT plans_jobs_check
            CHECK (max_running > 0 AND max_pending > 0 AND max_repeat > 0 AND max_permutations > 0),
        CONSTRAINT plans_speeds_check
            CHECK (speeds <@ ARRAY['fast', 'relax', 'turbo'] AND cardinality(speeds) > 0)
    )
    """,
    "COMMENT ON TABLE plans IS 'what members may use, by guild'",
    "COMMENT ON COLUMN plans.seconds_per_day IS 'of GPU time; none without a limit'",
    "CREATE UNIQUE INDEX plans_default_idx ON plans (guild_id) WHERE is_default",
    """
    CREATE TABLE plan_roles (
        guild_id bigint NOT NULL,
        role_id bigint NOT NULL,
        plan text NOT NULL,
        CONSTRAINT plan_roles_pkey PRIMARY KEY (guild_id, role_id),
        CONSTRAINT plan_roles_guild_id_plan_fkey FOREIGN KEY (guild_id, plan) REFERENCES plans (guild_id, name)
            ON DELETE CASCADE
    )
    """,
    "COMMENT ON TABLE plan_roles IS 'which plan those with a role have; the best one of several'",
    "CREATE INDEX plan_roles_guild_id_plan_idx ON plan_roles (guild_id, plan)",
    """
    CREATE TABLE charges (
        job_id uuid NOT NULL,
        member_id uuid NOT NULL,
        guild_id bigint NOT NULL,
        rate smallint NOT NULL,
        CONSTRAINT charges_pkey PRIMARY KEY (job_id),
        CONSTRAINT charges_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE,
        CONSTRAINT charges_member_id_fkey FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE,
        CONSTRAINT charges_rate_check CHECK (rate > 0)
    )
    """,
    """
    COMMENT ON TABLE charges IS
        'jobs whose GPU time is not in gpu_days yet; they are unfinished, or ended since their member''s last press'
    """,
    "COMMENT ON COLUMN charges.rate IS 'how often each second counts'",
    "CREATE INDEX charges_member_id_idx ON charges (member_id)",
    """
    CREATE TABLE gpu_days (
        member_id uuid NOT NULL,
        guild_id bigint NOT NULL,
        day date NOT NULL,
        seconds double precision NOT NULL,
        CONSTRAINT gpu_days_pkey PRIMARY KEY (member_id, guild_id, day),
        CONSTRAINT gpu_days_member_id_fkey FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE,
        CONSTRAINT gpu_days_seconds_check CHECK (seconds >= 0)
    )
    """,
    "COMMENT ON TABLE gpu_days IS 'GPU time of finished jobs'",
    "COMMENT ON COLUMN gpu_days.day IS 'by UTC; that on which a job finished'",
    "ALTER TABLE mask_pages ADD COLUMN role_ids bigint[] DEFAULT '{}' NOT NULL",
)


def upgrade() -> None:
    """Create the tables, and add the column."""
    for statement in _STATEMENTS:
        op.execute(statement)
