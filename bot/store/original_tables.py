"""The table of results that members want by direct message, with its legal states as checks."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from engine.store.tables import check_one_of, metadata

SLOT = sa.text("coalesce(slot, '-1'::integer)")
"""What of a job is wanted, in the index by which a member gets it once."""


class OriginalsState(StrEnum):
    """What became of a request.

    waiting: to be sent. sent: the member has it. closed: Discord lets the bot send them none; asking again tries again.
    lost: the files are missing.
    """

    WAITING = "waiting"
    SENT = "sent"
    CLOSED = "closed"
    LOST = "lost"


class RequestPurpose(StrEnum):
    """What a request is for.

    reaction: the member has asked for this result. preference: they want each.
    turned_off: to tell them that this ended, because they take no direct messages.
    """

    REACTION = "reaction"
    PREFERENCE = "preference"
    TURNED_OFF = "turned_off"


original_requests = sa.Table(
    "original_requests",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("member_id", pg.UUID, sa.ForeignKey("members.id", ondelete="CASCADE"), nullable=False),
    sa.Column("job_id", pg.UUID, sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("slot", sa.SmallInteger, comment="which picture; all for none"),
    sa.Column("guild_id", sa.BigInteger),
    sa.Column("channel_id", sa.BigInteger, nullable=False),
    sa.Column("message_id", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default=OriginalsState.WAITING.value),
    sa.Column(
        "is_told",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="whether the member was told that Discord lets the bot send them none",
    ),
    sa.Column("told_message_id", sa.BigInteger, comment="the message in the channel that told them"),
    sa.Column("claimed_until", sa.TIMESTAMP(timezone=True)),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.text("now()")),
    sa.Column("purpose", sa.Text, nullable=False, server_default=RequestPurpose.REACTION.value),
    check_one_of("state", OriginalsState),
    check_one_of("purpose", RequestPurpose),
    sa.CheckConstraint("slot BETWEEN 0 AND 3", name="slot"),
    sa.Index("original_requests_once_idx", "member_id", "job_id", SLOT, unique=True),
    sa.Index("original_requests_waiting_idx", "id", postgresql_where=sa.text("state = 'waiting'")),
    sa.Index(None, "job_id"),
    comment="results that members want by direct message, as they say with a reaction or in their preferences",
)
