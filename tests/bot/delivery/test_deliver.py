"""A waiting job's message shows its queue position, without an edit for every step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot.delivery.due_edits import needs_edit
from bot.store.job_status import JobProgress
from engine.contract.jobs import JobStatus
from sandbox.chat.test_client import MemberClient
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import labels, text_of


def waiting(num_ahead: int) -> JobProgress:
    """Return the progress of a job at that position."""
    return JobProgress(status=JobStatus.WAITING, percent=0, num_ahead=num_ahead)


async def test_a_waiting_message_follows_the_queue(
    painted_grid: Callable[..., Any], ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """When the job before it is done, the message says that it is next, and how long that takes by now."""
    # Before any job has finished no wait is told, and a message that says it is next does not change for that alone.
    await painted_grid()
    await ben.reply(await ben.command("imagine", prompt="a cat"))
    behind = await cleo.reply(await cleo.command("imagine", prompt="a dog"))
    assert "(Waiting to start: 1 ahead" in text_of(behind)
    _, first, _ = await hand.jobs()
    await hand.finish(first)
    moved = await cleo.changed(behind, lambda item: "Waiting to start: next in line, about" in item["content"])
    assert labels(moved) == [["Cancel"]]


async def test_a_job_waits_until_it_is_painted(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """An engine that has taken it paints another one first: it is still in the queue, and so is what is behind it."""
    await ben.reply(await ben.command("imagine", prompt="a cat"))
    (taken,) = await hand.jobs()
    await hand.start(taken.id)
    behind = await cleo.reply(await cleo.command("imagine", prompt="a dog"))
    assert "Waiting to start: 1 ahead" in text_of(behind)
    await hand.progress(taken.id, 0.1)
    await cleo.changed(behind, lambda item: "Waiting to start: next in line" in item["content"])


@pytest.mark.parametrize(("told", "now"), [(1, 0), (0, 1), (4, 3), (40, 30), (40, 50), (3, 2)])
def test_a_moved_position_is_shown(told: int, now: int) -> None:
    """Forwards or backwards, by a quarter or more of what the message shows."""
    assert needs_edit(waiting(told), waiting(now))


@pytest.mark.parametrize(("told", "now"), [(0, 0), (40, 31), (40, 49), (5, 4)])
def test_a_position_that_hardly_moved_is_not_shown(told: int, now: int) -> None:
    """The edits of a channel are few, and previews and results need them."""
    assert not needs_edit(waiting(told), waiting(now))


def test_a_long_wait_takes_few_edits() -> None:
    """From forty ahead to the front, one step at a time."""
    told, edits = 40, 0
    for now in range(39, -1, -1):
        if needs_edit(waiting(told), waiting(now)):
            told, edits = now, edits + 1
    assert (told, edits <= 13) == (0, True)
