"""Files that were made and wait: withheld as soon as somebody in them is erased or withdraws their consent."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.exports.exporter import Exporter
from bot.exports.place import ExportPlace
from bot.replies import export_replies
from bot.store.erasures import ErasureRequest, claim_erasure, erase_member, start_erasures
from bot.store.export_tables import ExportState
from bot.store.exports import end_export, read_export
from engine.contract.feedback import Consent
from engine.store.database import Database
from engine.store.objects import Objects, open_objects
from tests.bot.exports.test_exporter import GUILD, claim, done, place, request
from tests.bot.unconnected import unconnected_context
from tests.engine.feedback.exports.community import SmallCommunity

__all__ = ["place"]


async def test_files_go_with_who_is_in_them(database: Database, objects: Objects, place: ExportPlace) -> None:
    """Those of servers that an erased member was active in, and no others; what is being made is made anew."""
    here, elsewhere = await done(database, place, 1), await done(database, place, 2, guild_id=78)
    community = SmallCommunity(database=database, objects=objects, guild_id=GUILD)
    owner, gone = [await community.join(Consent.PUBLISH) for _ in range(2)]
    await community.press(await community.paint(owner, "a cat"), 0, gone)
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE exports SET telling = 'told'"))
    assert await request(database, 3)
    making = await claim(database)
    assert making is not None
    async with database.begin() as connection:
        await start_erasures(connection, [ErasureRequest(press_id=1, member_id=gone)])
        erasure = await claim_erasure(connection)
        assert erasure is not None and await erase_member(connection, erasure)
        outcome = {"counts": {"prompts": 1}, "bytes": 1}
        assert not await end_export(connection, making.id, ExportState.DONE, outcome)
    await Exporter(unconnected_context(database, open_objects(place.storage_url)), place).work_on_next()
    assert [path.name for path in place.folder.iterdir()] == [f"{elsewhere.id}.zip"]
    async with database.begin() as connection:
        withdrawn = await read_export(connection, here.id)
    assert withdrawn is not None
    assert "has erased themselves" in export_replies.ended(withdrawn, delivered=None)


@pytest.mark.parametrize("before", [Consent.PUBLISH, Consent.TRAIN])
async def test_a_file_is_withheld_once_somebody_in_it_withdraws(
    database: Database, objects: Objects, place: ExportPlace, before: Consent
) -> None:
    """Be it told or waiting to be; who had not agreed to publishing is in none."""
    here, elsewhere = await done(database, place, 1), await done(database, place, 2, guild_id=78)
    community = SmallCommunity(database=database, objects=objects, guild_id=GUILD)
    owner, other = await community.join(Consent.PUBLISH), await community.join(before)
    await community.press(await community.paint(owner, "a cat"), 0, other)
    await community.agree(other, Consent.USE)
    async with database.begin() as connection:
        found = [await read_export(connection, one.id) for one in (here, elsewhere)]
    assert found[0] is not None and found[1] is not None
    states = [found[0].state, found[1].state]
    withheld = ExportState.REFUSED if before is Consent.PUBLISH else ExportState.DONE
    assert states == [withheld, ExportState.DONE]
    assert before is not Consent.PUBLISH or "withdrawn their consent" in export_replies.ended(found[0], delivered=None)
