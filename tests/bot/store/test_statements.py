"""How many statements presses take: each is a round trip, and all members of the same moment wait for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from bot.buttons.vary import VaryButton
from bot.store.batch import Press, run_together
from bot.store.button_actions import rate, upscale
from bot.store.followups import FollowUp, start_follow_up
from bot.store.interaction import InteractionContext
from bot.store.submissions import submit_drafts
from engine.contract.feedback import Rating
from engine.contract.jobs import Job
from engine.prompt import Limits
from engine.prompt.checks.followups import followup_spec
from engine.store.database import Database
from tests.bot.engine_hand import EngineHand
from tests.bot.store.test_button_actions import DRAFT, US, press, statements_of, submitted

GUILD = 9

Make = Callable[[InteractionContext, Job], Press[Any]]


def imagine(context: InteractionContext, _job: Job) -> Press[Any]:
    return submit_drafts(context, [DRAFT], US)


def vary(context: InteractionContext, job: Job) -> Press[Any]:
    follow_up = FollowUp(
        verb=VaryButton.event_verb,
        job_id=job.id,
        slot=0,
        operation_of=VaryButton.operation_of,
        renew_spec=partial(followup_spec, Limits()),
        edit_of=partial(VaryButton.edit_of, Limits()),
    )
    return start_follow_up(context, follow_up, US)


def like(context: InteractionContext, job: Job) -> Press[Any]:
    return rate(context, job.id, None, Rating.GREAT)


def enlarge(context: InteractionContext, job: Job) -> Press[Any]:
    return upscale(context, job.id, 0, US)


# Beside them there are the begin, the limits on waiting, the queue entries of jobs and the commit.
KINDS: dict[str, tuple[list[Make], int]] = {
    "imagine": ([imagine], 9),
    "vary": ([vary], 13),
    "rate": ([like], 6),
    "upscale": ([enlarge], 7),
    "all four": ([imagine, vary, like, enlarge], 16),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_press_takes_no_more_statements(database: Database, hand: EngineHand, kind: str) -> None:
    """Of members who are known, in a guild, together as one by one."""
    job = (await submitted(database)).job
    await hand.finish(job)
    makes, most = KINDS[kind]
    for member in range(10, 10 + len(makes)):
        await submitted(database, number=member, discord_id=member)
    numbered = list(enumerate(makes, 10))
    presses = [make(replace(press(10 + at, discord_id=at), guild_id=GUILD), job) for at, make in numbered]
    async with database.begin() as connection:
        with statements_of(database) as statements:
            outcomes = await run_together(connection, presses)
    assert not [outcome.result for outcome in outcomes if isinstance(outcome.result, Exception)]
    assert len(statements) <= most, "\n".join(statements)
