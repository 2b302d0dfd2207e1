"""Which adapters of members everybody in a guild may use, as a table; the guild is Discord's id."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from engine.store.tables import metadata

adapter_shares = sa.Table(
    "adapter_shares",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("adapter_id", pg.UUID, sa.ForeignKey("own_adapters.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.Text, nullable=False, comment="that of the adapter"),
    sa.Column("shared_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.text("now()")),
    sa.Index("adapter_shares_guild_id_name_key", "guild_id", sa.text("lower(name)"), unique=True),
    sa.Index(None, "adapter_id"),
    comment="adapters of members that everybody in a server may use",
)
