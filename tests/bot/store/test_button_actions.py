"""Presses in the store: what is one transaction, what is recorded once, and what is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
import sqlalchemy as sa

from bot.buttons.base import FollowUpButton
from bot.buttons.reroll import RerollButton
from bot.buttons.vary import VaryButton
from bot.policy.quotas import MAX_PENDING
from bot.store.batch import run_alone
from bot.store.button_actions import cancel, cancel_series, rate, upscale
from bot.store.deliveries import BotInstance
from bot.store.eta import read_queue_pace
from bot.store.followups import FollowUp, PromptWanted, start_follow_up
from bot.store.interaction import InteractionContext, InteractionToken
from bot.store.members import lock_members
from bot.store.submissions import Draft, SubmittedJob, submit_drafts
from engine.contract.errors import JobOver, JobUnknown, NotYours, PictureUnknown, TooManyPending
from engine.contract.feedback import Rating, Surface
from engine.contract.ids import new_id
from engine.contract.jobs import JobSpec, Operation, Part
from engine.feedback.store.months import press_at
from engine.prompt import Limits
from engine.prompt.checks.followups import followup_spec
from engine.store.database import AsyncConnection, Database
from tests.bot.engine_hand import EngineHand

FIRST_PRESS = press_at(datetime.now(UTC))
US = BotInstance(id=new_id(), lease=timedelta(seconds=15))
SPEC = JobSpec(prompt="a cat --seed 3", parts=(Part(text="a cat"),), parameters={"seed": 3})
DRAFT = Draft(operation=Operation.IMAGINE, spec=SPEC, seed=3)


def press(number: int, *, discord_id: int = 5, message_id: int | None = None) -> InteractionContext:
    """Return a press of a member's in some channel, with the number among those of these tests."""
    now = datetime.now(UTC)
    return InteractionContext(
        id=str(FIRST_PRESS + number),
        discord_id=discord_id,
        channel_id=77,
        message_id=message_id,
        shown_slot=None,
        surface=Surface.GUILD,
        token=InteractionToken(text="secret", expires_at=now + timedelta(minutes=15)),
        latency=timedelta(seconds=1),
        is_administrator=False,
        at=now,
    )


async def vary(
    connection: AsyncConnection, context: InteractionContext, job_id: UUID, slot: int
) -> SubmittedJob | None:
    """Press V under the picture."""
    return await start_follow_up_of(connection, context, job_id, VaryButton, slot)


async def reroll(connection: AsyncConnection, context: InteractionContext, job_id: UUID) -> SubmittedJob | None:
    """Press the re-roll under the grid."""
    return await start_follow_up_of(connection, context, job_id, RerollButton, None)


async def start_follow_up_of(
    connection: AsyncConnection,
    context: InteractionContext,
    job_id: UUID,
    button: type[FollowUpButton],
    slot: int | None,
) -> SubmittedJob | None:
    """Press the button that starts a job."""
    follow_up = FollowUp(
        verb=button.event_verb,
        job_id=job_id,
        slot=slot,
        operation_of=button.operation_of,
        renew_spec=partial(followup_spec, Limits()),
        edit_of=partial(button.edit_of, Limits()),
        variation=button.variation,
    )
    started = await run_alone(connection, start_follow_up(context, follow_up, US))
    assert not isinstance(started, PromptWanted)
    return started


async def submitted(database: Database, *, number: int = 1, discord_id: int = 5) -> SubmittedJob:
    """Return a job that the member has just asked for."""
    async with database.begin() as connection:
        (job,) = await run_alone(connection, submit_drafts(press(number, discord_id=discord_id), [DRAFT], US))
    return job


async def test_a_press_delivered_twice_starts_one_job(database: Database, hand: EngineHand) -> None:
    """The second delivery of the same interaction stores neither job nor event nor delivery."""
    job = (await submitted(database)).job
    await hand.finish(job)
    async with database.begin() as connection:
        assert await run_alone(connection, submit_drafts(press(1), [DRAFT], US)) == ()
        assert await vary(connection, press(2), job.id, 0)
    async with database.begin() as connection:
        assert await vary(connection, press(2), job.id, 0) is None
        assert await run_alone(connection, upscale(press(3), job.id, 0, US))
    async with database.begin() as connection:
        assert await run_alone(connection, upscale(press(3), job.id, 0, US)) is None
    assert (len(await hand.jobs()), len(await hand.actions(job.id))) == (2, 2)


