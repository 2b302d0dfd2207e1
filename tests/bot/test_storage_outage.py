"""The picture store goes away under a running bot: members are told, and get their pictures when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from obstore.store import ObjectStore

from bot import replies
from engine.contract.errors import PictureStoreUnavailable, StorageFull, StoreUnavailable
from engine.contract.store_faults import StoreFault
from engine.store.database import Database
from engine.store.objects import Objects, open_objects
from sandbox.chat.test_client import MemberClient
from tests.bot.buttons.test_compare import agree, asks
from tests.bot.buttons.test_opinions import single
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, is_grid, text_of
from tests.full_disk import full_disk

AWAY = PictureStoreUnavailable(fault=StoreFault.UNREACHABLE, cause="http://minio:9000")


class SwitchedObjects(Objects):
    """A picture store that is away while `is_away` is set, and takes its time while `may_read` is not."""

    is_away = False
    num_read = 0

    def __init__(self, store: ObjectStore) -> None:
        super().__init__(store)
        self.may_read = asyncio.Event()
        self.may_read.set()

    async def put(self, data: bytes, suffix: str) -> str:
        """Store, or raise."""
        self._switch()
        return await super().put(data, suffix)

    async def get(self, key: str) -> bytes:
        """Read, or raise."""
        self.num_read += 1
        await self.may_read.wait()
        self._switch()
        return await super().get(key)

    async def check(self) -> None:
        """Leave it to the test what is known of the store."""

    def _switch(self) -> None:
        if self.is_away:
            raise AWAY


@pytest.fixture
def objects(storage_url: str) -> SwitchedObjects:
    """The picture store as the bot sees it."""
    return SwitchedObjects(open_objects(storage_url).store)


async def test_a_press_is_answered_and_the_picture_comes_later(
    painted_grid: Callable[..., Any], ben: MemberClient, objects: SwitchedObjects
) -> None:
    """U1 posts a message that says why there is no picture yet, and the same message gets it when the store is back."""
    grid, _, _ = await painted_grid()
    objects.is_away = True
    await ben.press(grid, "U1")
    reply = await ben.message(lambda item: "Image #1" in item["content"])
    assert str(replies.PICTURE_KEPT) in reply["content"] and reply["attachments"] == []
    objects.is_away = False
    shown = await ben.changed(reply, lambda item: bool(item["attachments"]))
    assert str(replies.PICTURE_KEPT) not in shown["content"]


async def test_a_picture_is_not_read_while_the_store_is_known_to_be_away(
    painted_grid: Callable[..., Any], ben: MemberClient, objects: SwitchedObjects
) -> None:
    """One try per message, which says so, until the store is checked again; then the picture comes."""
    grid, _, _ = await painted_grid()
    objects.is_away, objects.problem = True, StoreUnavailable(cause="away")
    objects.num_read = 0
    await ben.press(grid, "U1")
    reply = await ben.message(lambda item: "Image #1" in item["content"])
    # The retries of the first message go on while the other one is asked for.
    await ben.press(grid, "U2")
    await ben.message(lambda item: "Image #2" in item["content"])
    assert objects.num_read == 2
    objects.is_away, objects.problem = False, None
    await ben.changed(reply, lambda item: bool(item["attachments"]))


async def test_messages_of_waiting_jobs_say_what_they_wait_for(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, objects: SwitchedObjects
) -> None:
    """A job that waits to start, or with its pictures painted, names the picture storage and goes on when it can."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    assert "next in line" in text_of(waiting)
    objects.is_away, objects.problem = True, StoreUnavailable(cause="away")
    blocked = await ben.changed(waiting, lambda item: "picture storage is not available" in item["content"])
    assert "Waiting to start" in blocked["content"]
    job = await hand.only_job()
    await hand.start(job.id)
    await hand.progress(job.id, 1.0)
    await ben.changed(waiting, lambda item: "Painted, waiting to be stored" in item["content"])
    objects.is_away, objects.problem = False, None
    await hand.finish(await hand.only_job())
    await ben.changed(waiting, is_grid)


@pytest.mark.parametrize("is_away", [False, True], ids=["slow", "away"])
async def test_who_needs_a_file_of_a_slow_store_is_told_to_wait(
    painted_grid: Callable[..., Any], ben: MemberClient, database: Database, objects: SwitchedObjects, is_away: bool
) -> None:
    """Discord waits three seconds only; then comes the answer, or why there is none. A press in place shows nothing."""
    grid, _, _ = await painted_grid()
    picture = await single(ben, grid, "U1")
    await agree(database)
    asked = await ben.reply(await ben.command("rank"))
    objects.is_away = is_away
    presses: list[tuple[Callable[[], Any], Callable[[Message], bool]]] = [
        (lambda: ben.press(picture, "Vary (Region)"), lambda item: len(item["attachments"]) == 1),
        (lambda: ben.press(asked, "Left"), lambda item: item["id"] == asked["id"] and "compared 1 " in text_of(item)),
        (lambda: ben.command("rank"), lambda item: asks(item) and item["id"] != asked["id"]),
    ]
    for press, is_answer in presses:
        objects.may_read.clear()
        pressed = await press()
        assert await ben.outcome(pressed) == "acknowledged"
        objects.may_read.set()
        if is_away:
            assert text_of(await ben.reply(pressed)) == replies.reply_for(AWAY)
        else:
            await ben.message(is_answer)
    if is_away:
        # The press before has stored the answer, and could show nothing.
        assert text_of(await ben.reply(await ben.press(asked, "Left"))) == replies.reply_for(AWAY)
        objects.is_away = False
        await ben.press(asked, "Left")
        await ben.message(lambda item: item["id"] == asked["id"] and "compared 1 " in text_of(item))


async def test_presses_on_a_full_disk_are_answered_with_one_sentence(
    painted_grid: Callable[..., Any], ben: MemberClient, database_url: str
) -> None:
    """Commands and presses say that the storage is full, and work again when it is not."""
    grid, _, _ = await painted_grid()
    full = replies.reply_for(StorageFull(place="database"))
    async with full_disk(database_url):
        for pressed in (await ben.press(grid, "U1"), await ben.press(grid, "🙂"), await ben.press(grid, "🔄")):
            assert text_of(await ben.reply(pressed)) == full
        assert text_of(await ben.reply(await ben.command("imagine", prompt="a fish"))) == full
    assert text_of(await ben.reply(await ben.press(grid, "🙂"))).startswith("Rated 🙂")
