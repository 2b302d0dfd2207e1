"""Exports through crashes and troubles: what is left to do is in the database, and files go after a day."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.exports.archive import pack_own_data
from bot.exports.child import make
from bot.exports.exporter import Exporter
from bot.exports.handover import hand_over
from bot.exports.place import ExportPlace
from bot.exports.process import Unmade, run_export
from bot.own_data_file import build_file
from bot.pages.exports import ExportFiles
from bot.replies import export_replies
from bot.signed_links import signed_path
from bot.store.export_tables import ExportState, Telling, exports
from bot.store.exports import (
    Export,
    claim_export,
    end_export,
    read_export,
    read_guild_exports,
    request_export,
)
from bot.store.own_data import OwnData
from engine.content_credentials import ContentCredentials
from engine.contract.exports import EXPORT_FORMATS
from engine.feedback.anonymize import strip_png_metadata
from engine.feedback.exports import FORMATS
from engine.store.database import Database
from engine.store.objects import Objects, open_objects
from tests.bot.store.test_button_actions import press
from tests.bot.unconnected import unconnected_context
from tests.engine.certificates import make_credentials
from tests.test_provenance import PNG

GUILD = 77


@pytest.fixture
def place(tmp_path: Path, database_url: str, storage_url: str) -> ExportPlace:
    return ExportPlace(
        folder=tmp_path / "exports", database_url=database_url, storage_url=storage_url, public_url="https://e.example"
    )


async def request(database: Database, number: int, guild_id: int | None = GUILD) -> bool:
    """Let a member ask for an export; return whether it is stored."""
    async with database.begin() as connection:
        options = {"format": "prompts" if guild_id else "own-data"}
        return await request_export(connection, press(number), options, guild_id=guild_id, max_bytes=10)


async def claim(database: Database) -> Export | None:
    """Return the export that a bot would go on with now."""
    async with database.begin() as connection:
        return await claim_export(connection)


async def done(database: Database, place: ExportPlace, number: int = 1, guild_id: int | None = GUILD) -> Export:
    """Return an export that is made, and has a file of eleven bytes."""
    assert await request(database, number, guild_id)
    outcome = {"counts": {"prompts": 1}, "bytes": 11, "damaged": 2, "left_out": {"no_consent": 3}}
    async with database.begin() as connection:
        asked = sa.select(exports.c.id).where(exports.c.press_id == int(press(number).id))
        export_id = (await connection.execute(asked)).scalar_one()
        await end_export(connection, export_id, ExportState.DONE, outcome)
        ended = await read_export(connection, export_id)
    assert ended is not None
    place.folder.mkdir(exist_ok=True)
    place.file(ended.id).write_bytes(b"eleven byte")
    return ended


def test_the_names_in_discord_are_those_of_the_formats() -> None:
    assert dict(EXPORT_FORMATS) == {name: one.contents for name, one in FORMATS.items()}


async def test_one_at_a_time_is_made_for_a_server(database: Database) -> None:
    """A press that is delivered twice is one, and so is each server and each member's own data by itself."""
    assert [await request(database, 1), await request(database, 1)] == [True, True]
    assert [await request(database, 2), await request(database, 3, guild_id=78)] == [False, True]
    assert [await request(database, 4, guild_id=None), await request(database, 5, guild_id=None)] == [True, False]
    claimed = [await claim(database) for _ in range(4)]
    assert [one and one.guild_id for one in claimed] == [GUILD, 78, None, None]
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE exports SET claimed_until = now() WHERE guild_id = 77"))
    again = await claim(database)
    assert again is not None and (again.guild_id, again.attempts) == (GUILD, 2)
    assert "secret" not in repr(again)


async def test_the_queries_use_their_indexes(database: Database) -> None:
    """Whatever many exports there were."""
    open_ones = "SELECT id FROM exports WHERE state = 'waiting' OR telling = 'due' ORDER BY id LIMIT 1"
    of_guild = "SELECT id FROM exports WHERE guild_id = 77 ORDER BY id DESC LIMIT 5"
    for query, index in ((open_ones, "exports_open_idx"), (of_guild, "exports_guild_id_id_idx")):
        async with database.begin() as connection:
            await connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
            plan = (await connection.execute(sa.text(f"EXPLAIN {query}"))).scalars().all()
        assert index in "\n".join(plan) and "Sort" not in "\n".join(plan)


