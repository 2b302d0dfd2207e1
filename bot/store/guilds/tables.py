"""What those who manage a guild set for it, as tables; the guild is Discord's id."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from engine.store.tables import check_one_of, metadata


class GuildSetting(StrEnum):
    """A setting of a guild whose changes are kept.

    adapters: whether members may share theirs. announcements: where the operator's announcements are posted.
    channel: the moderators'. channels: where the bot answers. consent: whether what happens there may be used for
    more than answering. filter: what is done with pictures that the classifier finds. gallery: which pictures it
    shows. language: of the replies. limits: what roles may use. pause: whether jobs are started. words: what
    prompts may not have.
    """

    ADAPTERS = "adapters"
    ANNOUNCEMENTS = "announcements"
    CHANNEL = "channel"
    CHANNELS = "channels"
    CONSENT = "consent"
    FILTER = "filter"
    GALLERY = "gallery"
    LANGUAGE = "language"
    LIMITS = "limits"
    PAUSE = "pause"
    WORDS = "words"


guild_pauses = sa.Table(
    "guild_pauses",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("paused_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.text("now()")),
    comment="servers whose members start no jobs, and whose waiting jobs are held",
)

guild_words = sa.Table(
    "guild_words",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("rules", pg.ARRAY(sa.Text), nullable=False, comment="as engine.safety.words reads them"),
    comment="words that prompts in a guild may not have",
)

guild_changes = sa.Table(
    "guild_changes",
    metadata,
    sa.Column("press_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("guild_id", sa.BigInteger, nullable=False),
    sa.Column("member_id", pg.UUID, comment="none once they are erased"),
    sa.Column("setting", sa.Text, nullable=False),
    sa.Column("added", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("removed", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    check_one_of("setting", GuildSetting),
    sa.Index(None, "guild_id", "press_id"),
    sa.Index(None, "member_id"),
    comment="who changed what in the settings of a guild, by the interaction that did; append-only",
)

guild_settings = sa.Table(
    "guild_settings",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column(
        "channels",
        pg.ARRAY(sa.BigInteger),
        nullable=False,
        server_default=sa.text("'{}'"),
        comment="where jobs are started, and in their threads; everywhere if there is none",
    ),
    sa.Column("language", sa.Text, comment="of replies; none for that of each member"),
    sa.Column("announcements", sa.BigInteger, comment="the channel of the operator's announcements"),
    sa.Column(
        "shares_adapters",
        sa.Boolean,
        nullable=False,
        server_default=sa.true(),
        comment="whether members may share their adapters there",
    ),
    sa.CheckConstraint("cardinality(channels) <= 25", name="channels"),
    sa.Index("guild_settings_language_idx", "guild_id", postgresql_where=sa.text("language IS NOT NULL")),
    sa.Index("guild_settings_announcements_idx", "guild_id", postgresql_where=sa.text("announcements IS NOT NULL")),
    comment="what those who manage a guild set for it; without a row nothing is set",
)
