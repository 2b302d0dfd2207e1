"""/export: for those who manage the server, made in a process of its own, and told to them alone."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
import os
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from bot.commands.export import export as command
from bot.exports.place import ExportPlace
from bot.replies import export_replies
from bot.store.export_tables import ExportState, exports
from bot.store.exports import claim_export, end_export, release_export, request_export
from engine.store.database import Database
from engine.store.objects import Objects
from sandbox.chat.test_client import MemberClient, RequestRefused
from sandbox.server import Sandbox
from tests.bot.bot_process import bot_process
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, shown_by_bot, text_of
from tests.bot.rows import until_true
from tests.bot.store.test_button_actions import press
from tests.bot.test_guild_choice import agree
from tests.bot.test_privacy import ask
from tests.killing import blocked, kill

Grid = Callable[..., Any]
EPHEMERAL = 64


@pytest.fixture
def place(tmp_path: Path, database_url: str, storage_url: str) -> ExportPlace:
    return ExportPlace(folder=tmp_path / "exports", database_url=database_url, storage_url=storage_url)


@pytest.fixture
async def bot(start_bot: BotStarter, place: ExportPlace) -> AsyncIterator[asyncio.Task[None]]:
    """A bot that makes exports."""
    async with start_bot(exports=place) as task:
        yield task


async def start(member: MemberClient, **options: Any) -> str:
    """Return the answer to the member's /export start."""
    return text_of(await member.reply(await member.command("export", "start", **options)))


async def told(member: MemberClient, words: str) -> Message:
    """Return the newest message to the member that has these words."""
    await member.message(lambda item: words in text_of(item))
    return max((item for item in member.messages.values() if words in text_of(item)), key=lambda item: int(item["id"]))


async def test_what_members_agreed_to_comes_as_a_file(
    bot: asyncio.Task[None],
    ada: MemberClient,
    ben: MemberClient,
    database: Database,
    painted_grid: Grid,
    place: ExportPlace,
) -> None:
    """To whoever asked alone; as long as nobody has agreed, a sentence says so."""
    await painted_grid("a red zebra")
    assert await start(ada, format="prompts") == export_replies.started("prompts")
    refused = await told(ada, "Nobody in this server has agreed")
    assert refused["flags"] & EPHEMERAL and not refused["attachments"]

    await agree(database, ben)
    await start(ada, format="prompts")
    done = await told(ada, "**prompts**: 1 prompt")
    assert done["flags"] & EPHEMERAL
    archive = zipfile.ZipFile(io.BytesIO(await ada.file(done["attachments"][0])))
    assert {Path(name).parts[0] for name in archive.namelist()} == {"easel-prompts"}
    assert "a red zebra" in "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".txt"))
    assert not [item for item in ben.messages.values() if "prompts" in text_of(item)]
    assert [path.suffix for path in place.folder.iterdir()] == [".zip"]

    status = await ada.reply(await ada.command("export", "status"))
    lines = text_of(status).splitlines()
    assert [line.split("**")[1] for line in lines] == ["prompts", "prompts"]
    assert "1 prompt" in lines[0] and "Nobody in this server" in lines[1]
    assert [item["filename"] for item in status["attachments"]] == ["easel-prompts.zip"]

    async with database.begin() as connection:
        reasons = {f"reason {number:03} of many": 1 for number in range(60)}
        await connection.execute(sa.update(exports).values(outcome=exports.c.outcome.concat({"left_out": reasons})))
    status = await ada.reply(await ada.command("export", "status"))
    assert "reason 059" in text_of(status) and len(text_of(status).splitlines()) == 1


async def test_only_those_who_manage_the_server_may_export(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, database: Database
) -> None:
    """By what Discord shows; what is wrong with what was asked for is a sentence, and nothing is stored."""
    assert command.default_permissions is not None and command.default_permissions.manage_guild
    with pytest.raises(RequestRefused):
        await start(ben, format="prompts")
    for options, said in (
        ({"since": "2026-13-01"}, export_replies.not_a_day("2026-13-01")),
        ({"until": "20260101"}, export_replies.not_a_day("20260101")),
        ({"since": "2026-02-01", "until": "2026-02-01"}, export_replies.no_days_between("2026-02-01", "2026-02-01")),
    ):
        assert await start(ada, format="prompts", **options) == said
    assert await start(ada, format="raw", since="2026-02-01") == export_replies.takes_no_bounds("raw")
    async with database.begin() as connection:
        assert (await connection.execute(sa.text("SELECT count(*) FROM exports"))).scalar_one() == 0
    assert text_of(await ada.reply(await ada.command("export", "status"))) == str(export_replies.NO_EXPORTS)


