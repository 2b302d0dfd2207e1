"""The engine's tables, with their valid states as CHECK constraints; PgQueuer owns the queue's tables."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from engine.contract.api_keys import Scope
from engine.contract.jobs import FINAL, MAX_SEED, JobStatus, Operation, Visibility

CONVENTION = {
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}

metadata = sa.MetaData(naming_convention=CONVENTION)


def check_one_of(column: str, values: Iterable[StrEnum]) -> sa.CheckConstraint:
    """Return a constraint, named after the column, that `column` is one of `values`."""
    names = ", ".join(f"'{value}'" for value in sorted(values))
    return sa.CheckConstraint(f"{column} IN ({names})", name=column)


_FINAL = ", ".join(f"'{status}'" for status in sorted(FINAL))
_SCOPES = ", ".join(f"'{scope}'" for scope in sorted(Scope))
_now = sa.text("now()")
_MASK = sa.text("(edit #>> '{mask,sha256}')")
_BETWEEN = sa.text("(spec #> '{parameters,between}')")

SLICE_DIGITS = (4, 5, 6, 7)
"""How many of the first hexadecimal digits of its id the document of a job has: times, to 50 days and to 17 minutes."""

DOCUMENT = (
    "(to_tsvector('simple'::regconfig, spec ->> 'prompt') || array_to_tsvector(ARRAY['of ' || member_id::text, "
    + ", ".join(f"'at ' || left(id::text, {digits})" for digits in SLICE_DIGITS)
    + "]))"
)
"""The words of a job's prompt, and beside them whose it is and when it was asked for, by words that no prompt has."""

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("member_id", pg.UUID, nullable=False),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("spec", pg.JSONB, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default=JobStatus.WAITING.value),
    sa.Column("turn", sa.BigInteger, nullable=False, comment="start tag of start-time fair queueing"),
    sa.Column("max_running", sa.SmallInteger, comment="how many jobs of its member are painted at once with it"),
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default=sa.text("0")),
    sa.Column(
        "starts", sa.Integer, nullable=False, server_default=sa.text("0"), comment="only the newest one holds it"
    ),
    sa.Column(
        "crashes",
        sa.SmallInteger,
        nullable=False,
        server_default=sa.text("0"),
        comment="engines and painting processes that were lost with the job in hand",
    ),
    sa.Column("progress", sa.REAL, nullable=False, server_default=sa.text("0")),
    sa.Column("parent_job_id", pg.UUID, sa.ForeignKey("jobs.id")),
    sa.Column("parent_picture_id", pg.UUID, sa.ForeignKey("pictures.id", use_alter=True)),
    sa.Column("edit", pg.JSONB(none_as_null=True), comment="what is done to the parent picture"),
    sa.Column(
        "image_keys",
        pg.ARRAY(sa.Text),
        nullable=False,
        server_default=sa.text("'{}'"),
        comment="files of the pictures in the prompt",
    ),
    sa.Column(
        "visibility",
        sa.Text,
        nullable=False,
        server_default=Visibility.PUBLIC.value,
        comment="who may see it: whoever sees its message, or its owner alone",
    ),
    sa.Column("cause", pg.JSONB(none_as_null=True)),
    sa.Column("grid_key", sa.Text),
    sa.Column("grid_type", sa.Text),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    sa.Column("started_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("ended_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("expected_at", sa.TIMESTAMP(timezone=True), comment="when a training will end, as last estimated"),
    check_one_of("operation", Operation),
    check_one_of("status", JobStatus),
    check_one_of("visibility", Visibility),
    sa.CheckConstraint(f"seed BETWEEN 0 AND {MAX_SEED}", name="seed"),
    sa.CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
    sa.CheckConstraint("max_running > 0", name="max_running"),
    sa.CheckConstraint("(status = 'failed') = (cause IS NOT NULL)", name="cause_when_failed"),
    sa.CheckConstraint("(status = 'finished') = (grid_key IS NOT NULL)", name="grid_when_finished"),
    sa.CheckConstraint("(grid_key IS NULL) = (grid_type IS NULL)", name="grid_has_type"),
    sa.CheckConstraint(f"(status IN ({_FINAL})) = (ended_at IS NOT NULL)", name="ended_when_final"),
    sa.CheckConstraint(
        "operation IN ('animate', 'describe') OR "
        "(operation NOT IN ('imagine', 'shorten', 'train')) = (parent_picture_id IS NOT NULL)",
        name="source",
    ),
    sa.CheckConstraint("edit IS NULL OR parent_picture_id IS NOT NULL", name="edit_has_source"),
    sa.Index("jobs_pending_idx", "member_id", "turn", postgresql_where=sa.text("status IN ('waiting', 'running')")),
    sa.Index("jobs_waiting_idx", "turn", "id", postgresql_where=sa.text("status = 'waiting'")),
    sa.Index("jobs_running_idx", "id", postgresql_where=sa.text("status = 'running'")),
    sa.Index("jobs_started_idx", "turn", postgresql_where=sa.text("started_at IS NOT NULL")),
    sa.Index(None, "member_id"),
    sa.Index("jobs_member_id_id_idx", "member_id", "id"),
    sa.Index(
        "jobs_found_idx",
        sa.text(DOCUMENT),
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("status = 'finished'"),
    ),
    # An erasure asks who else has a file.
    sa.Index("jobs_mask_idx", _MASK, postgresql_where=sa.text("edit ? 'mask'")),
    # And what was painted between one of its results and another.
    sa.Index(
        "jobs_between_idx",
        _BETWEEN,
        postgresql_using="gin",
        postgresql_where=sa.text("(spec -> 'parameters') ? 'between'"),
    ),
    sa.Index("jobs_grid_key_idx", "grid_key", postgresql_where=sa.text("grid_key IS NOT NULL")),
    sa.Index(
        "jobs_image_keys_idx", "image_keys", postgresql_using="gin", postgresql_where=sa.text("image_keys <> '{}'")
    ),
    sa.Index("jobs_ended_idx", "ended_at", postgresql_where=sa.text("ended_at IS NOT NULL")),
    sa.Index("jobs_failed_idx", "ended_at", postgresql_where=sa.text("status = 'failed'")),
    sa.Index("jobs_training_idx", "member_id", postgresql_where=sa.text("operation = 'train' AND image_keys <> '{}'")),
    # Postgres uses these when it deletes a job with its pictures.
    sa.Index(None, "parent_job_id", postgresql_where=sa.text("parent_job_id IS NOT NULL")),
    sa.Index(None, "parent_picture_id", postgresql_where=sa.text("parent_picture_id IS NOT NULL")),
)

