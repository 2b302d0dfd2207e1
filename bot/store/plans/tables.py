"""Plans and GPU time as tables; the guild is Discord's id, 0 for the operator's plan and what is used by it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from engine.contract.jobs import Speed
from engine.store.tables import metadata

_SPEEDS = ", ".join(f"'{speed}'" for speed in sorted(Speed))

plans = sa.Table(
    "plans",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("is_default", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("seconds_per_day", sa.Integer, comment="of GPU time; none without a limit"),
    sa.Column("seconds_per_month", sa.Integer),
    sa.Column("max_running", sa.SmallInteger),
    sa.Column("max_pending", sa.SmallInteger, nullable=False),
    sa.Column("max_repeat", sa.SmallInteger),
    sa.Column("max_permutations", sa.SmallInteger),
    sa.Column("trainings", sa.SmallInteger, comment="of LoRAs a month"),
    sa.Column("speeds", pg.ARRAY(sa.Text), nullable=False),
    sa.CheckConstraint("char_length(name) BETWEEN 1 AND 32", name="name"),
    sa.CheckConstraint("seconds_per_day >= 0 AND seconds_per_month >= 0", name="seconds"),
    sa.CheckConstraint("max_running > 0 AND max_pending > 0 AND max_repeat > 0 AND max_permutations > 0", name="jobs"),
    sa.CheckConstraint("trainings >= 0", name="trainings"),
    sa.CheckConstraint(f"speeds <@ ARRAY[{_SPEEDS}] AND cardinality(speeds) > 0", name="speeds"),
    sa.Index("plans_default_idx", "guild_id", unique=True, postgresql_where=sa.text("is_default")),
    comment="what members may use, by guild",
)

plan_roles = sa.Table(
    "plan_roles",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("role_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.ForeignKeyConstraint(["guild_id", "plan"], ["plans.guild_id", "plans.name"], ondelete="CASCADE"),
    sa.Index(None, "guild_id", "plan"),
    comment="which plan those with a role have; the best one of several",
)

charges = sa.Table(
    "charges",
    metadata,
    sa.Column("job_id", pg.UUID, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("member_id", pg.UUID, sa.ForeignKey("members.id", ondelete="CASCADE"), nullable=False),
    sa.Column("guild_id", sa.BigInteger, nullable=False),
    sa.Column("rate", sa.SmallInteger, nullable=False, comment="how often each second counts"),
    sa.CheckConstraint("rate > 0", name="rate"),
    sa.Index(None, "member_id"),
    comment="jobs whose GPU time is not in gpu_days yet; they are unfinished, or ended since their member's last press",
)

gpu_days = sa.Table(
    "gpu_days",
    metadata,
    sa.Column("member_id", pg.UUID, sa.ForeignKey("members.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("day", sa.Date, primary_key=True, comment="by UTC; that on which a job finished"),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("trainings", sa.SmallInteger, nullable=False, server_default=sa.text("0"), comment="among those jobs"),
    sa.CheckConstraint("seconds >= 0", name="seconds"),
    comment="GPU time of finished jobs",
)
