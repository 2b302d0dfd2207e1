"""GPU time is charged when a job finishes, once, and the plan holds also for presses at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from bot.policy.plans import BUILT_IN, GuildPlans, Plan, SpeedNotAllowed, TimeSpent, TimeUsedUp
from bot.store.batch import run_alone
from bot.store.button_actions import cancel
from bot.store.interaction import InteractionContext
from bot.store.plans.changing import set_standard_plan
from bot.store.plans.reading import read_plans
from bot.store.plans.spending import Account, charge_jobs, read_spent
from bot.store.plans.tables import charges, plan_roles, plans
from bot.store.submissions import Draft, SubmittedJob, submit_drafts
from engine.contract.errors import TooManyPending
from engine.contract.jobs import Job, Speed
from engine.store.database import Database
from engine.store.tables import jobs
from engine.store.transitions import return_job
from tests.bot.engine_hand import EngineHand
from tests.bot.store.test_button_actions import DRAFT, SPEC, US, press, vary

GUILD, ROLE = 900, 901
RELAXED = replace(DRAFT, spec=replace(SPEC, prompt="a cat --relax", parameters={"relax": True}))
TURBO = replace(DRAFT, spec=replace(SPEC, prompt="a cat --turbo", parameters={"turbo": True}))
MINUTE = timedelta(minutes=1)


def at(number: int, *, guild_id: int | None = GUILD, roles: tuple[int, ...] = (GUILD, ROLE)) -> InteractionContext:
    return replace(press(number), guild_id=guild_id, role_ids=roles)


async def add_plan(database: Database, *, is_default: bool = False, **limits: object) -> None:
    """Store a plan for those with the role."""
    usual = {"max_pending": 40, "speeds": ["fast", "relax", "turbo"]}
    row = {"guild_id": GUILD, "name": "plan", "is_default": is_default, **usual, **limits}
    async with database.begin() as connection:
        await connection.execute(sa.insert(plans).values(row))
        await connection.execute(sa.insert(plan_roles).values(guild_id=GUILD, role_id=ROLE, plan="plan"))


async def ask(
    database: Database, context: InteractionContext, drafts: Sequence[Draft] = (DRAFT,)
) -> tuple[SubmittedJob, ...]:
    async with database.begin() as connection:
        return await run_alone(connection, submit_drafts(context, drafts, US))


async def took(database: Database, job_id: UUID, time: timedelta, ended_at: datetime | None = None) -> None:
    """Let a job that is over have taken so long, up to its end."""
    end = ended_at or sa.func.now()
    values = {"started_at": sa.cast(end, sa.TIMESTAMP(timezone=True)) - time, "ended_at": end}
    async with database.begin() as connection:
        await connection.execute(sa.update(jobs).where(jobs.c.id == job_id).values(values))


async def spent(database: Database, job: Job, guild_id: int | None = GUILD) -> TimeSpent:
    account = Account(member_id=job.member_id, guild_id=guild_id)
    async with database.begin() as connection:
        (before,) = await read_spent(connection, [account])
        await charge_jobs(connection, [(account, ())])
        (found,) = await read_spent(connection, [account])
    assert found == before
    return found


async def test_what_finished_is_charged_once_and_the_rest_is_not(database: Database, hand: EngineHand) -> None:
    """A job that was tried again counts by its last run; what failed or was cancelled costs nothing, relax neither."""
    await add_plan(database, seconds_per_day=6000)
    done, failed, stopped, turbo = [one.job for one in await ask(database, at(1), [DRAFT, DRAFT, DRAFT, TURBO])]
    (relaxed,) = [one.job for one in await ask(database, at(2), [RELAXED])]
    await hand.start(done.id)
    async with database.begin() as connection:
        await return_job(connection, done.id, count_attempt=True)
    for job in (done, turbo, relaxed):
        await hand.finish(await hand.job(job.id))
        await took(database, job.id, 2 * MINUTE)
    await hand.start(failed.id)
    await hand.fail(failed.id, error="PainterLost")
    await took(database, failed.id, 5 * MINUTE)
    await hand.start(stopped.id)
    async with database.begin() as connection:
        await run_alone(connection, cancel(at(3), stopped.id))
    for _ in range(2):
        found = await spent(database, done)
        assert (found.day, found.month, found.reserved) == (6 * MINUTE, 6 * MINUTE, timedelta())
    assert (await spent(database, done, guild_id=None)).month == timedelta()
    async with database.begin() as connection:
        assert (await connection.execute(sa.select(sa.func.count()).select_from(charges))).scalar_one() == 0


async def test_a_job_counts_for_the_day_on_which_it_finished(database: Database, hand: EngineHand) -> None:
    """However long before midnight it began; what finished in an earlier month counts no more."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first, second = [one.job for one in await ask(database, at(1), [DRAFT, DRAFT])]
    for job, end in ((first, today + timedelta(seconds=1)), (second, today.replace(day=1) - timedelta(seconds=1))):
        await hand.finish(job)
        await took(database, job.id, MINUTE, end)
    found = await spent(database, first, guild_id=None)
    assert (found.day, found.month) == (MINUTE, MINUTE)