async def test_one_press_delivered_twice_at_once_starts_one_job(database: Database, hand: EngineHand) -> None:
    """Two processes that get the same interaction in the same moment agree on one of them."""

    async def once() -> bool:
        async with database.begin() as connection:
            return bool(await run_alone(connection, submit_drafts(press(1), [DRAFT], US)))

    assert sorted(await asyncio.gather(once(), once(), once())) == [False, False, True]
    assert len(await hand.jobs()) == 1


async def test_a_refused_press_leaves_nothing(database: Database, hand: EngineHand) -> None:
    """A variation over the member's limit stores no event either."""
    job = (await submitted(database)).job
    await hand.finish(job)
    async with database.begin() as connection:
        await run_alone(connection, submit_drafts(press(2), [DRAFT] * MAX_PENDING, US))
    with pytest.raises(TooManyPending):
        async with database.begin() as connection:
            await vary(connection, press(3), job.id, 0)
    assert await hand.actions(job.id) == ()
    assert len(await hand.jobs()) == MAX_PENDING + 1


async def test_the_limit_holds_for_presses_at_once(database: Database, hand: EngineHand) -> None:
    """Counting and submitting cannot interleave."""

    async def ask(number: int) -> bool:
        try:
            async with database.begin() as connection:
                return bool(await run_alone(connection, submit_drafts(press(number), [DRAFT] * 15, US)))
        except TooManyPending:
            return False

    taken = await asyncio.gather(*(ask(number) for number in range(1, 7)))
    assert (sum(taken), len(await hand.jobs())) == (2, 30)


async def test_one_discord_user_is_one_member(database: Database, hand: EngineHand) -> None:
    """Seen for the first time by several presses at once, a person gets one opaque id."""
    await asyncio.gather(*(submitted(database, number=number) for number in range(1, 6)))
    assert len({job.member_id for job in await hand.jobs()}) == 1
    await submitted(database, number=6, discord_id=6)
    assert len({job.member_id for job in await hand.jobs()}) == 2


async def test_a_member_waits_for_their_own_transactions_only(database: Database) -> None:
    """A second transaction of the same member waits for the first, in whatever process; another member's does not."""
    order = list[str]()

    async def enter(discord_id: int, name: str) -> None:
        async with database.begin() as connection:
            await lock_members(connection, [discord_id])
            order.append(name)

    await enter(5, "made")
    async with database.begin() as connection:
        await lock_members(connection, [5])
        same = asyncio.create_task(enter(5, "same"))
        await enter(6, "other")
        order.append("first")
    await same
    assert order == ["made", "other", "first", "same"]


async def test_the_wait_is_estimated_from_recent_jobs(database: Database, hand: EngineHand) -> None:
    """There is no estimate before a job has finished; then the queue position counts."""
    async with database.begin() as connection:
        assert (await read_queue_pace(connection)).wait(0) is None
    first = await submitted(database)
    await hand.finish(first.job)
    second = await submitted(database, number=2)
    third = await submitted(database, number=3)
    assert (first.num_ahead, second.num_ahead, third.num_ahead) == (0, 0, 1)
    async with database.begin() as connection:
        pace = await read_queue_pace(connection)
    assert pace.per_job is not None
    assert pace.wait(1) == pace.per_job * 2
    assert replace(pace, remaining=0.5).wait(3) == pace.per_job * 4.5


async def test_a_new_seed_leaves_the_rest_of_the_spec(database: Database, hand: EngineHand) -> None:
    """A re-rolled variation stays a variation of the same picture."""
    job = (await submitted(database)).job
    pictures = await hand.finish(job)
    async with database.begin() as connection:
        varied = await vary(connection, press(2), job.id, 1)
        assert varied
    async with database.begin() as connection:
        again = await reroll(connection, press(3), varied.job.id)
        assert again
    assert (again.job.operation, again.job.parent_picture_id) == (Operation.VARY, pictures[1].id)
    assert again.job.spec.prompt == "a cat"


