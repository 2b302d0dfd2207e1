"""The tables of galleries: what a guild has set, and how many members like what."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from engine.store.tables import metadata

_is_liked = sa.text("votes > 0 AND channel_id IS NOT NULL")

galleries = sa.Table(
    "galleries",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("channel_id", sa.BigInteger, comment="where pictures with enough votes are posted"),
    sa.Column("threshold", sa.SmallInteger),
    sa.Column("since", sa.TIMESTAMP(timezone=True), comment="earlier votes alone post nothing"),
    sa.Column("names_authors", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("page_key", sa.Text, comment="names its public page in an address; none while there is no page"),
    sa.UniqueConstraint("page_key"),
    sa.CheckConstraint("threshold BETWEEN 1 AND 100", name="threshold"),
    sa.CheckConstraint(
        "(channel_id IS NULL) = (threshold IS NULL) AND (channel_id IS NULL) = (since IS NULL)", name="channel"
    ),
    comment="what those who manage a guild have set for its gallery",
)

gallery_votes = sa.Table(
    "gallery_votes",
    metadata,
    sa.Column("job_id", pg.UUID, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("channel_id", sa.BigInteger, comment="where its grid is to be seen; none where it is not public"),
    sa.Column("is_nsfw", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("votes", sa.Integer, nullable=False, server_default=sa.text("0"), comment="members other than its owner"),
    sa.Column("best_id", pg.UUID, comment="the picture with most votes of its own; none where only the grid has any"),
    sa.Column("due_at", sa.TIMESTAMP(timezone=True), comment="when to count again; none where the count stands"),
    sa.CheckConstraint("votes >= 0", name="votes"),
    sa.Index(
        "gallery_votes_best_idx",
        "channel_id",
        "votes",
        "job_id",
        postgresql_include=["is_nsfw"],
        postgresql_where=_is_liked,
    ),
    sa.Index(
        "gallery_votes_newest_idx",
        "channel_id",
        "job_id",
        postgresql_include=["votes", "is_nsfw"],
        postgresql_where=_is_liked,
    ),
    sa.Index("gallery_votes_due_idx", "due_at", postgresql_where=sa.text("due_at IS NOT NULL")),
    comment="how many members like a job's pictures, as counted from the log",
)
