"""Create every table of Easel and of PgQueuer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything."""
    _create_jobs()
    _create_pictures()
    _create_previews()
    _create_events()
    _create_command_syncs()
    _create_members()
    _create_deliveries()
    _index_jobs()
    _index_events()
    _index_deliveries()
    op.create_foreign_key(op.f("jobs_parent_picture_id_fkey"), "jobs", "pictures", ["parent_picture_id"], ["id"])
    _create_queue()


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False, comment="start tag of start-time fair queueing"),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("progress", sa.REAL(), server_default=sa.text("0"), nullable=False),
        sa.Column("parent_job_id", sa.UUID(), nullable=True),
        sa.Column("parent_picture_id", sa.UUID(), nullable=True),
        sa.Column("cause", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("grid_key", sa.Text(), nullable=True),
        sa.Column("grid_type", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(operation = 'vary') = (parent_picture_id IS NOT NULL)", name=op.f("jobs_vary_has_source_check")
        ),
        sa.CheckConstraint("(status = 'failed') = (cause IS NOT NULL)", name=op.f("jobs_cause_when_failed_check")),
        sa.CheckConstraint(
            "(status = 'finished') = (grid_key IS NOT NULL)", name=op.f("jobs_grid_when_finished_check")
        ),
        sa.CheckConstraint(
            "(status IN ('cancelled', 'failed', 'finished')) = (ended_at IS NOT NULL)",
            name=op.f("jobs_ended_when_final_check"),
        ),
        sa.CheckConstraint("operation IN ('imagine', 'vary')", name=op.f("jobs_operation_check")),
        sa.CheckConstraint(
            "status IN ('cancelled', 'failed', 'finished', 'running', 'waiting')", name=op.f("jobs_status_check")
        ),
        sa.CheckConstraint("(grid_key IS NULL) = (grid_type IS NULL)", name=op.f("jobs_grid_has_type_check")),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name=op.f("jobs_progress_check")),
        sa.CheckConstraint("seed BETWEEN 0 AND 4294967295", name=op.f("jobs_seed_check")),
        sa.ForeignKeyConstraint(["parent_job_id"], ["jobs.id"], name=op.f("jobs_parent_job_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("jobs_pkey")),
    )


def _index_jobs() -> None:
    op.create_index("jobs_ended_idx", "jobs", ["ended_at"], postgresql_where=sa.text("ended_at IS NOT NULL"))
    op.create_index(
        "jobs_pending_idx", "jobs", ["member_id", "turn"], postgresql_where=sa.text("status IN ('waiting', 'running')")
    )
    op.create_index("jobs_started_idx", "jobs", ["turn"], postgresql_where=sa.text("started_at IS NOT NULL"))
    op.create_index("jobs_waiting_idx", "jobs", ["turn", "id"], postgresql_where=sa.text("status = 'waiting'"))


def _create_pictures() -> None:
    op.create_table(
        "pictures",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("recipe", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("seed BETWEEN 0 AND 4294967295", name=op.f("pictures_seed_check")),
        sa.CheckConstraint("slot BETWEEN 0 AND 3", name=op.f("pictures_slot_check")),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("pictures_size_check")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("pictures_job_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pictures_pkey")),
        sa.UniqueConstraint("job_id", "slot", name=op.f("pictures_job_id_slot_key")),
    )


def _create_previews() -> None:
    op.create_table(
        "previews",
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("previews_job_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name=op.f("previews_pkey")),
        comment="the newest small preview of each running job; gone when the job ends",
    )


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("press_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("picture_id", sa.UUID(), nullable=True),
        sa.Column("value", sa.SmallInteger(), nullable=True),
        sa.Column("shown", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("is_owner", sa.Boolean(), nullable=False),
        sa.Column("latency_ms", sa.BigInteger(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("model_hash", sa.Text(), nullable=True),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("(verb = 'rate') = (value IS NOT NULL)", name=op.f("events_value_when_rated_check")),
        sa.CheckConstraint("consent IN ('publish', 'train', 'use')", name=op.f("events_consent_check")),
        sa.CheckConstraint("surface IN ('dm', 'guild', 'private')", name=op.f("events_surface_check")),
        sa.CheckConstraint("verb IN ('cancel', 'rate', 'reroll', 'upscale', 'vary')", name=op.f("events_verb_check")),
        sa.CheckConstraint("latency_ms >= 0", name=op.f("events_latency_check")),
        sa.CheckConstraint("value BETWEEN 1 AND 4", name=op.f("events_value_check")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("events_job_id_fkey")),
        sa.ForeignKeyConstraint(["picture_id"], ["pictures.id"], name=op.f("events_picture_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("events_pkey")),
        sa.UniqueConstraint("press_id", name=op.f("events_press_id_key")),
    )


def _index_events() -> None:
    op.create_index(op.f("events_job_id_at_idx"), "events", ["job_id", "at"])
    op.create_index(op.f("events_member_id_at_idx"), "events", ["member_id", "at"])


def _create_command_syncs() -> None:
    op.create_table(
        "command_syncs",
        sa.Column("application_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False, comment="SHA-256 of the commands last registered with Discord"),
        sa.Column("synced_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("application_id", name=op.f("command_syncs_pkey")),
    )


def _create_members() -> None:
    op.create_table(
        "members",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("discord_id", sa.BigInteger(), nullable=False),
        sa.Column("consent", sa.Text(), server_default="use", nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("consent IN ('publish', 'train', 'use')", name=op.f("members_consent_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("members_pkey")),
        sa.UniqueConstraint("discord_id", name=op.f("members_discord_id_key")),
        comment="persons; everything else names them by the opaque id",
    )


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("picture_id", sa.UUID(), nullable=True),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("press_id", sa.Text(), nullable=False, comment="the interaction that asked for it"),
        sa.Column("ordinal", sa.SmallInteger(), nullable=False, comment="which of the answers to that interaction"),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "moved_from",
            sa.BigInteger(),
            nullable=True,
            comment="the channel that refused it, when it moved to a direct message",
        ),
        sa.Column("reply_to", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("token", sa.Text(), nullable=True, comment="secret; answers the interaction until it expires"),
        sa.Column("token_expires_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("claimed_by", sa.UUID(), nullable=True),
        sa.Column("claimed_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'picture') = (picture_id IS NOT NULL)", name=op.f("deliveries_picture_when_picture_check")
        ),
        sa.CheckConstraint(
            "(state = 'open') = (closed_at IS NULL)", name=op.f("deliveries_closed_when_not_open_check")
        ),
        sa.CheckConstraint(
            "(state = 'undeliverable') = (cause IS NOT NULL)", name=op.f("deliveries_cause_when_undeliverable_check")
        ),
        sa.CheckConstraint("kind IN ('grid', 'picture')", name=op.f("deliveries_kind_check")),
        sa.CheckConstraint(
            "state <> 'delivered' OR message_id IS NOT NULL", name=op.f("deliveries_message_when_delivered_check")
        ),
        sa.CheckConstraint("state = 'open' OR token IS NULL", name=op.f("deliveries_no_token_when_closed_check")),
        sa.CheckConstraint(
            "state IN ('delivered', 'gone', 'open', 'undeliverable')", name=op.f("deliveries_state_check")
        ),
        sa.CheckConstraint(
            "(claimed_by IS NULL) = (claimed_until IS NULL)", name=op.f("deliveries_claim_has_end_check")
        ),
        sa.CheckConstraint("(token IS NULL) = (token_expires_at IS NULL)", name=op.f("deliveries_token_expires_check")),
        sa.CheckConstraint("ordinal >= 0", name=op.f("deliveries_ordinal_check")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("deliveries_job_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("deliveries_member_id_fkey")),
        sa.ForeignKeyConstraint(
            ["picture_id"], ["pictures.id"], name=op.f("deliveries_picture_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("deliveries_pkey")),
        sa.UniqueConstraint("press_id", "ordinal", name=op.f("deliveries_press_id_ordinal_key")),
    )


def _index_deliveries() -> None:
    op.create_index("deliveries_claimed_idx", "deliveries", ["claimed_by"], postgresql_where=sa.text("state = 'open'"))
    op.create_index(
        "deliveries_grid_idx", "deliveries", ["job_id"], unique=True, postgresql_where=sa.text("kind = 'grid'")
    )
    op.create_index(op.f("deliveries_job_id_idx"), "deliveries", ["job_id"])
    op.create_index(op.f("deliveries_member_id_idx"), "deliveries", ["member_id"])
    op.create_index(
        "deliveries_message_idx",
        "deliveries",
        ["message_id"],
        unique=True,
        postgresql_where=sa.text("message_id IS NOT NULL"),
    )
    op.create_index(
        "deliveries_open_idx", "deliveries", ["claimed_until", "id"], postgresql_where=sa.text("state = 'open'")
    )


def _create_queue() -> None:
    environment = QueryBuilderEnvironment()
    _execute_script(environment.build_install_query())
    _execute_script(environment.build_optimize_autovacuum_query())


def _execute_script(script: str) -> None:
    """Run statements that the driver cannot prepare because they come as one text."""
    driver = op.get_bind().connection.dbapi_connection
    assert driver is not None
    driver.run_async(lambda connection: connection.execute(script))
