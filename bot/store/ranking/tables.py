"""The tables of `/rank`: which grids and blind pairs may be compared, and which pairs of pictures were."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bot.store.learning.tables import learned_adapters
from engine.contract.feedback import Choice
from engine.store.tables import check_one_of, metadata

rank_grids = sa.Table(
    "rank_grids",
    metadata,
    sa.Column("job_id", pg.UUID, primary_key=True),
    sa.Column("member_id", pg.UUID, sa.ForeignKey("members.id", ondelete="CASCADE"), nullable=False),
    sa.Column("channel_id", sa.BigInteger, nullable=False),
    sa.Column("is_shared", sa.Boolean, nullable=False, comment="whether it was posted in a server"),
    sa.Column("is_nsfw", sa.Boolean, nullable=False),
    sa.Column("may_train", sa.Boolean, nullable=False, comment="of the owner; a trigger on members keeps it"),
    sa.Column("tallies", pg.ARRAY(sa.SmallInteger), nullable=False, comment="six pairs: first, second, neither"),
    sa.Column("uncertainty", sa.Double, nullable=False),
    sa.Column(
        "is_left_out", sa.Boolean, nullable=False, server_default=sa.false(), comment="reported, deleted or lost"
    ),
    sa.Column(
        "adapter_id",
        pg.UUID,
        sa.ForeignKey(learned_adapters.c.id, ondelete="CASCADE"),
        comment="of a blind pair: slot 0 was painted without this adapter, slot 1 with it",
    ),
    sa.CheckConstraint("cardinality(tallies) = 18", name="tallies"),
    sa.Index(None, "member_id"),
    sa.Index(None, "adapter_id", postgresql_where=sa.text("adapter_id IS NOT NULL")),
    sa.Index(
        "rank_grids_blind_idx",
        "channel_id",
        "is_nsfw",
        "uncertainty",
        "job_id",
        postgresql_where=sa.text("is_shared AND may_train AND NOT is_left_out AND adapter_id IS NOT NULL"),
    ),
    sa.Index(
        "rank_grids_channel_idx",
        "channel_id",
        "is_nsfw",
        "uncertainty",
        "job_id",
        postgresql_where=sa.text("is_shared AND may_train AND NOT is_left_out"),
    ),
    comment="grids whose pictures may be compared, and how members did",
)

rank_filled = sa.Table(
    "rank_filled",
    metadata,
    sa.Column("is_only", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("up_to", pg.UUID, nullable=False, comment="a delivery, by its id, which rises with time"),
    sa.CheckConstraint("is_only", name="is_only"),
    comment="up to which delivery every grid is among those that may be compared",
)

rank_pairs = sa.Table(
    "rank_pairs",
    metadata,
    sa.Column("impression_id", pg.UUID, primary_key=True),
    sa.Column("member_id", pg.UUID, sa.ForeignKey("members.id", ondelete="CASCADE"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False, comment="of the member's pairs, from 1"),
    sa.Column("num_answered", sa.Integer, nullable=False, comment="pairs that the member had compared by then"),
    sa.Column("job_id", pg.UUID, nullable=False),
    sa.Column("pair", sa.SmallInteger, nullable=False),
    sa.Column("is_swapped", sa.Boolean, nullable=False, comment="whether the first slot is on the right"),
    sa.Column("left_id", pg.UUID, nullable=False),
    sa.Column("right_id", pg.UUID, nullable=False),
    sa.Column("is_repeat", sa.Boolean, nullable=False),
    sa.Column("press_id", sa.BigInteger, comment="the press that answered it"),
    sa.Column("choice", sa.Text),
    sa.UniqueConstraint("member_id", "number"),
    check_one_of("choice", Choice),
    sa.CheckConstraint("pair BETWEEN 0 AND 5", name="pair"),
    sa.CheckConstraint("(press_id IS NULL) = (choice IS NULL)", name="answered"),
    sa.Index(None, "member_id", "job_id"),
    sa.Index(None, "job_id"),
    comment="which pairs members were asked to compare, so that none comes again unless it is meant to",
)