@pytest.mark.parametrize("slot", [None, 0])
async def test_ratings_follow_the_last_press(database: Database, hand: EngineHand, slot: int | None) -> None:
    """What is replaced is told, for the grid and for one picture apart."""
    job = (await submitted(database)).job
    await hand.finish(job)
    async with database.begin() as connection:
        first = await run_alone(connection, rate(press(2), job.id, slot, Rating.BAD))
        second = await run_alone(connection, rate(press(3), job.id, slot, Rating.GREAT))
        other = await run_alone(connection, rate(press(4, discord_id=6), job.id, slot, Rating.AWFUL))
    assert (first.before, second.before, other.before) == (None, Rating.BAD, None)


async def test_ratings_of_one_millisecond_keep_their_order(database: Database, hand: EngineHand) -> None:
    """Discord's ids tell time to the millisecond; of two presses in the same one the later is in force."""
    job = (await submitted(database)).job
    await hand.finish(job)
    moment = datetime.now(UTC)
    before = None
    for number, rating in enumerate([Rating.BAD, Rating.GREAT] * 5, 2):
        async with database.begin() as connection:
            rated = await run_alone(connection, rate(replace(press(number), at=moment), job.id, None, rating))
        assert rated.before is before
        before = rating


async def test_presses_on_nothing_are_refused(database: Database, hand: EngineHand) -> None:
    """Unknown jobs, pictures that are not there, others' jobs and jobs that are over."""
    job = (await submitted(database)).job
    async with database.begin() as connection:
        with pytest.raises(JobUnknown):
            await run_alone(connection, rate(press(2), new_id(), None, Rating.BAD))
        with pytest.raises(PictureUnknown):
            await run_alone(connection, upscale(press(3), job.id, 0, US))
        with pytest.raises(NotYours):
            await run_alone(connection, cancel(press(4, discord_id=6), job.id))
        await run_alone(connection, cancel(press(5), job.id))
        await run_alone(connection, cancel(press(5), job.id))
    with pytest.raises(JobOver):
        async with database.begin() as connection:
            await run_alone(connection, cancel(press(6), job.id))
    assert len(await hand.actions(job.id)) == 1


async def test_an_administrator_cancels_for_others(database: Database, hand: EngineHand) -> None:
    """What counts is whether the member administers the guild at the press."""
    job = (await submitted(database)).job
    async with database.begin() as connection:
        await run_alone(connection, cancel(replace(press(2, discord_id=6), is_administrator=True), job.id))
    (event,) = await hand.actions(job.id)
    assert not event.is_owner


async def test_a_press_locks_its_member_once(database: Database, hand: EngineHand) -> None:
    """Whatever a press stores, one statement locks the member's row, and no other statement is repeated either."""
    job = (await submitted(database)).job
    await hand.finish(job)
    waiting = (await submitted(database, number=2)).job
    alone = (await submitted(database, number=9)).job
    presses: dict[str, Callable[[AsyncConnection, InteractionContext], Awaitable[object]]] = {
        "vary": lambda connection, context: vary(connection, context, job.id, 0),
        "reroll": lambda connection, context: reroll(connection, context, job.id),
        "upscale": lambda connection, context: run_alone(connection, upscale(context, job.id, 0, US)),
        "rate": lambda connection, context: run_alone(connection, rate(context, job.id, None, Rating.GOOD)),
        "cancel": lambda connection, context: run_alone(connection, cancel(context, waiting.id)),
        "cancelall": lambda connection, context: run_alone(connection, cancel_series(context, alone.id)),
        "imagine": lambda connection, context: run_alone(connection, submit_drafts(context, [DRAFT], US)),
    }
    for number, (name, act) in enumerate(presses.items(), 10):
        with statements_of(database) as statements:
            async with database.begin() as connection:
                await act(connection, press(number))
        assert len([text for text in statements if "FROM members" in text and "FOR NO KEY UPDATE" in text]) == 1, name
        assert len(set(statements)) == len(statements), name


@contextmanager
def statements_of(database: Database) -> Iterator[list[str]]:
    """Yield a list that receives the text of every statement the database executes in the block."""
    statements = list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    sa.event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(database.engine.sync_engine, "before_cursor_execute", note)
