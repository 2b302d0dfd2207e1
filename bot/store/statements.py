"""The statements of which presses consist, in the order in which every press executes them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.batch import Statement
from bot.store.deliveries import BotInstance, Delivery, add_deliveries, find_answered, find_single_pictures
from bot.store.members import lock_members
from engine.feedback.store.actions import append_actions, read_ratings
from engine.store.jobs import read_jobs_with_pictures, submit_all
from engine.store.queue_position import count_pending_of, read_queue_positions
from engine.store.transitions import cancel_job


async def _cancel_all(connection: AsyncConnection, job_ids: Sequence[UUID]) -> list[bool]:
    """Return for each whether it was cancelled: of two for one job, the first."""
    cancelled = [False] * len(job_ids)
    # In one order, so that no two transactions wait for a job that the other has cancelled.
    for number in sorted(range(len(job_ids)), key=job_ids.__getitem__):
        cancelled[number] = await cancel_job(connection, job_ids[number])
    return cancelled


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
find_single_picture = Statement(order=5, run=find_single_pictures)
count_pending = Statement(order=6, run=count_pending_of)
cancel_waiting = Statement(order=7, run=_cancel_all, is_kept=False)
record_action = Statement(order=8, run=append_actions, is_kept=False)
submit_jobs = Statement(order=9, run=submit_all, is_kept=False)
deliver = Statement(order=10, run=_add, is_kept=False)
count_ahead = Statement(order=11, run=_count_ahead)