async def test_a_link_is_for_who_has_it_and_for_a_day(database: Database, place: ExportPlace) -> None:
    """With another signature, another end or another id there is nothing; nor when it is over or the file is gone."""
    made = await done(database, place)
    other = await done(database, place, 2)
    path = str(place.link(made)).removeprefix("https://e.example")
    _, _, export_id, expires, signed = path.split("/")
    app = web.Application()
    app.add_routes(ExportFiles(database, place).routes())
    async with TestClient(TestServer(app)) as client:
        got = await client.get(path)
        assert (got.status, await got.read()) == (200, b"eleven byte")
        assert got.headers["Content-Disposition"] == 'attachment; filename="easel-prompts.zip"'
        assert got.headers["Cache-Control"] == "private, no-store"
        past = int(expires) - 90_000
        for wrong in (
            f"/exports/{export_id}/{expires}/{'0' * 64}",
            f"/exports/{export_id}/{int(expires) + 1}/{signed}",
            f"/exports/{other.id}/{expires}/{signed}",
            f"/exports/{export_id}/{expires}x/{signed}",
            f"/exports/..%2f..%2fetc/{expires}/{signed}",
            f"/exports/{signed_path(made.secret, made.id, datetime.fromtimestamp(past, UTC))}",
        ):
            assert (await client.get(wrong)).status == 404, wrong
        place.file(made.id).unlink()
        assert (await client.get(path)).status == 404


async def test_what_is_too_large_for_discord_is_a_link_or_a_path(database: Database, place: ExportPlace) -> None:
    made = await done(database, place)
    fits = hand_over(place, made, max_bytes=11)
    assert fits.file is not None and fits.delivered is None
    fits.file.close()
    linked = hand_over(place, made, max_bytes=10)
    assert linked.file is None and str(place.link(made)) in str(linked.delivered)
    private = dataclasses.replace(place, public_url=None)
    named = hand_over(private, made, max_bytes=10)
    assert str(place.file(made.id)) in str(named.delivered) and "EASEL_PUBLIC_URL" in str(named.delivered)
    said = export_replies.ended(made, delivered=None)
    assert "1 prompt" in said and "Left out: 3 no consent." in said and "2 pictures are damaged" in said
    left_out = {f"{name}: {reason}": 1 for name in EXPORT_FORMATS for reason in ("weak", "no_consent")}
    release = dataclasses.replace(made, outcome={**made.outcome, "left_out": {**left_out, "sft: weak": 1_000}})
    assert "Left out: 1,013 weak, 14 no consent; manifest.json says" in export_replies.ended(release, delivered=None)


async def work(database: Database, place: ExportPlace, *results: Any) -> list[Export]:
    """Let an exporter work on one export for each result that the process gives; return the guild's exports."""
    left = list(results)

    async def run(_place: ExportPlace, _export: Export) -> Any:
        return left.pop(0)

    exporter = Exporter(unconnected_context(database, open_objects(place.storage_url)), place, run)
    while left:
        await exporter.work_on_next()
        async with database.begin() as connection:
            await connection.execute(sa.text("UPDATE exports SET claimed_until = NULL"))
    async with database.begin() as connection:
        return await read_guild_exports(connection, GUILD, limit=5)


@pytest.mark.parametrize(
    ("results", "state", "reason"),
    [
        ([Unmade.BROKEN] * 3, ExportState.FAILED, "broken"),
        ([Unmade.BROKEN] * 2, ExportState.WAITING, None),
        ([Unmade.AWAY] * 5, ExportState.WAITING, None),
        ([{"state": "refused", "reason": "withdrawn"}] * 2, ExportState.WAITING, None),
        ([{"state": "refused", "reason": "withdrawn"}] * 3, ExportState.REFUSED, "withdrawn"),
        ([{"state": "failed", "reason": "full"}], ExportState.FAILED, "full"),
    ],
)
async def test_what_fails_is_tried_again_as_far_as_that_helps(
    database: Database, place: ExportPlace, results: Sequence[Any], state: ExportState, reason: str | None
) -> None:
    """Stores that are away count for nothing; every end has a sentence."""
    assert await request(database, 1)
    (export,) = await work(database, place, *results)
    assert (export.state, export.outcome.get("reason")) == (state, reason)
    if reason is not None:
        assert len(export_replies.ended(export, delivered=None)) > 20


