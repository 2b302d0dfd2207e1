"""`/history`, `/search` and `/show`: members find their pictures again, and none that they may not see."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from PIL import Image

from bot.replies import finding_replies, reply_for
from bot.replies.feedback_replies import ASK_DELETE, DELETED
from bot.store.tables import DeliveryKind, DeliveryState, deliveries
from engine.contract.errors import JobUnknown
from engine.contract.feedback import Verb
from engine.prompt import Limits
from engine.prompt.limits import ModelCapabilities
from engine.store.database import Database
from engine.store.objects import Objects
from sandbox.chat.test_client import MemberClient
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, is_grid, labels, text_of
from tests.bot.rows import until_closed

Grid = Callable[..., Any]
EPHEMERAL = 64


def prompts(message: Message) -> list[str]:
    """Return the prompts of a list, as they are numbered."""
    lines = [line for line in text_of(message).splitlines() if line[:1].isdigit()]
    return [line.split("**")[1] for line in lines]


async def list_of(member: MemberClient, command: str, **options: Any) -> Message:
    """Return the list that a command shows."""
    return await member.reply(await member.command(command, **options))


async def delivered_grids(painted_grid: Grid, database: Database, *said: str) -> list[Message]:
    """Let Ben have a grid of each prompt, delivered."""
    grids = []
    for prompt in said:
        grid, job, _ = await painted_grid(prompt)
        await until_closed(database, job.id)
        grids.append(grid)
    return grids


async def turned(member: MemberClient, message: Message, button: str) -> Message:
    """Turn the page, and return the message with the next one."""
    before = message["content"]
    await member.press(message, button)
    return await member.changed(message, lambda item: item["content"] != before)


async def test_own_pictures_are_listed_and_the_pages_turned_in_place(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, database: Database, objects: Objects, hand: EngineHand
) -> None:
    """Newest first, five on a page, with their pictures small and numbered; one that is lost leaves its place empty."""
    said = [f"circle {number}" for number in range(7)]
    await delivered_grids(painted_grid, database, *said)
    lost = (await hand.jobs())[-1]
    assert lost.grid_key is not None
    await objects.delete(lost.grid_key)
    first = await list_of(ben, "history")
    assert first["flags"] & EPHEMERAL
    assert prompts(first) == said[:1:-1]
    assert labels(first) == [["1", "2", "3", "4", "5"], ["Older"]]
    (file,) = first["attachments"]
    assert file["description"] == "5 small pictures, numbered as in the list"
    with Image.open(io.BytesIO(await ben.file(file))) as sheet:
        assert sheet.size == (3 * 256 + 2 * 8, 2 * 256 + 8)

    second = await turned(ben, first, "Older")
    assert prompts(second) == ["circle 1", "circle 0"]
    assert text_of(second).startswith("**Your pictures**, page 2")
    assert labels(second) == [["1", "2"], ["Newer"]]
    again = await turned(ben, second, "Newer")
    assert prompts(again) == prompts(first)
    nobody = await list_of(cleo, "history")
    assert (text_of(nobody), nobody["attachments"], nobody["components"]) == (str(finding_replies.NOTHING_OWN), [], [])


async def test_words_model_rating_and_days_narrow_the_list(
    painted_grid: Grid, ben: MemberClient, database: Database
) -> None:
    """Each by itself; what cannot be read is told, and nothing found has a sentence."""
    red, blue = await delivered_grids(painted_grid, database, "a Red circle", "a blue boat at night")
    await ben.reply(await ben.press(red, "😍"))
    await ben.reply(await ben.press(blue, "😍"))
    await ben.reply(await ben.press(blue, "🙂"))
    assert prompts(await list_of(ben, "search", words="BOAT")) == ["a blue boat at night"]
    assert prompts(await list_of(ben, "search", words='"boat at"')) == ["a blue boat at night"]
    assert prompts(await list_of(ben, "search", words="a -boat")) == ["a Red circle"]
    assert prompts(await list_of(ben, "history", rating=4)) == ["a Red circle"]
    assert len(prompts(await list_of(ben, "history", model="fake", since="2020-01-01", until="2099-12-31"))) == 2
    for options in ({"model": "other"}, {"until": "2020-01-01"}, {"since": "2099-01-01"}, {"rating": 1}):
        assert text_of(await list_of(ben, "history", **options)) == str(finding_replies.NOTHING_FOUND_OWN)
    assert text_of(await list_of(ben, "search", words="?!")) == str(finding_replies.NOTHING_FOUND_OWN)
    assert len(prompts(await list_of(ben, "history", since="0001-01-01", until="9999-12-31"))) == 2
    assert prompts(await list_of(ben, "history", until="0001-01-01")) == []
    assert text_of(await list_of(ben, "history", since="soon")) == finding_replies.not_a_day("soon")
    wrong = await list_of(ben, "history", since="2026-02-01", until="2026-01-01")
    assert text_of(wrong) == str(finding_replies.NO_DAYS_BETWEEN)


async def test_others_find_only_what_is_to_be_seen_in_their_channels(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Not what is in direct messages, was deleted, or is in a channel that is hidden from them or restricted by age."""
    shown, deleted = await delivered_grids(painted_grid, database, "circle in public", "circle deleted")
    for channel in ("dm", "after-dark"):
        _, job, _ = await painted_grid(f"circle in {channel}", channel=channel)
        await until_closed(database, job.id)
    everything = await list_of(ben, "search", words="circle")
    assert len(prompts(everything)) == 4
    choices = await ben.reply(await ben.press(deleted, "⋯"))
    await ben.press(choices, "Delete")
    asked = await ben.changed(choices, lambda item: item["content"] == str(ASK_DELETE))
    await ben.press(asked, "Delete for everybody")
    await ben.changed(choices, lambda item: item["content"] == str(DELETED))

    found = await list_of(cleo, "search", words="circle", whose="server")
    assert prompts(found) == ["circle in public"]
    assert text_of(found).splitlines()[1].endswith(f"/{shown['channel_id']}/{shown['id']})")
    assert labels(found) == []
    away = sa.update(deliveries).where(deliveries.c.message_id == int(shown["id"])).values(channel_id=1)
    async with database.begin() as connection:
        await connection.execute(away)
    hidden = await list_of(cleo, "search", words="circle", whose="server")
    assert text_of(hidden) == str(finding_replies.NOTHING_FOUND)
    assert text_of(await list_of(cleo, "search", words="circle")) == str(finding_replies.NOTHING_FOUND_OWN)
    in_dm = await list_of(cleo, "search", words="circle", whose="server", channel="dm")
    assert text_of(in_dm) == str(finding_replies.NOT_IN_DM)