async def test_time_holds_for_presses_at_once(database: Database, hand: EngineHand) -> None:
    """Each sees the jobs of the others, by what jobs took last; then relax is what is left."""
    await add_plan(database, seconds_per_month=60)
    (first,) = [one.job for one in await ask(database, at(1, guild_id=None))]
    await hand.finish(first)
    await took(database, first.id, timedelta(seconds=10))

    async def one(number: int) -> int:
        try:
            return len(await ask(database, at(number), [DRAFT] * 2))
        except TimeUsedUp as refused:
            assert refused.fitting < 2 and refused.reserved >= timedelta(seconds=50)
            return 0

    assert sum(await asyncio.gather(*(one(number) for number in range(2, 22)))) == 6
    with pytest.raises(TimeUsedUp):
        async with database.begin() as connection:
            await vary(connection, at(30), first.id, 0)
    assert await ask(database, at(31), [RELAXED])
    assert await ask(database, at(32, guild_id=None))


async def test_the_job_that_uses_four_fifths_says_what_is_left(database: Database, hand: EngineHand) -> None:
    """And no other does."""
    await add_plan(database, seconds_per_day=100)
    warned = [(await ask(database, at(number)))[0].warning for number in range(1, 11)]
    assert [bool(warning) for warning in warned] == [number == 8 for number in range(1, 11)]
    assert warned[7] and warned[7].left == timedelta(seconds=20)


async def test_the_plan_of_a_role_holds_until_the_role_is_gone(database: Database) -> None:
    """Who lost it, or left and wrote a direct message, has the built-in plan; the operator's own limit goes before."""
    await add_plan(database, max_pending=2, speeds=["fast", "relax"])
    with pytest.raises(TooManyPending):
        await ask(database, at(1), [DRAFT] * 3)
    with pytest.raises(SpeedNotAllowed):
        await ask(database, at(2), [TURBO])
    assert len(await ask(database, at(3, roles=(GUILD,)), [DRAFT] * 3)) == 3
    assert len(await ask(database, at(4, guild_id=None, roles=()), [DRAFT] * 3)) == 3


async def test_where_no_server_has_a_plan_everything_counts_together(database: Database, hand: EngineHand) -> None:
    """So that the operator's plan does not hold once for each server."""
    async with database.begin() as connection:
        await set_standard_plan(connection, {"per_day": MINUTE})
    for number, guild_id in enumerate((GUILD, 5, None), 1):
        (job,) = [one.job for one in await ask(database, at(number, guild_id=guild_id, roles=()))]
        await hand.finish(job)
        await took(database, job.id, MINUTE / 3)
    with pytest.raises(TimeUsedUp):
        await ask(database, at(4, guild_id=6, roles=()))
    assert (await spent(database, job, guild_id=None)).day == MINUTE


async def test_plans_are_read_as_they_are_stored(database: Database) -> None:
    """A guild's default one holds for roles without a plan; the operator's, outside guilds and where none is chosen."""
    await add_plan(database, is_default=True, seconds_per_day=90, max_running=2)
    async with database.begin() as connection:
        of_guild, of_other, outside = await read_plans(connection, [GUILD, 5, None])
    plan = Plan(name="plan", per_day=1.5 * MINUTE, max_running=2, speeds=frozenset(Speed))
    assert of_guild == GuildPlans(plans={"plan": plan}, default=plan, roles={ROLE: "plan"})
    assert of_other == outside == GuildPlans(default=BUILT_IN)
