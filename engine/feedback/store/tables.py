"""The log's tables, with their valid rows as CHECK constraints; the migrations add triggers and partitions.

They have no foreign keys: a fact stays one after the picture that it is about was erased.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from engine.contract.feedback import ReportReason, Surface, Verb
from engine.feedback.records import Choice, ImpressionKind, PromptOrigin
from engine.store.tables import check_one_of, metadata


def _consent_columns() -> tuple[sa.Column[int], sa.Column[bool], sa.Column[bool], sa.CheckConstraint]:
    return (
        sa.Column("consent_version", sa.SmallInteger),
        sa.Column("may_train", sa.Boolean, nullable=False),
        sa.Column("may_publish", sa.Boolean, nullable=False),
        sa.CheckConstraint("consent_version IS NOT NULL OR NOT (may_train OR may_publish)", name="asked"),
    )


impressions = sa.Table(
    "impressions",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("job_id", pg.UUID),
    sa.Column("member_id", pg.UUID, nullable=False),
    sa.Column("pictures", pg.JSONB, nullable=False),
    sa.Column("prompt_hash", sa.Text, nullable=False),
    sa.Column("prompt_source", sa.Text),
    sa.Column("parent_job_id", pg.UUID),
    sa.Column("parent_picture_id", pg.UUID),
    sa.Column("operation", sa.Text),
    sa.Column("surface", sa.Text),
    sa.Column("is_nsfw_channel", sa.Boolean),
    sa.Column("ui_version", sa.SmallInteger, nullable=False),
    sa.Column("guild_id", sa.BigInteger),
    *_consent_columns(),
    sa.Column("shown_at", sa.TIMESTAMP(timezone=True), nullable=False),
    check_one_of("kind", ImpressionKind),
    check_one_of("prompt_source", PromptOrigin),
    check_one_of("surface", Surface),
    sa.CheckConstraint("(kind = 'pair') = (job_id IS NULL)", name="job_unless_pair"),
    sa.Index(None, "job_id"),
    sa.Index(None, "member_id"),
    sa.Index(None, "message_id"),
    sa.Index(None, "guild_id", "member_id"),
    comment="what was shown to whom; append-only, one partition a month",
    postgresql_partition_by="RANGE (id)",
)

actions = sa.Table(
    "actions",
    metadata,
    sa.Column("press_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("id", pg.UUID, nullable=False, server_default=sa.func.gen_random_uuid()),
    sa.Column("impression_id", pg.UUID),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("job_id", pg.UUID),
    sa.Column("member_id", pg.UUID, nullable=False),
    sa.Column("is_owner", sa.Boolean, nullable=False),
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("slot", sa.SmallInteger),
    sa.Column("picture_id", pg.UUID),
    sa.Column("value", sa.SmallInteger),
    sa.Column("choice", sa.Text),
    sa.Column("variation", sa.Text),
    sa.Column("replaces", sa.BigInteger),
    sa.Column("shown_pictures", pg.ARRAY(pg.UUID), nullable=False),
    sa.Column("shown_slots", pg.ARRAY(sa.SmallInteger), nullable=False),
    sa.Column("model", sa.Text),
    sa.Column("model_hash", sa.Text),
    sa.Column("surface", sa.Text, nullable=False),
    sa.Column("latency_ms", sa.BigInteger),
    sa.Column("guild_id", sa.BigInteger),
    *_consent_columns(),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("reason", sa.Text),
    check_one_of("verb", Verb),
    check_one_of("surface", Surface),
    check_one_of("choice", Choice),
    check_one_of("reason", ReportReason),
    sa.CheckConstraint("reason IS NULL OR verb = 'report'", name="reason_of_report"),
    sa.CheckConstraint("(verb = 'choose') = (choice IS NOT NULL)", name="choice_when_chosen"),
    sa.CheckConstraint(
        "CASE WHEN verb = 'rate' THEN value IS NOT NULL AND value BETWEEN 0 AND 4"
        " WHEN verb IN ('best', 'favourite') THEN value IS NOT NULL AND value BETWEEN 0 AND 1 ELSE value IS NULL END",
        name="value",
    ),
    sa.CheckConstraint("latency_ms >= 0", name="latency"),
    sa.CheckConstraint("cardinality(shown_pictures) = cardinality(shown_slots)", name="shown"),
    sa.Index(None, "job_id"),
    sa.Index(None, "member_id"),
    sa.Index(None, "guild_id", "member_id"),
    sa.Index("actions_excluding_idx", "press_id", postgresql_where=sa.text("verb IN ('delete', 'report')")),
    comment="what members pressed; append-only, one partition a month",
    postgresql_partition_by="RANGE (press_id)",
)

member_months = sa.Table(
    "member_months",
    metadata,
    sa.Column("member_id", pg.UUID, primary_key=True),
    sa.Column("month", sa.Date, primary_key=True),
    comment="the months of the log that hold something of a member; erasure reads no other",
)

press_keys = sa.Table(
    "press_keys",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("press_id", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("press_id"),
    comment="presses whose id is not Discord's, each with an id of its time that stands for it",
)

guild_choices = sa.Table(
    "guild_choices",
    metadata,
    sa.Column("press_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("guild_id", sa.BigInteger, nullable=False),
    sa.Column("is_collecting", sa.Boolean, nullable=False),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Index(None, "guild_id", "press_id"),
    comment="whether what happens in a guild may be used for more than answering, by the interaction that said so;"
    " append-only",
)

erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("member_id", pg.UUID, comment="none once it is done"),
    sa.Column("requested_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("claimed_until", sa.TIMESTAMP(timezone=True)),
    sa.Column("is_deleted", sa.Boolean, nullable=False, server_default=sa.false(), comment="whether the rows are"),
    sa.Column("done_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("counts", pg.JSONB, nullable=False, server_default=sa.text("'{}'")),
    sa.UniqueConstraint("member_id"),
    sa.CheckConstraint("(member_id IS NULL) = (done_at IS NOT NULL)", name="nameless_when_done"),
    comment="erasures of members; of one that is done stay the time and counts",
)

erasure_objects = sa.Table(
    "erasure_objects",
    metadata,
    sa.Column("erasure_id", pg.UUID, sa.ForeignKey("erasures.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("is_deleted", sa.Boolean, nullable=False, server_default=sa.false()),
    comment="files of the picture store that an erasure has still to delete, or to look for once more",
)

prunes = sa.Table(
    "prunes",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True, comment="of the erasure that deletes the files"),
    sa.Column("pruned_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("jobs", sa.Integer, nullable=False),
    sa.Column("pictures", sa.Integer, nullable=False),
    comment="what was deleted for its age; whoever reads pictures locks it, so that none goes meanwhile",
)
