"""Presses read for deriving preferences: those of one member together, or those about one prompt.

Postgres sorts them; of each, one group is in memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.feedback import Verb
from engine.feedback.records import Impression, Press
from engine.feedback.store.actions import action_from_row
from engine.feedback.store.guilds import closed_guilds
from engine.feedback.store.impressions import impression_from_row
from engine.feedback.store.tables import actions, impressions

_FETCH_SIZE = 500

# An action has its impression's id, or that of the job and message that both have.
_named = impressions.alias("named")
_of_message = (
    sa.select(impressions)
    .where(
        actions.c.impression_id.is_(None),
        impressions.c.job_id == actions.c.job_id,
        impressions.c.message_id == actions.c.message_id,
    )
    .order_by(impressions.c.id)
    .limit(1)
    .lateral("of_message")
)
# Presses about a job have one prompt, also those of which no impression was recorded. For presses from everywhere, it
# is found for all jobs at once; for those of one guild, for each.
_of_all_jobs = (
    sa.select(impressions.c.job_id, sa.func.min(impressions.c.prompt_hash).label("prompt_hash"))
    .where(impressions.c.job_id.is_not(None))
    .group_by(impressions.c.job_id)
    .subquery("of_job")
)
_of_each_job = (
    sa.select(sa.func.min(impressions.c.prompt_hash).label("prompt_hash"))
    .where(impressions.c.job_id == actions.c.job_id)
    .lateral("of_job")
)


def _shown(name: str) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(_named.c[name], _of_message.c[name])


_IMPRESSION = [_shown(column.name).label(f"seen_{column.name}") for column in impressions.c]
_PROMPT = sa.func.coalesce(
    _shown("prompt_hash"),
    sa.literal_column("of_job.prompt_hash", sa.Text),
    sa.cast(actions.c.job_id, sa.Text),
    sa.cast(actions.c.press_id, sa.Text),
)
_ACTION = [
    column if column is not actions.c.impression_id else sa.func.coalesce(column, _of_message.c.id).label(column.name)
    for column in actions.c
]
_SHOWN = actions.outerjoin(_named, _named.c.id == actions.c.impression_id).outerjoin(_of_message, sa.true())
_PRESSES: sa.Select[Any] = sa.select(*_ACTION, *_IMPRESSION).where(
    ~sa.exists().where(
        closed_guilds.c.guild_id == actions.c.guild_id,
        actions.c.press_id >= closed_guilds.c.since_press,
        actions.c.press_id < closed_guilds.c.until_press,
    )
)


@dataclass(frozen=True, kw_only=True)
class PressesWanted:
    """Which presses are read.

    guild_id: of the one guild that they were made in; None for everywhere.
    everywhere: verbs that are read wherever they were made.
    """

    guild_id: int | None = None
    everywhere: frozenset[Verb] = frozenset()

    def condition(self) -> sa.ColumnElement[bool]:
        """Return the condition on rows of `actions`."""
        if self.guild_id is None:
            return sa.true()
        # As an index has them; those of parameters Postgres may not recognize.
        verbs: list[Any] = [sa.literal_column(f"'{verb.value}'") for verb in sorted(self.everywhere)]
        return sa.or_(actions.c.guild_id == self.guild_id, actions.c.verb.in_(verbs) if verbs else sa.false())

    def source(self) -> sa.FromClause:
        """Return what presses are selected from."""
        if self.guild_id is None:
            return _SHOWN.outerjoin(_of_all_jobs, _of_all_jobs.c.job_id == actions.c.job_id)
        return _SHOWN.outerjoin(_of_each_job, sa.true())


async def stream_presses_by_member(
    connection: AsyncConnection, wanted: PressesWanted = PressesWanted()
) -> AsyncIterator[tuple[UUID, list[Press]]]:
    """Yield each member with all of their presses, oldest first."""
    async for member_id, presses in _grouped(connection, actions.c.member_id, wanted):
        yield member_id, presses


async def stream_presses_by_prompt(
    connection: AsyncConnection, wanted: PressesWanted = PressesWanted()
) -> AsyncIterator[list[Press]]:
    """Yield all presses about the pictures of each prompt, oldest first."""
    async for _, presses in _grouped(connection, _PROMPT, wanted):
        yield presses


async def _grouped(
    connection: AsyncConnection, key: sa.ColumnElement[Any], wanted: PressesWanted
) -> AsyncIterator[tuple[Any, list[Press]]]:
    query = _PRESSES.select_from(wanted.source()).where(wanted.condition())
    query = query.add_columns(key.label("group_key")).order_by(key, actions.c.press_id)
    current, presses, seen = None, list[Press](), dict[UUID, Impression]()
    async for row in await connection.stream(query, execution_options={"yield_per": _FETCH_SIZE}):
        if presses and row.group_key != current:
            yield current, presses
            presses, seen = [], {}
        current = row.group_key
        presses.append(_press_from_row(row, seen))
    if presses:
        yield current, presses


def _press_from_row(row: sa.Row[Any], seen: dict[UUID, Impression]) -> Press:
    """Return the press; `seen` are the impressions of its group, each of which is made once."""
    if row.seen_id is None:
        return Press(action_from_row(row), None)
    if row.seen_id not in seen:
        columns = {column.name: getattr(row, f"seen_{column.name}") for column in impressions.c}
        seen[row.seen_id] = impression_from_row(cast("sa.Row[Any]", SimpleNamespace(**columns)))
    return Press(action_from_row(row), seen[row.seen_id])
