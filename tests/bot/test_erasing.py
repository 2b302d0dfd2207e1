"""Erasing a member, from the confirmation to the last file, through whatever gets in the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import replies
from bot.consent_text import CONSENT_TEXT
from bot.replies import privacy_replies
from bot.store.tables import members
from engine.contract.jobs import JobStatus
from engine.feedback.exports.raw import export_raw
from engine.feedback.store.erasures import read_tombstones
from engine.store.database import Database
from engine.store.objects import Objects
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from tests.bot.buttons.test_compare import after, agree, answers, asks, pairs_shown
from tests.bot.conftest import BotStarter
from tests.bot.discord_hand import post_buttons
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, is_grid, shown_by_bot, text_of
from tests.bot.rows import until_closed, until_true
from tests.bot.test_privacy import ask
from tests.bot.watching import RequestWatch

Grid = Callable[..., Any]


async def erase(member: MemberClient) -> Message:
    """Let the member erase themselves; return the confirmation."""
    summary = await ask(member)
    await member.press(summary, str(privacy_replies.ERASE_LABEL))
    question = await member.changed(summary, lambda item: "This erases" in text_of(item))
    await member.press(question, str(privacy_replies.ERASE_ALL_LABEL))
    return await member.changed(question, lambda item: text_of(item) == str(privacy_replies.ERASING))


async def everybody(connection: AsyncConnection) -> set[UUID]:
    """Return every member, as those who agree."""
    return set((await connection.execute(sa.select(members.c.id))).scalars())


async def until_erased(database: Database) -> None:
    """Wait until the erasures are done."""
    await until_true(database, "SELECT bool_and(done_at IS NOT NULL) FROM erasures")


async def every_row(database: Database) -> str:
    """Return everything that the database holds, as text."""
    names = sa.text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
    async with database.begin() as connection:
        tables = (await connection.execute(names)).scalars().all()
        rows = [(await connection.execute(sa.text(f'SELECT t::text FROM "{name}" AS t'))).scalars() for name in tables]
        return "\n".join(row for listed in rows for row in listed)


def files_of(url: str) -> dict[str, bytes]:
    """Return every file of a folder, by name."""
    return {path.name: path.read_bytes() for path in Path(url.removeprefix("file://")).rglob("*") if path.is_file()}


async def test_an_erased_member_leaves_no_trace(
    bot: asyncio.Task[None],
    sandbox: Sandbox,
    ben: MemberClient,
    cleo: MemberClient,
    hand: EngineHand,
    database: Database,
    objects: Objects,
    storage_url: str,
    painted_grid: Grid,
    tmp_path: Path,
) -> None:
    """Not in the rows, the files, an export or the channel; what others did without them stays."""
    grid, job, pictures = await painted_grid("zebra striped teapot")
    rerolled = await cleo.reply(await cleo.press(grid, "🔄"))
    (_, derived) = await hand.jobs()
    await hand.finish(derived)
    await cleo.changed(rerolled, is_grid)
    await cleo.press(grid, "U2")
    await ben.reply(await ben.command("search", words="zebra"))
    await ben.reply(await ben.command("show", picture="zebra"))
    await until_closed(database, job.id, 3)
    await cleo.reply(await cleo.press(grid, "😍"))
    other = await cleo.reply(await cleo.command("imagine", prompt="a plain mug"))
    theirs = (await hand.jobs())[-1]
    kept = await hand.finish(theirs)
    other = await cleo.changed(other, is_grid)
    await ben.reply(await ben.press(other, "☹️"))
    await cleo.reply(await cleo.press(other, "🙂"))
    await ben.press(other, "U1")
    await until_closed(database, theirs.id, 2)
    summary = await ask(ben)
    await ben.press(summary, "Change choices")
    form = await ben.changed(summary, lambda item: text_of(item) == str(CONSENT_TEXT))
    await ben.press(form, "Save")
    await ben.changed(form, lambda item: not item["components"])
    assert "zebra" in await every_row(database) and ben.id in await every_row(database)

    await erase(ben)
    await until_erased(database)

    traces = [ben.id, "zebra", str(job.member_id), str(job.id), str(derived.id), grid["id"]]
    traces += [str(picture.id) for picture in pictures]
    rows = await every_row(database)
    stored = files_of(storage_url)
    await export_raw(database, objects, tmp_path / "raw", read_members=everybody, report=lambda done, total: None)
    exported = files_of((tmp_path / "raw").as_uri())
    for trace in traces:
        assert trace not in rows
        assert trace.encode() not in b"".join([*stored.values(), *exported.values()])
    assert {name for name in stored if name.endswith(".png")} == {picture.object_key[6:] for picture in kept}
    assert [item["id"] for item in shown_by_bot(cleo)] == [other["id"]]
    assert [action.value for action in await hand.actions(theirs.id)] == [3]
    async with database.begin() as connection:
        tombstones = await read_tombstones(connection)
    assert tombstones.members == 1
    assert tombstones.counts == {"jobs": 2, "pictures": 8, "actions": 5, "impressions": 5, "messages": 5}


async def test_who_comes_back_is_somebody_new(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database, painted_grid: Grid
) -> None:
    """Also while the erasure is under way: what they ask for after it is theirs, and they are asked for consent."""
    _, job, _ = await painted_grid("an old thing")
    await erase(ben)
    command = await ben.command("imagine", prompt="a new thing")
    await ben.reply(command)
    await ben.message(lambda item: text_of(item) == str(CONSENT_TEXT))
    await until_erased(database)
    (new,) = await hand.jobs()
    assert new.spec.prompt == "a new thing" and new.member_id != job.member_id
    assert "1 prompt, 0 pictures, 0 button presses." in text_of(await ask(ben))


async def test_unfinished_jobs_are_cancelled_and_erased(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    await ben.reply(await ben.command("imagine", prompt="never finished --repeat 3"))
    jobs = await hand.jobs()
    await hand.start(jobs[0].id)
    await erase(ben)
    await until_erased(database)
    assert await hand.jobs() == []
    assert "never finished" not in await every_row(database)
    await ben.until(lambda: not shown_by_bot(ben))
    assert {job.status for job in jobs} == {JobStatus.WAITING}


async def test_a_press_on_an_erased_picture_has_its_sentence(
    bot: asyncio.Task[None],
    sandbox: Sandbox,
    ben: MemberClient,
    cleo: MemberClient,
    database: Database,
    painted_grid: Grid,
) -> None:
    """Where its message could not be deleted; nothing is stored."""
    _, job, _ = await painted_grid()
    await erase(ben)
    await until_erased(database)
    copy = await post_buttons(sandbox, "studio", [f"e1:up:{job.id}:1", f"e1:rate:{job.id}:4", f"e1:reroll:{job.id}"])
    for button in ("B0", "B1", "B2"):
        answer = await cleo.reply(await cleo.press(copy, button))
        assert text_of(answer) == "This was erased, so it can no longer be used. Use /imagine to start again."
    assert str(job.id) not in await every_row(database)


@pytest.mark.parametrize("fault", ["messages", "files", "rows"])
async def test_an_erasure_goes_on_after_a_crash(
    start_bot: BotStarter,
    sandbox: Sandbox,
    ben: MemberClient,
    hand: EngineHand,
    database: Database,
    storage_url: str,
    watch: RequestWatch,
    fault: str,
) -> None:
    """Whatever was not done when the first bot ended is done by the next one."""
    async with start_bot():
        waiting = await ben.reply(await ben.command("imagine", prompt="zebra striped teapot"))
        await hand.finish(await hand.only_job())
        await ben.changed(waiting, is_grid)
        if fault == "messages":
            sandbox.inject_fault("DELETE /channels/*/messages/*", kind="status", status=500, count=None)
        elif fault == "files":
            move_away(storage_url)
        else:
            await take_in_hand(database)
        await erase(ben)
        if fault == "messages":
            await watch.until_begun(r"DELETE /channels/\d+/messages/\d+")
        elif fault == "files":
            await ben.until(lambda: not shown_by_bot(ben))
    async with database.begin() as connection:
        left = sa.text("SELECT count(*) FROM erasures WHERE done_at IS NULL")
        assert (await connection.execute(left)).scalar_one() == 1
    sandbox.faults.clear()
    if fault == "files":
        move_back(storage_url)
    await release(database)
    async with start_bot():
        await until_erased(database)
        await ben.until(lambda: not shown_by_bot(ben))
    assert "zebra" not in await every_row(database)
    assert not files_of(storage_url)


def move_away(url: str) -> None:
    """Put something else in the place of the picture store."""
    folder = Path(url.removeprefix("file://"))
    folder.rename(folder.with_name("away"))
    folder.write_text("not a folder")


def move_back(url: str) -> None:
    """Put the picture store back."""
    folder = Path(url.removeprefix("file://"))
    folder.unlink()
    folder.with_name("away").rename(folder)


async def take_in_hand(database: Database) -> None:
    """Let an engine hold every job."""
    picked = """INSERT INTO pgqueuer (priority, entrypoint, payload, status, dedupe_key)
        SELECT 0, 'paint', NULL, 'picked', id::text FROM jobs ON CONFLICT DO NOTHING"""
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE pgqueuer SET status = 'picked'"))
        await connection.execute(sa.text(picked))


async def release(database: Database) -> None:
    """Let the engine be done, and claims of dead bots be over."""
    async with database.begin() as connection:
        await connection.execute(sa.text("DELETE FROM pgqueuer"))
        await connection.execute(sa.text("UPDATE erasures SET claimed_until = NULL"))


async def test_a_refusal_of_discord_does_not_hold_an_erasure_up(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, database: Database, painted_grid: Grid
) -> None:
    """A message that may not be deleted is emptied instead."""
    grid, *_ = await painted_grid()
    sandbox.inject_fault("DELETE /channels/*/messages/*", kind="status", status=403, count=None)
    await erase(ben)
    await until_erased(database)
    emptied = await ben.changed(grid, lambda item: text_of(item) == str(privacy_replies.ERASED))
    assert not emptied["attachments"] and not emptied["components"]
    assert str(replies.BROKEN) not in [text_of(item) for item in ben.messages.values()]


async def test_the_pairs_of_the_members_pictures_go_along(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, painted_grid: Grid, database: Database
) -> None:
    """Also those that others were shown and have answered; whoever still has one open is told that none is left."""
    _, job, _ = await painted_grid()
    await until_closed(database, job.id, 1)
    await cleo.reply(await cleo.command("rank"))
    await agree(database)
    message = await after(cleo, await cleo.reply(await cleo.command("rank")), "Left")
    assert asks(message) and len(await answers(database)) == 1

    await erase(ben)
    await until_erased(database)

    assert (await answers(database), await pairs_shown(database)) == ([], [])
    assert str(job.id) not in await every_row(database)
    message = await after(cleo, message, "Right")
    assert text_of(message).startswith("There is nothing left to compare at the moment. You have compared 0 pairs.")
