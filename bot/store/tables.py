"""The bot's own tables, with their legal states as checks; jobs, pictures and feedback belong to the engine."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from engine.contract.feedback import Consent, Surface
from engine.store.tables import check_one_of, metadata


class DeliveryKind(StrEnum):
    """What a delivery shows.

    grid: a job from waiting to its end, one message that is edited.
    picture: one picture of a finished job, posted once.
    again: a finished job that its member has brought back; or what showed it until they made it public with that.
    gallery: a finished job, or one picture of it, that enough members like, once in the gallery channel of its guild.
    """

    AGAIN = "again"
    GALLERY = "gallery"
    GRID = "grid"
    PICTURE = "picture"


class DeliveryForm(StrEnum):
    """What kind of message a delivery has.

    message: the bot's own, which it may always edit.
    answer: the answer to the interaction, where the bot is not in the channel; its token edits it until that expires.
    ephemeral: the same, seen by the member alone.
    """

    MESSAGE = "message"
    ANSWER = "answer"
    EPHEMERAL = "ephemeral"


class DeliveryState(StrEnum):
    """The state of a delivery; every state but `open` is final.

    open: the message will be updated again.
    delivered: the message shows the final result.
    gone: the message or its channel was deleted, or there is none, because the message of a series tells how it ended.
    undeliverable: Discord rejects it; `cause` says why.
    """

    OPEN = "open"
    DELIVERED = "delivered"
    GONE = "gone"
    UNDELIVERABLE = "undeliverable"


_now = sa.text("now()")
_open = sa.text("state = 'open'")
_shared = sa.text("kind = 'grid' AND state = 'delivered' AND surface = 'guild' AND moved_from IS NULL")

members = sa.Table(
    "members",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("discord_id", sa.BigInteger, nullable=False),
    sa.Column(
        "consent",
        sa.Text,
        nullable=False,
        server_default=Consent.USE.value,
        comment="read by the release before consent_choices alone",
    ),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    sa.Column("consent_version", sa.SmallInteger),
    sa.Column("may_train", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("may_publish", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column(
        "consent_press",
        sa.BigInteger,
        comment="the choice in force, which is copied here; none for what was set by hand",
    ),
    sa.Column(
        "has_remix",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="whether buttons that start a job ask for its prompt first",
    ),
    sa.Column(
        "preferences",
        pg.JSONB,
        nullable=False,
        server_default=sa.text("'{}'"),
        comment="what holds for each prompt: settings, suffix and options",
    ),
    sa.UniqueConstraint("discord_id"),
    check_one_of("consent", Consent),
    sa.CheckConstraint("consent_version IS NOT NULL OR NOT (may_train OR may_publish)", name="asked"),
    comment="persons; everything else names them by the opaque id",
)

consent_choices = sa.Table(
    "consent_choices",
    metadata,
    sa.Column("press_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("member_id", pg.UUID, sa.ForeignKey("members.id"), nullable=False),
    sa.Column("version", sa.SmallInteger, nullable=False),
    sa.Column("may_train", sa.Boolean, nullable=False),
    sa.Column("may_publish", sa.Boolean, nullable=False),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("version > 0", name="version"),
    sa.Index(None, "member_id"),
    comment="proof of what members agreed to, by the interaction that said so; append-only",
)

consent_notices = sa.Table(
    "consent_notices",
    metadata,
    sa.Column("member_id", pg.UUID, sa.ForeignKey("members.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("version", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("claimed_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    sa.Column("is_shown", sa.Boolean, nullable=False, server_default=sa.false()),
    comment="who was shown which version of the text, or is being shown it",
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("job_id", pg.UUID, sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("picture_id", pg.UUID, sa.ForeignKey("pictures.id", ondelete="CASCADE")),
    sa.Column("member_id", pg.UUID, sa.ForeignKey("members.id"), nullable=False),
    sa.Column("press_id", sa.Text, nullable=False, comment="the interaction that asked for it"),
    sa.Column("ordinal", sa.SmallInteger, nullable=False, comment="which of the answers to that interaction"),
    sa.Column("channel_id", sa.BigInteger, nullable=False),
    sa.Column("moved_from", sa.BigInteger, comment="the channel that refused it, when it moved to a direct message"),
    sa.Column("reply_to", sa.BigInteger),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("token", sa.Text, comment="secret; answers the interaction until it expires"),
    sa.Column("token_expires_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("state", sa.Text, nullable=False, server_default=DeliveryState.OPEN.value),
    sa.Column("cause", sa.Text),
    sa.Column("claimed_by", pg.UUID),
    sa.Column("claimed_until", sa.TIMESTAMP(timezone=True)),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    sa.Column("closed_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("surface", sa.Text),
    sa.Column("is_nsfw_channel", sa.Boolean),
    sa.Column("guild_id", sa.BigInteger),
    sa.Column(
        "form",
        sa.Text,
        nullable=False,
        server_default=DeliveryForm.MESSAGE.value,
        comment="whether the message is the bot's own, or one of its interaction's token",
    ),
    sa.Column("language", sa.Text, nullable=False, server_default="en", comment="of its message"),
    sa.Column("direct_language", sa.Text, comment="of the direct messages of its member"),
    sa.UniqueConstraint("press_id", "ordinal"),
    check_one_of("form", DeliveryForm),
    check_one_of("kind", DeliveryKind),
    check_one_of("state", DeliveryState),
    check_one_of("surface", Surface),
    sa.CheckConstraint(
        "kind = 'gallery' OR (kind = 'picture') = (picture_id IS NOT NULL)", name="picture_when_picture"
    ),
    sa.CheckConstraint("(token IS NULL) = (token_expires_at IS NULL)", name="token_expires"),
    sa.CheckConstraint("state = 'open' OR token IS NULL", name="no_token_when_closed"),
    sa.CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed_when_not_open"),
    sa.CheckConstraint("(state = 'undeliverable') = (cause IS NOT NULL)", name="cause_when_undeliverable"),
    sa.CheckConstraint("(claimed_by IS NULL) = (claimed_until IS NULL)", name="claim_has_end"),
    sa.CheckConstraint("state <> 'delivered' OR message_id IS NOT NULL", name="message_when_delivered"),
    sa.CheckConstraint("ordinal >= 0", name="ordinal"),
    sa.Index("deliveries_grid_idx", "job_id", unique=True, postgresql_where=sa.text("kind = 'grid'")),
    sa.Index("deliveries_gallery_idx", "job_id", "guild_id", unique=True, postgresql_where=sa.text("kind = 'gallery'")),
    sa.Index("deliveries_found_idx", "channel_id", "job_id", postgresql_where=_shared),
    sa.Index(None, "job_id"),
    sa.Index(None, "member_id"),
    sa.Index(
        "deliveries_guild_idx",
        "guild_id",
        "created_at",
        postgresql_where=sa.text("kind = 'grid' AND guild_id IS NOT NULL"),
    ),
    sa.Index(None, "picture_id", postgresql_where=sa.text("picture_id IS NOT NULL")),
    sa.Index("deliveries_message_idx", "message_id", unique=True, postgresql_where=sa.text("message_id IS NOT NULL")),
    sa.Index("deliveries_open_idx", "claimed_until", "id", postgresql_where=_open),
    sa.Index("deliveries_claimed_idx", "claimed_by", postgresql_where=_open),
)

mask_pages = sa.Table(
    "mask_pages",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("press_id", sa.BigInteger, nullable=False, comment="the interaction that asked for it"),
    sa.Column("member_id", pg.UUID, sa.ForeignKey("members.id", ondelete="CASCADE"), nullable=False),
    sa.Column("job_id", pg.UUID, sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("slot", sa.SmallInteger, nullable=False),
    sa.Column("secret", sa.Text, nullable=False, comment="signs the link to it"),
    sa.Column("channel_id", sa.BigInteger, nullable=False),
    sa.Column("guild_id", sa.BigInteger),
    sa.Column("role_ids", pg.ARRAY(sa.BigInteger), nullable=False, server_default=sa.text("'{}'")),
    sa.Column("thread_parent_id", sa.BigInteger, comment="the channel of the thread that channel_id is"),
    sa.Column("message_id", sa.BigInteger, comment="the message that shows the picture"),
    sa.Column("shown_slot", sa.SmallInteger),
    sa.Column("shown_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("surface", sa.Text, nullable=False),
    sa.Column("is_nsfw_channel", sa.Boolean),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    sa.Column("language", sa.Text, nullable=False, server_default="en", comment="of the message that it starts"),
    sa.UniqueConstraint("press_id"),
    check_one_of("surface", Surface),
    sa.CheckConstraint("slot BETWEEN 0 AND 3", name="slot"),
    sa.Index(None, "member_id"),
    sa.Index(None, "job_id"),
    comment="pages on which members paint masks, and where what they start is answered",
)

command_syncs = sa.Table(
    "command_syncs",
    metadata,
    sa.Column("application_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.Text, nullable=False, comment="SHA-256 of the commands last registered with Discord"),
    sa.Column("synced_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
)

erasure_messages = sa.Table(
    "erasure_messages",
    metadata,
    sa.Column("erasure_id", pg.UUID, sa.ForeignKey("erasures.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("message_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("channel_id", sa.BigInteger, nullable=False),
    comment="messages in Discord that an erasure has still to delete",
)