pictures = sa.Table(
    "pictures",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("job_id", pg.UUID, sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("slot", sa.SmallInteger, nullable=False),
    sa.Column("object_key", sa.Text, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("recipe", pg.JSONB, nullable=False),
    sa.Column("unsafe_score", sa.REAL, comment="unsafe over 0; none where no classifier has looked at it"),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    sa.UniqueConstraint("job_id", "slot"),
    sa.CheckConstraint("slot BETWEEN 0 AND 3", name="slot"),
    sa.CheckConstraint("width > 0 AND height > 0", name="size"),
    sa.CheckConstraint(f"seed BETWEEN 0 AND {MAX_SEED}", name="seed"),
    # Postgres looks here for what else has a file before it is deleted, and for a picture that is sent back.
    sa.Index(None, "object_key"),
)

uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("member_id", pg.UUID, primary_key=True),
    sa.Column("object_key", sa.Text, primary_key=True),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    sa.CheckConstraint("width > 0 AND height > 0", name="size"),
    # Postgres looks here for what somebody else has brought as well, before a file is deleted.
    sa.Index(None, "object_key"),
    comment="pictures that members have brought, as files or by their addresses",
)

own_adapters = sa.Table(
    "own_adapters",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("member_id", pg.UUID, nullable=False),
    sa.Column("name", sa.Text, nullable=False, comment="by which --lora names it"),
    sa.Column("subject", sa.Text, nullable=False, comment="the text that means what its pictures showed"),
    sa.Column("kind", sa.Text, nullable=False, comment="what kind of thing that is"),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("job_id", pg.UUID, sa.ForeignKey("jobs.id", ondelete="SET NULL"), comment="its training"),
    sa.Column("object_key", sa.Text, comment="its file, none while it is trained"),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    sa.Column("deleted_at", sa.TIMESTAMP(timezone=True), comment="by whom it belongs to, its file is about to be"),
    sa.CheckConstraint("char_length(name) BETWEEN 1 AND 32", name="name"),
    sa.Index(
        "own_adapters_member_id_name_key",
        "member_id",
        sa.text("lower(name)"),
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    ),
    sa.Index("own_adapters_deleted_idx", "id", postgresql_where=sa.text("deleted_at IS NOT NULL")),
    sa.Index("own_adapters_job_id_key", "job_id", unique=True),
    # Postgres looks here for what else has a file before it is deleted.
    sa.Index(None, "object_key"),
    comment="adapters that members train or have trained from pictures of their own",
)

queue_pause = sa.Table(
    "queue_pause",
    metadata,
    sa.Column("only_row", sa.Boolean, primary_key=True, server_default=sa.text("true")),
    sa.Column("paused_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    sa.CheckConstraint("only_row", name="only_row"),
    comment="has a row while engines take no jobs",
)

restrictions = sa.Table(
    "restrictions",
    metadata,
    sa.Column("member_id", pg.UUID, primary_key=True),
    sa.Column("banned_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("banned_until", sa.TIMESTAMP(timezone=True), comment="none for good"),
    sa.Column("ban_reason", sa.Text, comment="the member reads it"),
    sa.Column("max_pending", sa.Integer, comment="unfinished jobs; none where the usual limit holds"),
    sa.CheckConstraint("(banned_at IS NULL) = (ban_reason IS NULL)", name="ban_has_reason"),
    sa.CheckConstraint("banned_until IS NULL OR banned_at IS NOT NULL", name="end_of_ban"),
    sa.CheckConstraint("max_pending > 0", name="max_pending"),
    sa.CheckConstraint("banned_at IS NOT NULL OR max_pending IS NOT NULL", name="restricts"),
    comment="what an operator allows a member less than others, or more",
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("secret_hash", sa.LargeBinary, nullable=False, comment="SHA-256; the secret itself is kept nowhere"),
    sa.Column("secret_start", sa.Text, comment="by which whoever has it knows it; none for keys of before it was kept"),
    sa.Column("member_id", pg.UUID, nullable=False, comment="who its jobs belong to"),
    sa.Column(
        "is_members",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="whether that is the person who made it; else it is no person",
    ),
    sa.Column("scopes", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("jobs_per_day", sa.Integer, nullable=False),
    sa.Column("jobs_at_once", sa.Integer, nullable=False),
    sa.Column(
        "cancels_abandoned",
        sa.Boolean,
        nullable=False,
        comment="whether a job is cancelled when whoever waits for it hangs up",
    ),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    sa.Column("last_used_at", sa.TIMESTAMP(timezone=True), comment="to the minute"),
    sa.Column("revoked_at", sa.TIMESTAMP(timezone=True)),
    sa.UniqueConstraint("secret_hash"),
    sa.CheckConstraint(f"scopes <@ ARRAY[{_SCOPES}]", name="scopes"),
    sa.CheckConstraint("jobs_per_day > 0 AND jobs_at_once > 0", name="quota"),
    sa.Index("api_keys_member_id_key", "member_id", unique=True, postgresql_where=sa.text("revoked_at IS NULL")),
    sa.Index(None, "member_id"),
    sa.Index("api_keys_name_key", "name", unique=True, postgresql_where=sa.text("revoked_at IS NULL")),
    comment="keys of programs that use the API",
)

held_jobs = sa.Table(
    "held_jobs",
    metadata,
    sa.Column("job_id", pg.UUID, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("held_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    comment="waiting jobs that are kept out of the queue until they are released",
)

engines = sa.Table(
    "engines",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("models", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("seen_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    comment="engines that run or have run within a day, with the models that they have",
)

previews = sa.Table(
    "previews",
    metadata,
    sa.Column("job_id", pg.UUID, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("image", sa.LargeBinary, nullable=False),
    comment="the newest small preview of each running job; gone when the job ends",
)
