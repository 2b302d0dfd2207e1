"""What administrators are asked about adapters: asked once, posted by one process at a time, answered by one press."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.learning.adapters import LearnedAdapter, read_adapter_with_id
from bot.store.learning.tables import AdapterDecision, learned_adapter_questions
from bot.store.moderation.cases import DiscordPlace
from bot.store.tables import members

CLAIM_LASTS = timedelta(minutes=2)
"""After this, another process posts a question."""

_own = learned_adapter_questions.c


@dataclass(frozen=True, kw_only=True)
class AdapterQuestion:
    """An adapter that administrators are asked about.

    message: None until it is posted. answered_by: Discord's id of who answered; None if nobody did, or they are gone.
    attempts: at posting or editing the message, with this one.
    """

    adapter: LearnedAdapter
    message: DiscordPlace | None
    answer: AdapterDecision | None
    answered_by: int | None
    attempts: int


@dataclass(frozen=True, kw_only=True)
class AdapterAnswer:
    """A press that answers: of which adapter, by whom, and in which channel."""

    adapter_id: UUID
    member_id: UUID
    channel_id: int
    answer: AdapterDecision


async def ask(connection: AsyncConnection, adapter_id: UUID) -> None:
    """Ask about the adapter; again, it changes nothing."""
    insert = pg.insert(learned_adapter_questions).values(adapter_id=adapter_id)
    await connection.execute(insert.on_conflict_do_nothing(index_elements=["adapter_id"]))


async def read_question(connection: AsyncConnection, adapter_id: UUID) -> AdapterQuestion | None:
    """Return what is asked about the adapter; None if nothing is."""
    query = (
        sa.select(learned_adapter_questions, members.c.discord_id)
        .outerjoin(members, members.c.id == _own.answered_by)
        .where(_own.adapter_id == adapter_id)
    )
    row = (await connection.execute(query)).one_or_none()
    adapter = await read_adapter_with_id(connection, adapter_id)
    if row is None or adapter is None:
        return None
    is_posted = row.message_id is not None
    return AdapterQuestion(
        adapter=adapter,
        message=DiscordPlace(channel_id=row.channel_id, message_id=row.message_id) if is_posted else None,
        answer=AdapterDecision(row.answer) if row.answer else None,
        answered_by=row.discord_id,
        attempts=row.attempts,
    )


async def claim_question(connection: AsyncConnection) -> AdapterQuestion | None:
    """Return the question whose message has waited longest to be posted or edited, for this process alone."""
    chosen = (
        sa.select(_own.adapter_id)
        .where(
            ~_own.is_shown,
            _own.due_at <= sa.func.now(),
            sa.or_(_own.claimed_until.is_(None), _own.claimed_until < sa.func.now()),
        )
        .order_by(_own.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    values = {"claimed_until": sa.func.clock_timestamp() + CLAIM_LASTS, "attempts": _own.attempts + 1}
    claimed = sa.update(learned_adapter_questions).where(_own.adapter_id == chosen.scalar_subquery()).values(values)
    adapter_id = (await connection.execute(claimed.returning(_own.adapter_id))).scalar_one_or_none()
    return None if adapter_id is None else await read_question(connection, adapter_id)


async def record_posted(connection: AsyncConnection, question: AdapterQuestion, message: DiscordPlace | None) -> None:
    """Store that the message shows the question as it was claimed; one that was answered meanwhile is edited anew.

    message: None where it cannot be; one that is still open is then posted anew.
    """
    place = {"channel_id": message and message.channel_id, "message_id": message and message.message_id}
    is_same = _own.answer.is_not_distinct_from(question.answer and question.answer.value)
    is_shown = is_same if message else sa.literal(question.answer is not None)
    await _change(connection, question.adapter.id, **place, is_shown=is_shown, attempts=0)


async def release_question(connection: AsyncConnection, adapter_id: UUID, *, after: timedelta) -> None:
    """Leave the question to whoever comes next, after a while."""
    await _change(connection, adapter_id, claimed_until=None, due_at=sa.func.clock_timestamp() + after)


async def answer_questions(
    connection: AsyncConnection, answers: Sequence[AdapterAnswer]
) -> list[AdapterQuestion | None]:
    """Store each answer if it is the first; return what stands then, None for what is not asked in that channel."""
    stand = []
    for given in answers:
        # Who presses at once may be faster than what stores where the message is.
        in_channel = sa.or_(_own.channel_id.is_(None), _own.channel_id == given.channel_id)
        here = (_own.adapter_id == given.adapter_id, in_channel)
        first = sa.update(learned_adapter_questions).where(*here, _own.answer.is_(None))
        values: Mapping[str, Any] = {
            "answer": given.answer.value,
            "answered_by": given.member_id,
            "answered_at": sa.func.now(),
            "is_shown": False,
            "due_at": sa.func.now(),
            "attempts": 0,
        }
        await connection.execute(first.values(values))
        is_here = sa.select(sa.exists().where(*here))
        found = (await connection.execute(is_here)).scalar_one()
        stand.append(await read_question(connection, given.adapter_id) if found else None)
    return stand


async def _change(connection: AsyncConnection, adapter_id: UUID, **values: Any) -> None:
    query = sa.update(learned_adapter_questions).where(_own.adapter_id == adapter_id)
    await connection.execute(query.values(values))
