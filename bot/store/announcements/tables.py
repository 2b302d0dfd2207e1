"""The operator's announcements as tables, and a post of each for every guild that wanted it, by Discord's id."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from engine.store.tables import check_one_of, metadata


class PostState(StrEnum):
    """What became of an announcement in a guild.

    waiting: it is to be posted. posted: it was. refused: Discord does not let the bot post in the channel.
    unwanted: those who manage the guild have switched announcements off before it was posted. withdrawn: the operator
    has taken it back, and it is not there: never posted, or deleted. left: taken back too, but Discord does not let the
    bot look for its message, or delete it.
    """

    WAITING = "waiting"
    POSTED = "posted"
    REFUSED = "refused"
    UNWANTED = "unwanted"
    WITHDRAWN = "withdrawn"
    LEFT = "left"


announcements = sa.Table(
    "announcements",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.text("now()")),
    sa.Column("withdrawn_at", sa.TIMESTAMP(timezone=True), comment="since when it is to be nowhere"),
    comment="what the operator has announced",
)

announcement_posts = sa.Table(
    "announcement_posts",
    metadata,
    sa.Column("announcement_id", pg.UUID, sa.ForeignKey("announcements.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("state", sa.Text, nullable=False, server_default=PostState.WAITING.value),
    sa.Column("channel_id", sa.BigInteger, comment="where it was tried first, and is tried again"),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column(
        "due_at",
        sa.TIMESTAMP(timezone=True),
        nullable=False,
        server_default=sa.text("now()"),
        comment="when it is tried; while a process posts it, when another one may",
    ),
    check_one_of("state", PostState),
    sa.CheckConstraint("state = 'left' OR (state = 'posted') = (message_id IS NOT NULL)", name="message"),
    sa.Index("announcement_posts_due_idx", "due_at", postgresql_where=sa.text("state = 'waiting'")),
    sa.Index(
        "announcement_posts_shown_idx",
        "announcement_id",
        "due_at",
        postgresql_where=sa.text("state IN ('posted', 'waiting')"),
    ),
    comment="an announcement in each guild that wanted it when it was made",
)
