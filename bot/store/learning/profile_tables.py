"""The tables of the styles that members' own votes make, and of the members of whom each has learnt something."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from engine.store.tables import metadata

profiles = sa.Table(
    "profiles",
    metadata,
    sa.Column("member_id", pg.UUID, sa.ForeignKey("members.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("wanted_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("num_votes", sa.Integer, comment="of the member, when they were last counted"),
    sa.Column("num_learned", sa.Integer, comment="of them, that the style was trained from"),
    sa.Column("counted_at", sa.TIMESTAMP(timezone=True)),
    sa.CheckConstraint("(num_votes IS NULL) = (counted_at IS NULL)", name="counted"),
    sa.CheckConstraint("num_votes >= 0 AND num_learned >= 0", name="counts"),
    comment="members who want a style of their own, trained from their votes",
)

profile_sources = sa.Table(
    "profile_sources",
    metadata,
    sa.Column("adapter_id", pg.UUID, sa.ForeignKey("own_adapters.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("member_id", pg.UUID, sa.ForeignKey("members.id", ondelete="CASCADE"), primary_key=True),
    # A withdrawn consent and an erasure ask for what has learnt from a member.
    sa.Index(None, "member_id"),
    comment="whose prompts, pictures and votes a member's style was trained on",
)
