"""The table of searches."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from engine.store.tables import metadata

searches = sa.Table(
    "searches",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("member_id", pg.UUID, sa.ForeignKey("members.id", ondelete="CASCADE"), nullable=False),
    sa.Column("wanted", pg.JSONB, nullable=False),
    sa.Column(
        "starts",
        pg.ARRAY(pg.UUID),
        nullable=False,
        server_default=sa.text("'{}'"),
        comment="for each page after the first the job that it begins after",
    ),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.text("now()")),
    sa.Index("searches_member_id_id_idx", "member_id", "id"),
    comment="what members look for, so that its pages can be turned",
)