async def test_a_bot_that_ends_leaves_the_export_to_the_next(database: Database, place: ExportPlace) -> None:
    """Its attempt counts for nothing, and nobody waits for its claim to end."""
    assert await request(database, 1)
    began = asyncio.Event()

    async def run(_place: ExportPlace, _export: Export) -> Any:
        began.set()
        await asyncio.Event().wait()

    working = asyncio.create_task(
        Exporter(unconnected_context(database, open_objects(place.storage_url)), place, run).run()
    )
    await began.wait()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    again = await claim(database)
    assert again is not None and again.attempts == 1


async def test_files_go_after_a_day_and_with_their_member(database: Database, place: ExportPlace) -> None:
    """What is not an export's stays."""
    fresh, old = await done(database, place, 1), await done(database, place, 2)
    (place.folder / "notes.txt").write_text("mine")
    (place.folder / f".{old.id}.easel-export-").mkdir()
    (place.folder / "00000000-0000-7000-8000-000000000000.part").write_text("of somebody who was erased")
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE exports SET telling = 'told'"))
        ended = sa.text("UPDATE exports SET ended_at = now() - interval '25 hours' WHERE id = :id")
        await connection.execute(ended, {"id": old.id})
    await Exporter(unconnected_context(database, open_objects(place.storage_url)), place).work_on_next()
    assert {path.name for path in place.folder.iterdir()} == {"notes.txt", f"{fresh.id}.zip"}
    async with database.begin() as connection:
        await connection.execute(sa.text("DELETE FROM members"))
        assert await read_export(connection, fresh.id) is None


async def test_a_file_that_is_on_another_machine_is_made_anew(database: Database, place: ExportPlace) -> None:
    made = await done(database, place)
    place.file(made.id).unlink()
    (export,) = await work(database, place, {"state": "refused", "reason": "nothing_left"})
    assert export.state is ExportState.REFUSED and export.telling is Telling.DUE


async def test_the_process_says_that_the_stores_are_away(database: Database, place: ExportPlace) -> None:
    """And nothing of the database's password is on its command line."""
    assert await request(database, 1)
    export = await claim(database)
    assert export is not None
    away = dataclasses.replace(place, database_url="postgresql://easel:very-secret@127.0.0.1:9/easel")
    assert await run_export(away, export) is Unmade.AWAY
    assert "very-secret" not in repr(away)


async def test_own_data_holds_every_picture(database: Database, objects: Objects, place: ExportPlace) -> None:
    """However large it becomes; those that cannot be read are counted."""
    keys = [await objects.put(bytes([number]) * 100, ".png") for number in range(3)]
    await objects.delete(keys[1])
    data = OwnData(rows={"jobs": [{"id": "1"}]}, keys=tuple(keys))
    place.folder.mkdir()
    assert await pack_own_data(data, objects, place.folder / "own.zip") == 1
    with zipfile.ZipFile(place.folder / "own.zip") as archive:
        assert len(archive.namelist()) == 3 and archive.testzip() is None
    assert [path.name for path in place.folder.iterdir()] == ["own.zip"]


async def test_own_pictures_are_signed_where_easel_has_made_them(objects: Objects, tmp_path: Path) -> None:
    """In both files in which a member gets them; what they brought is theirs, and stays as it is."""
    made = make_credentials(tmp_path)
    painted = await objects.put(PNG, ".png")
    brought = await objects.put(strip_png_metadata(PNG), ".png")
    data = OwnData(rows={}, keys=(painted, brought), painted=frozenset({painted}))
    credentials = ContentCredentials(made.key, made.certificates)
    await pack_own_data(data, objects, tmp_path / "own.zip", credentials=credentials)
    built = await build_file(data, objects, max_bytes=10**6, credentials=credentials)
    for file in ((tmp_path / "own.zip").read_bytes(), built.content):
        with zipfile.ZipFile(io.BytesIO(file)) as archive:
            assert b"caBX" in archive.read(f"pictures/{PurePath(painted).name}")
            assert archive.read(f"pictures/{PurePath(brought).name}") == await objects.get(brought)


async def test_a_disk_that_is_full_is_an_outcome(
    database: Database, place: ExportPlace, database_url: str, storage_url: str
) -> None:
    """No half file is left."""
    await done(database, place, guild_id=None)
    (place.folder / "mine.part").symlink_to("/dev/full")
    order = {"file": str(place.folder / "mine.zip"), "database_url": database_url, "storage_url": storage_url}
    assert await make({**order, "discord_id": 5, "options": {}}) == {"state": "failed", "reason": "full"}
    assert not (place.folder / "mine.zip").exists() and not (place.folder / "mine.part").is_symlink()
