"""The statements of which presses consist, in the order in which every press executes them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.batch import Statement
from bot.store.deliveries import BotInstance, Delivery, add_deliveries, find_answered
from bot.store.members import lock_members
from engine.store.events import read_ratings, record_events
from engine.store.jobs import read_jobs_with_pictures, submit_all
from engine.store.queue_position import count_pending_of, read_queue_positions
from engine.store.transitions import cancel_job

A = TypeVar("A")
R = TypeVar("R")


def _one_by_one(
    execute: Callable[[AsyncConnection, A], Awaitable[R]],
) -> Callable[[AsyncConnection, Sequence[A]], Awaitable[list[R]]]:
    async def run(connection: AsyncConnection, arguments: Sequence[A]) -> list[R]:
        return [await execute(connection, argument) for argument in arguments]

    return run


async def _add(connection: AsyncConnection, added: Sequence[tuple[Sequence[Delivery], BotInstance]]) -> list[None]:
    for instance in {instance for _, instance in added}:
        own = [delivery for deliveries, of in added if of == instance for delivery in deliveries]
        await add_deliveries(connection, own, instance)
    return [None] * len(added)


async def _count_ahead(connection: AsyncConnection, job_ids: Sequence[UUID]) -> list[int]:
    positions = await read_queue_positions(connection, job_ids)
    return [positions.get(job_id, 0) for job_id in job_ids]


read_job_with_pictures = Statement(order=1, run=read_jobs_with_pictures)
# A member who is new may stay.
lock_member = Statement(order=2, run=lock_members)
read_rating = Statement(order=3, run=read_ratings)
is_answered = Statement(order=4, run=find_answered)
count_pending = Statement(order=5, run=count_pending_of)
cancel_waiting = Statement(order=6, run=_one_by_one(cancel_job), is_kept=False)
record_event = Statement(order=7, run=record_events, is_kept=False)
submit_jobs = Statement(order=8, run=submit_all, is_kept=False)
deliver = Statement(order=9, run=_add, is_kept=False)
count_ahead = Statement(order=10, run=_count_ahead)
