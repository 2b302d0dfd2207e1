"""The tables of moderation: where moderators of a guild are told, and the cases that they decide."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bot.policy.pictures import Showing
from bot.policy.restrictions import RestrictionKind
from engine.store.tables import check_one_of, metadata


class CaseKind(StrEnum):
    """What a case is about.

    report: a picture or a grid that members have reported. appeal: what a member says was wrong. allow: the end of a
    time out or a ban, which a moderator has decided without being asked. barred: a picture was like one that must never
    appear, so that nothing was kept of its job, or it was not taken from the member who brought it.
    """

    REPORT = "report"
    APPEAL = "appeal"
    ALLOW = "allow"
    BARRED = "barred"


class AppealSubject(StrEnum):
    """What an appeal is against; words: the refusal of a prompt. picture: that a result is not shown."""

    WORDS = "words"
    PICTURE = "picture"
    TIME_OUT = "time_out"
    BAN = "ban"


class Decision(StrEnum):
    """How a case ended; gone: there is nothing left to decide, because what it was about was erased."""

    KEEP = "keep"
    REMOVE = "remove"
    TIME_OUT = "time_out"
    BAN = "ban"
    ALLOW = "allow"
    ACCEPT = "accept"
    REFUSE = "refuse"
    GONE = "gone"


class ChannelFault(StrEnum):
    """Why nothing can be posted into a moderators' channel."""

    DELETED = "deleted"
    FORBIDDEN = "forbidden"


_now = sa.text("now()")
_open_report = sa.text("kind = 'report' AND decision IS NULL")

moderator_channels = sa.Table(
    "moderator_channels",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("channel_id", sa.BigInteger, nullable=False),
    sa.Column("fault", sa.Text, comment="why nothing could be posted there at the last attempt"),
    sa.Column("retry_at", sa.TIMESTAMP(timezone=True)),
    check_one_of("fault", ChannelFault),
    sa.CheckConstraint("(fault IS NULL) = (retry_at IS NULL)", name="retry_after_fault"),
    comment="where the moderators of a guild read cases",
)

moderation_cases = sa.Table(
    "moderation_cases",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("guild_id", sa.BigInteger, nullable=False),
    sa.Column("member_id", pg.UUID, comment="whom it is about; none once they are erased"),
    sa.Column("job_id", pg.UUID, comment="none once it is erased"),
    sa.Column("slot", sa.SmallInteger, comment="the picture; none for a whole grid"),
    sa.Column("reported_channel_id", sa.BigInteger),
    sa.Column("reported_message_id", sa.BigInteger, comment="the message under which it was reported first"),
    sa.Column("num_reports", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("reasons", pg.JSONB, nullable=False, server_default=sa.text("'{}'"), comment="how many gave which"),
    sa.Column("appeal_of", sa.Text),
    sa.Column("appealed_id", pg.UUID, comment="of the refusal, or of the case that restricts the member"),
    sa.Column("refused", sa.Text, comment="the prompt, or the reason of what is appealed"),
    sa.Column("rule", sa.Text, comment="what forbids the prompt"),
    sa.Column("language", sa.Text, nullable=False, server_default="en", comment="in which who appeals is told"),
    sa.Column(
        "is_told",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="whether the member was told of the decision, or cannot be",
    ),
    sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    sa.Column("decision", sa.Text),
    sa.Column("decided_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("decided_by", pg.UUID, comment="none once they are erased"),
    sa.Column("decided_press_id", sa.BigInteger),
    sa.Column("reason", sa.Text, comment="of the decision; the member reads it"),
    sa.Column("until", sa.TIMESTAMP(timezone=True), comment="when a time out ends"),
    sa.Column(
        "is_removed",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="whether its messages are to be deleted",
    ),
    sa.Column(
        "is_brought",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="whether the member brought the picture that must never appear",
    ),
    sa.Column("case_channel_id", sa.BigInteger),
    sa.Column("case_message_id", sa.BigInteger, comment="the message in which moderators read it"),
    sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1")),
    sa.Column(
        "shown_version",
        sa.Integer,
        nullable=False,
        server_default=sa.text("0"),
        comment="that of the message; of a smaller one, it is to be posted or edited",
    ),
    sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    sa.Column("claimed_until", sa.TIMESTAMP(timezone=True)),
    sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
    check_one_of("kind", CaseKind),
    check_one_of("decision", Decision),
    check_one_of("appeal_of", AppealSubject),
    sa.CheckConstraint("(kind = 'appeal') = (appeal_of IS NOT NULL)", name="appeal"),
    sa.CheckConstraint("slot BETWEEN 0 AND 3", name="slot"),
    sa.CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided"),
    sa.CheckConstraint("(case_channel_id IS NULL) = (case_message_id IS NULL)", name="case_message"),
    sa.Index(
        "moderation_cases_open_idx",
        "guild_id",
        "job_id",
        sa.text("coalesce(slot, -1)"),
        unique=True,
        postgresql_where=_open_report,
    ),
    sa.Index("moderation_cases_due_idx", "guild_id", "due_at", postgresql_where=sa.text("version > shown_version")),
    sa.Index("moderation_cases_appeal_idx", "appealed_id", unique=True, postgresql_where=sa.text("kind = 'appeal'")),
    sa.Index("moderation_cases_undecided_idx", "guild_id", postgresql_where=sa.text("decision IS NULL")),
    sa.Index(None, "guild_id", "id"),
    sa.Index(None, "job_id"),
    sa.Index(None, "member_id"),
    sa.Index(None, "decided_by"),
    comment="what moderators of a guild decide, and how they did; never who reported",
)

guild_restrictions = sa.Table(
    "guild_restrictions",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("member_id", pg.UUID, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, comment="the member reads it"),
    sa.Column("until", sa.TIMESTAMP(timezone=True), comment="none for a ban"),
    sa.Column("case_id", pg.UUID, comment="the case whose decision it is"),
    sa.Column("since", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    check_one_of("kind", RestrictionKind),
    sa.CheckConstraint("(kind = 'ban') = (until IS NULL)", name="end"),
    sa.Index(None, "member_id"),
    comment="members who may start nothing in a guild, because its moderators have timed them out or banned them",
)

guild_picture_rules = sa.Table(
    "guild_picture_rules",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("elsewhere", sa.Text, nullable=False, comment="in channels that are not restricted by age"),
    sa.Column("age_restricted", sa.Text, nullable=False),
    sa.Column("is_strict", sa.Boolean, nullable=False),
    check_one_of("elsewhere", Showing),
    check_one_of("age_restricted", Showing),
    comment="how a guild shows pictures that a classifier finds unsafe",
)

released_results = sa.Table(
    "released_results",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("job_id", pg.UUID, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Index(None, "job_id"),
    comment="jobs whose unsafe pictures a guild shows all the same, because its moderators accepted an appeal",
)

refusals = sa.Table(
    "refusals",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("member_id", pg.UUID, sa.ForeignKey("members.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("id", pg.UUID, nullable=False, comment="names it in an appeal"),
    sa.Column("prompt", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    sa.Index(None, "member_id"),
    comment="the last prompt of each member that the words of a guild forbade",
)
