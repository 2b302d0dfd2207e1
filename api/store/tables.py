"""The API's own table, with its valid states as checks."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from engine.store.tables import metadata

_now = sa.text("now()")

api_requests = sa.Table(
    "api_requests",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("key_id", pg.UUID, sa.ForeignKey("api_keys.id", ondelete="CASCADE"), nullable=False),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False, comment="SHA-256 of the path and of what was asked"),
    sa.Column("idempotency_key", sa.Text),
    sa.Column("job_ids", pg.ARRAY(pg.UUID), nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    sa.Index(None, "key_id", "created_at"),
    sa.Index(None, "key_id", "fingerprint"),
    sa.Index(None, "key_id", "idempotency_key", postgresql_where=sa.text("idempotency_key IS NOT NULL")),
    comment="requests of the last day that started jobs, so that one that is repeated starts none",
)