async def test_a_job_comes_back_with_buttons_that_work(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, ada: MemberClient, hand: EngineHand, database: Database
) -> None:
    """From the list or by its words, in whatever channel, also when the first message was deleted; logged as shown."""
    (grid,) = await delivered_grids(painted_grid, database, "a red circle")
    await ada.delete(grid)
    job = await hand.only_job()
    found = await list_of(ben, "history")
    shown = await ben.reply(await ben.press(found, "1"))
    shown = await ben.changed(shown, lambda item: bool(item["attachments"]))
    assert is_grid(shown) and not shown["flags"] & EPHEMERAL and shown["id"] != grid["id"]
    assert text_of(shown) == f"**a red circle** - <@{ben.id}>"
    (choice,) = await ben.autocomplete("show", "picture", "circ")
    assert choice == {"name": "a red circle", "value": str(job.id)}
    await ben.reply(await ben.command("show", picture=choice["value"], channel="dm"))
    await ben.reply(await ben.command("show", picture="red"))
    assert await until_closed(database, job.id, 4) == [DeliveryState.DELIVERED] * 4
    kinds = sa.select(deliveries.c.kind).order_by(deliveries.c.id)
    async with database.begin() as connection:
        assert (await connection.execute(kinds)).scalars().all() == [DeliveryKind.GRID, *[DeliveryKind.AGAIN] * 3]

    await cleo.reply(await cleo.press(shown, "😍"))
    (action,) = await hand.actions(job.id)
    assert (action.verb, action.message_id, len(action.shown)) == (Verb.RATE, int(shown["id"]), 4)
    seen = [one.message_id for one in await hand.impressions(job.id)]
    assert len(seen) == 4 and action.impression_id == (await hand.impressions(job.id))[1].id
    started = await ben.reply(await ben.press(shown, "V1"))
    assert "Variations" in text_of(started)


async def test_nobody_brings_the_job_of_another_back(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, ada: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Not by its words, not by its id, and not as an administrator; nor does anybody an erased or unfinished one."""
    await delivered_grids(painted_grid, database, "a red circle")
    job = await hand.only_job()
    gone = reply_for(JobUnknown(job_id=job.id))
    assert await cleo.autocomplete("show", "picture", "red") == []
    assert text_of(await list_of(cleo, "show", picture="red")) == str(finding_replies.NOTHING_TO_SHOW)
    assert text_of(await list_of(cleo, "show", picture=str(job.id))) == gone
    assert text_of(await list_of(ada, "show", picture=str(job.id))) == gone
    found = await list_of(ben, "history")
    await hand.forget(job.id)
    assert text_of(await ben.reply(await ben.press(found, "1"))) == gone
    await ben.reply(await ben.command("imagine", prompt="a blue boat"))
    (waiting,) = await hand.jobs()
    assert text_of(await list_of(ben, "history")) == str(finding_replies.NOTHING_OWN)
    assert "when the grid is finished" in text_of(await list_of(ben, "show", picture=str(waiting.id)))


async def test_a_list_belongs_to_its_member_and_ends(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, database: Database
) -> None:
    """Its pages are turned by nobody else, and the oldest lists are forgotten; a page that there is not has none."""
    await delivered_grids(painted_grid, database, *(f"circle {number}" for number in range(6)))
    first = await list_of(ben, "history")
    async with database.begin() as connection:
        stolen = sa.text("UPDATE searches SET member_id = (SELECT id FROM members WHERE discord_id = :cleo)")
        await connection.execute(stolen, {"cleo": int(cleo.id)})
    assert text_of(await ben.reply(await ben.press(first, "Older"))) == str(finding_replies.SEARCH_GONE)
    for _ in range(21):
        newest = await list_of(ben, "history")
    async with database.begin() as connection:
        kept = sa.text("SELECT count(*) FROM searches JOIN members ON members.id = member_id WHERE discord_id = :ben")
        assert (await connection.execute(kept, {"ben": int(ben.id)})).scalar_one() == 20
    assert prompts(await turned(ben, newest, "Older")) == ["circle 0"]


async def test_the_models_that_there_are_are_offered(start_bot: BotStarter, ben: MemberClient) -> None:
    """By any part of their names, in both commands; without such a list there is nothing to choose from."""
    limits = Limits(models=(ModelCapabilities(name="starter"), ModelCapabilities(name="pixart")))
    async with start_bot(limits=limits):
        for command, options in (("history", {}), ("search", {"words": "a"})):
            offered = await ben.autocomplete(command, "model", "ART", **options)
            assert [choice["value"] for choice in offered] == ["starter", "pixart"]
        assert await ben.autocomplete("show", "picture", "") == []
