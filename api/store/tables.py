"""The API's own tables, with their valid states as checks."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from engine.store.tables import metadata


class Scope(StrEnum):
    """What a key may do: list the models, start jobs and cancel its own, read its own jobs and pictures."""

    MODELS = "models"
    PAINT = "paint"
    READ = "read"


_now = sa.text("now()")
_SCOPES = ", ".join(f"'{scope}'" for scope in sorted(Scope))

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("secret_hash", sa.LargeBinary, nullable=False, comment="SHA-256; the secret itself is kept nowhere"),
    sa.Column("member_id", pg.UUID, nullable=False, comment="who its jobs belong to; no person"),
    sa.Column("scopes", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("jobs_per_day", sa.Integer, nullable=False),
    sa.Column("jobs_at_once", sa.Integer, nullable=False),
    sa.Column(
        "cancels_abandoned",
        sa.Boolean,
        nullable=False,
        comment="whether a job is cancelled when whoever waits for it hangs up",
    ),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_now),
    sa.Column("last_used_at", sa.TIMESTAMP(timezone=True), comment="to the minute"),
    sa.Column("revoked_at", sa.TIMESTAMP(timezone=True)),
    sa.UniqueConstraint("secret_hash"),
    sa.UniqueConstraint("member_id"),
    sa.CheckConstraint(f"scopes <@ ARRAY[{_SCOPES}]", name="scopes"),
    sa.CheckConstraint("jobs_per_day > 0 AND jobs_at_once > 0", name="quota"),
    sa.Index("api_keys_name_key", "name", unique=True, postgresql_where=sa.text("revoked_at IS NULL")),
    comment="keys of programs that use the API",
)

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