async def ended(database: Database, place: ExportPlace, member: MemberClient, **changes: Any) -> UUID:
    """Store an export of the member's that a bot has made before it died; return its id."""
    context = press(900, discord_id=int(member.id), **changes)
    async with database.begin() as connection:
        await request_export(connection, context, {"format": "prompts"}, guild_id=int(member.guild_id), max_bytes=10**7)
        made = await claim_export(connection)
        assert made is not None
        outcome = {"counts": {"prompts": 3}, "bytes": 3}
        await end_export(connection, made.id, ExportState.DONE, outcome)
        await release_export(connection, made.id)
    place.folder.mkdir(parents=True, exist_ok=True)
    place.file(made.id).write_bytes(b"zip")
    return made.id


async def test_what_took_too_long_comes_by_direct_message(
    start_bot: BotStarter, place: ExportPlace, sandbox: Sandbox, ada: MemberClient, database: Database
) -> None:
    """Also when the bot that made it is gone; where Discord takes no message either, it is there when they ask."""
    await ended(database, place, ada)
    async with start_bot(exports=place):
        done = await told(ada, "**prompts**: 3 prompts")
        assert done["channel_id"] == ada.channels["dm"]
        assert await ada.file(done["attachments"][0]) == b"zip"
        await until_true(database, "SELECT telling = 'told' AND token IS NULL FROM exports")
        async with database.begin() as connection:
            await connection.execute(sa.text("DELETE FROM exports"))
        sandbox.inject_fault("POST /channels/*/messages", kind="status", status=403, count=None)
        await ended(database, place, ada)
    async with start_bot(exports=place):
        await until_true(database, "SELECT telling = 'held' FROM exports")
        status = await ada.reply(await ada.command("export", "status"))
        assert await ada.file(status["attachments"][0]) == b"zip"
    await until_true(database, "SELECT telling = 'told' FROM exports")
    assert len(shown_by_bot(ada)) == 1


_IS_WAITING = (
    "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


@pytest.mark.kills
async def test_a_bot_that_is_killed_while_it_exports_loses_nothing(
    sandbox: Sandbox,
    place: ExportPlace,
    ada: MemberClient,
    database: Database,
    database_url: str,
    storage_url: str,
    hand: EngineHand,
) -> None:
    """Its process ends with it, and the next bot goes on once the claim is over; who asked gets the file."""
    async with bot_process(sandbox, database_url, storage_url, exports=place.folder) as first:
        await agree(database, ada)
        await ada.reply(await ada.command("imagine", prompt="a red zebra"))
        await hand.finish(await hand.only_job())
        await until_true(database, "SELECT count(*) = 1 FROM impressions")
        async with blocked(database_url, "LOCK TABLE actions"):
            await start(ada, format="prompts")
            await until_true(database, _IS_WAITING)
            await kill(first)
            left = [path.name for path in place.folder.iterdir()]
    assert [name.endswith(".easel-export-") for name in left] == [True]
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE exports SET claimed_until = now()"))
    async with bot_process(sandbox, database_url, storage_url, exports=place.folder):
        done = await told(ada, "**prompts**: 1 prompt")
    assert [item["filename"] for item in done["attachments"]] == ["easel-prompts.zip"]
    assert [path.suffix for path in place.folder.iterdir()] == [".zip"]


async def test_who_no_longer_manages_the_server_gets_nothing(
    start_bot: BotStarter, place: ExportPlace, ben: MemberClient, database: Database
) -> None:
    """Discord is asked when the file is handed over."""
    await ended(database, place, ben)
    async with start_bot(exports=place):
        refused = await told(ben, "You may not manage this server any more")
        assert not refused["attachments"]
        await until_true(database, "SELECT state = 'refused' AND telling = 'told' FROM exports")


async def test_own_data_that_is_too_large_comes_as_a_link(
    start_bot: BotStarter, place: ExportPlace, ben: MemberClient, hand: EngineHand, database: Database, objects: Objects
) -> None:
    """Beside what fits into a message; for the member alone, with every picture. Without an address they read so."""
    public = dataclasses.replace(place, public_url="https://easel.example.org")
    async with start_bot(exports=public):
        await ben.reply(await ben.command("imagine", prompt="a cat"))
        await hand.finish(await hand.only_job())
        key = await objects.put(os.urandom(11 << 20), ".png")
        async with database.begin() as connection:
            large = sa.text("UPDATE pictures SET object_key = :key WHERE slot = 3")
            await connection.execute(large, {"key": key})
        answer = await ben.reply(await ben.press(await ask(ben), "Download my data"))
        assert str(export_replies.OWN_MORE) in text_of(answer)
        linked = await told(ben, "https://easel.example.org/exports/")
    assert linked["flags"] & EPHEMERAL and "every record, as JSON, and 4 pictures" in text_of(linked)
    async with start_bot(exports=place):
        answer = await ben.reply(await ben.press(await ask(ben), "Download my data"))
        assert str(export_replies.OWN_REST) in text_of(answer)
    (file,) = place.folder.iterdir()
    with zipfile.ZipFile(file) as archive:
        assert len(archive.namelist()) == 5
        assert "secret" not in json.loads(archive.read("data.json"))["exports"][0]
