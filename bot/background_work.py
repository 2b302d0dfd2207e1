"""What a bot does beside answering and delivering, for as long as it serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Set
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from bot.limits_in_force import LookForLimits, keep_reading_limits
from bot.metrics import show_queue
from bot.services import Services
from bot.store.guilds.languages import keep_reading_languages
from bot.store.log_months import keep_months_ahead
from bot.store.queue_state import keep_reading_queue
from bot.store.ranking.filling import fill_grids
from engine.store.objects import Objects

_STORE_CHECK, _STORE_RECHECK = timedelta(seconds=10), timedelta(seconds=2)


@asynccontextmanager
async def background_work(services: Services, look_for_limits: LookForLimits | None = None) -> AsyncIterator[None]:
    """While the block runs, check the picture store, keep the log's months ahead, erase and export for who asks.

    And fill `/rank` and galleries, post cases and announcements, ask administrators, and know languages of guilds and
    what the service allows.
    """
    work = {
        "picture-store": _keep_checking(services.objects),
        "log-months": keep_months_ahead(services.database),
        "eraser": services.eraser.run(),
        "case-poster": services.case_poster.run(),
        "adapter-asker": services.adapter_asker.run(),
        "original-sender": services.original_sender.run(),
        "gallery-keeper": services.gallery_keeper.run(),
        "announcer": services.announcer.run(),
        "rank-grids": fill_grids(services.database, services.unanswered.give_way),
        "languages": keep_reading_languages(services.database, services.guild_languages),
        "queue": keep_reading_queue(services.database, services.queue, partial(show_queue, services.metrics.queue)),
    }
    if services.exporter is not None:
        work["exporter"] = services.exporter.run()
    if look_for_limits is not None:
        work["limits"] = keep_reading_limits(services.in_force, look_for_limits)
    tasks = [asyncio.create_task(one, name=name) for name, one in work.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_checking(objects: Objects) -> None:
    while True:
        await objects.check()
        await asyncio.sleep((_STORE_RECHECK if objects.problem else _STORE_CHECK).total_seconds())


async def cut_short(late: Set[asyncio.Task[object]]) -> None:
    """End the answers that take longer, such as those that fetch a picture; they tell the member."""
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
