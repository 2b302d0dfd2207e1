"""Every delivered result is logged once, with what its message shows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.store.impressions import UI_VERSION
from bot.store.tables import DeliveryState
from engine.contract.feedback import Surface
from engine.contract.jobs import Job, Picture
from engine.feedback.records import NOT_ASKED, ImpressionKind, PromptOrigin
from engine.feedback.shown import hash_of_prompt, shown_from_picture
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, text_of
from tests.bot.rows import delivery_states, until_closed
from tests.engine.worker.following import until
from tests.killing import held

Grid = Callable[..., Awaitable[tuple[Message, Job, list[Picture]]]]


async def test_what_a_message_shows_is_logged(
    painted_grid: Grid, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """A grid with its four pictures, then one picture in its slot; presses belong to the message that they are on."""
    grid, job, pictures = await painted_grid("A  red circle")
    await until_closed(database, job.id)
    (impression,) = await hand.impressions(job.id)
    assert (impression.kind, impression.message_id, impression.job_id) == (ImpressionKind.GRID, int(grid["id"]), job.id)
    assert impression.pictures == tuple(shown_from_picture(picture) for picture in pictures)
    assert [picture.slot for picture in impression.pictures] == [0, 1, 2, 3]
    assert (impression.pictures[0].model, impression.pictures[0].model_hash) == ("fake", "f4ce")
    assert (impression.member_id, impression.operation, impression.parent_job_id) == (job.member_id, "imagine", None)
    assert (impression.prompt_hash, impression.prompt_source) == (hash_of_prompt(job.spec), PromptOrigin.COMMAND)
    assert (impression.surface, impression.is_nsfw_channel) == (Surface.GUILD, False)
    assert (impression.consent, impression.ui_version) == (NOT_ASKED, UI_VERSION)
    assert timedelta() <= datetime.now(UTC) - impression.shown_at < timedelta(minutes=5)

    await cleo.press(grid, "U3")
    single = await cleo.message(lambda item: "Image #3" in text_of(item))
    await until_closed(database, job.id, 2)
    _, alone = await hand.impressions(job.id)
    assert (alone.kind, alone.message_id) == (ImpressionKind.PICTURE, int(single["id"]))
    assert [(picture.picture_id, picture.slot) for picture in alone.pictures] == [(pictures[2].id, 2)]
    assert alone.member_id != job.member_id
    await cleo.reply(await cleo.press(single, "😍"))
    upscaled, rated = await hand.actions(job.id)
    assert [upscaled.impression_id, rated.impression_id] == [impression.id, alone.id]


@pytest.mark.parametrize(
    ("channel", "surface", "is_nsfw"), [("after-dark", Surface.GUILD, True), ("dm", Surface.DM, False)]
)
async def test_the_channel_is_logged(
    painted_grid: Grid, hand: EngineHand, database: Database, channel: str, surface: Surface, is_nsfw: bool
) -> None:
    """Where it is, and whether Discord restricts it by age."""
    _, job, _ = await painted_grid(channel=channel)
    await until_closed(database, job.id)
    (impression,) = await hand.impressions(job.id)
    assert (impression.surface, impression.is_nsfw_channel) == (surface, is_nsfw)


async def test_what_shows_no_pictures_is_not_logged(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """A job that was cancelled, and one whose grid was lost from the store."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a red circle"))
    cancelled = await hand.only_job()
    await ben.press(waiting, "Cancel")
    assert await until_closed(database, cancelled.id) == [DeliveryState.DELIVERED]
    await ben.reply(await ben.command("imagine", prompt="a blue square"))
    (lost,) = [job for job in await hand.jobs() if job.id != cancelled.id]
    await hand.finish(lost, lose_grid=True)
    assert await until_closed(database, lost.id) == [DeliveryState.DELIVERED]
    assert [await hand.impressions(job.id) for job in (cancelled, lost)] == [(), ()]


async def test_a_delivery_is_closed_with_its_impression_or_not_at_all(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database, database_url: str
) -> None:
    """While the log takes nothing, the delivery stays open, and then there is one impression."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a red circle"))
    job = await hand.only_job()
    async with held(database_url, "LOCK TABLE impressions IN EXCLUSIVE MODE") as connection:
        await hand.finish(job)
        await ben.changed(waiting, lambda item: len(item["components"]) == 3)
        # Tables have the same numbers in the databases of other tests.
        waits = """SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
            WHERE NOT granted AND relation = 'impressions'::regclass AND datname = current_database())"""
        await until(lambda: connection.fetchval(waits))
        assert await delivery_states(database, job.id) == [DeliveryState.OPEN]
    assert await until_closed(database, job.id) == [DeliveryState.DELIVERED]
    assert len(await hand.impressions(job.id)) == 1
