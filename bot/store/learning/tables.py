"""The tables of trained adapters, and of the members whose votes and pictures each was trained on."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from engine.store.tables import check_one_of, metadata


class AdapterState(StrEnum):
    """What became of an adapter.

    trained: not evaluated yet. candidate: evaluated, and not decided on. promoted: the style of the community, or was
    it until another one was promoted. rolled_back: promoted, and taken out again. refused: kept out.
    """

    TRAINED = "trained"
    CANDIDATE = "candidate"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    REFUSED = "refused"


learned_adapters = sa.Table(
    "learned_adapters",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("sha256", sa.Text, nullable=False, comment="of its file"),
    sa.Column("preferences_sha256", sa.Text, nullable=False, comment="of the preferences that it was trained on"),
    sa.Column("num_preferences", sa.Integer, nullable=False),
    sa.Column("model", sa.Text, nullable=False, comment="the base model"),
    sa.Column("model_sha256", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default=AdapterState.TRAINED.value),
    sa.Column("folder", sa.Text, nullable=False, comment="of the run, on the machine that trained it"),
    sa.Column(
        "num_erased",
        sa.Integer,
        nullable=False,
        server_default=sa.text("0"),
        comment="members who were erased since it was trained on their votes",
    ),
    sa.Column("figures", pg.JSONB, nullable=False, server_default=sa.text("'{}'"), comment="how the training went"),
    sa.Column("sheet_key", sa.Text, comment="file of the pictures before and after"),
    sa.Column("read_at", sa.TIMESTAMP(timezone=True), nullable=False, comment="when the votes were read"),
    sa.Column("trained_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("changed_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.UniqueConstraint("sha256"),
    check_one_of("state", AdapterState),
    sa.CheckConstraint("num_preferences > 0 AND num_erased >= 0", name="counts"),
    comment="adapters that were trained on votes of the log",
)

learned_adapter_members = sa.Table(
    "learned_adapter_members",
    metadata,
    sa.Column("adapter_id", pg.UUID, sa.ForeignKey("learned_adapters.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("member_id", pg.UUID, sa.ForeignKey("members.id", ondelete="CASCADE"), primary_key=True),
    # An erasure and a withdrawn consent ask for the adapters of a member.
    sa.Index(None, "member_id"),
    comment="whose votes, prompts and pictures an adapter was trained on",
)


class AdapterDecision(StrEnum):
    """What an administrator says to an adapter: that it becomes the style of the community, or that nothing changes."""

    PROMOTE = "promote"
    KEEP = "keep"


learned_adapter_questions = sa.Table(
    "learned_adapter_questions",
    metadata,
    sa.Column("adapter_id", pg.UUID, sa.ForeignKey("learned_adapters.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("channel_id", sa.BigInteger),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("answer", sa.Text),
    sa.Column("answered_by", pg.UUID, sa.ForeignKey("members.id", ondelete="SET NULL")),
    sa.Column("answered_at", sa.TIMESTAMP(timezone=True)),
    sa.Column(
        "is_shown", sa.Boolean, nullable=False, server_default=sa.false(), comment="whether the message is up to date"
    ),
    sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0"), comment="at posting the message"),
    sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("claimed_until", sa.TIMESTAMP(timezone=True)),
    check_one_of("answer", AdapterDecision),
    sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
    sa.CheckConstraint("(channel_id IS NULL) = (message_id IS NULL)", name="message"),
    sa.Index("learned_adapter_questions_due_idx", "due_at", postgresql_where=sa.text("NOT is_shown")),
    sa.Index(None, "answered_by", postgresql_where=sa.text("answered_by IS NOT NULL")),
    comment="adapters that administrators are asked about, with the message that asks",
)
