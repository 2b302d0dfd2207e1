"""What gives way to presses, and for how long."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest

from bot.unanswered import Unanswered


async def test_other_work_goes_on_when_the_last_press_is_answered() -> None:
    unanswered, happened = Unanswered(), list[str]()

    async def work() -> None:
        await unanswered.give_way()
        happened.append("work")

    with ExitStack() as first, ExitStack() as second:
        first.enter_context(unanswered.one())
        second.enter_context(unanswered.one())
        working = asyncio.create_task(work())
        await asyncio.sleep(0)
        first.close()
        await asyncio.sleep(0)
        happened.append("last answer")
        second.close()
        await working
    assert happened == ["last answer", "work"]
    await work()
    assert happened[-1] == "work"


async def test_a_press_that_fetches_something_is_not_in_the_way_for_long() -> None:
    """Work that came while it was new goes on, and what comes later does not even begin to wait."""
    unanswered = Unanswered()
    with unanswered.one():
        await unanswered.give_way()
        with pytest.raises(StopIteration):
            unanswered.give_way().send(None)
