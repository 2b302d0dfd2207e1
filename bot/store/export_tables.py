"""The table of exports that members ask for, with its legal states as checks."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from engine.store.tables import check_one_of, metadata


class ExportState(StrEnum):
    """The state of an export; every one but `waiting` is final.

    waiting: to be made, or being made. done: there is a file. refused: there is nothing that it may hold.
    failed: it could not be made.
    """

    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class Telling(StrEnum):
    """Whether the member knows what became of their export; held: Discord takes no message to them until they ask."""

    DUE = "due"
    HELD = "held"
    TOLD = "told"


exports = sa.Table(
    "exports",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("press_id", sa.BigInteger, nullable=False),
    sa.Column("member_id", pg.UUID, sa.ForeignKey("members.id", ondelete="CASCADE"), nullable=False),
    sa.Column("guild_id", sa.BigInteger, comment="none for the member's own data"),
    sa.Column("options", pg.JSONB, nullable=False),
    sa.Column("max_bytes", sa.BigInteger, nullable=False, comment="the largest file that Discord takes there"),
    sa.Column("state", sa.Text, nullable=False, server_default=ExportState.WAITING.value),
    sa.Column("outcome", pg.JSONB, nullable=False, server_default=sa.text("'{}'")),
    sa.Column("secret", sa.Text, nullable=False, comment="signs links to the file"),
    sa.Column("token", sa.Text, comment="secret; answers the interaction until it expires"),
    sa.Column("token_expires_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("claimed_until", sa.TIMESTAMP(timezone=True)),
    sa.Column(
        "telling",
        sa.Text,
        nullable=False,
        server_default=Telling.DUE.value,
        comment="held: until the member asks, because Discord takes no message to them",
    ),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.text("now()")),
    sa.Column("ended_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("language", sa.Text, nullable=False, server_default="en", comment="in which the member is told"),
    sa.UniqueConstraint("press_id"),
    check_one_of("state", ExportState),
    check_one_of("telling", Telling),
    sa.CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended"),
    sa.CheckConstraint("(token IS NULL) = (token_expires_at IS NULL)", name="token_expires"),
    sa.Index("exports_waiting_guild_idx", "guild_id", unique=True, postgresql_where=sa.text("state = 'waiting'")),
    sa.Index(
        "exports_waiting_member_idx",
        "member_id",
        unique=True,
        postgresql_where=sa.text("state = 'waiting' AND guild_id IS NULL"),
    ),
    sa.Index("exports_open_idx", "id", postgresql_where=sa.text("state = 'waiting' OR telling = 'due'")),
    sa.Index(None, "guild_id", "id"),
    sa.Index(None, "member_id"),
    comment="exports that members have asked for in Discord",
)
