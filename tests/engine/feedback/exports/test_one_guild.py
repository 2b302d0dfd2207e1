"""An export of one server: nothing of another one is in it, nor of direct messages."""

from __future__ import annotations

import dataclasses
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.store.members import read_publishing_ids_in
from engine.contract.feedback import Consent, Verb
from engine.feedback.exports import FORMATS
from engine.feedback.exports.request import ExportRefused, ExportRequest, Refusal
from engine.store.database import Database
from engine.store.objects import Objects
from tests.engine.feedback.exports.community import Painted, SmallCommunity, all_bytes_of, request_to, rows_of

HERE, ELSEWHERE = 77, 78


@pytest.fixture
def community(database: Database, objects: Objects) -> SmallCommunity:
    return SmallCommunity(database=database, objects=objects)


def of_guild(folder: Path, guild_id: int = HERE) -> ExportRequest:
    """Return a request for what belongs to the server."""
    return request_to(folder, guild_id=guild_id, read_publishers=partial(read_publishing_ids_in, guild_id=guild_id))


async def paint_everywhere(community: SmallCommunity) -> dict[str, Painted]:
    """Let two members who agree paint and choose here, elsewhere, and here from what was painted elsewhere."""
    agreed, other = [await community.join(Consent.PUBLISH) for _ in range(2)]
    painted = dict[str, Painted]()
    for name, guild, parent in (
        ("here", HERE, None), ("elsewhere", ELSEWHERE, None), ("private", None, None),
        ("derived", HERE, "elsewhere"), ("reported", HERE, None),
    ):  # fmt: skip
        community.guild_id = guild
        painted[name] = await community.paint(agreed, name, parent=painted.get(parent or ""))
        await community.press(painted[name], 0, agreed)
    # Pressed elsewhere on what was painted here.
    community.guild_id = ELSEWHERE
    await community.press(painted["here"], 1, other)
    community.guild_id = None
    await community.press(painted["reported"], 0, other, Verb.REPORT)
    return painted


async def test_preferences_are_those_of_the_server(community: SmallCommunity, tmp_path: Path) -> None:
    """A report counts wherever it was made, and what goes back to another server is not of this one."""
    await paint_everywhere(community)
    exported = await FORMATS["pickapic"].export(community.database, community.objects, of_guild(tmp_path / "out"))
    assert exported.counts == {"pairs": 1}
    (row,) = rows_of(tmp_path / "out")["train"]
    assert row["caption"] == "here" and len({row["user_id"]}) == 1
    assert not [word for word in (b"elsewhere", b"private", b"derived") if word in all_bytes_of(tmp_path / "out")]
    pictures = await FORMATS["diffusiondb"].export(community.database, community.objects, of_guild(tmp_path / "all"))
    # Of the reported one, the other picture is left.
    assert pictures.counts == {"pictures": 3}


async def test_no_file_is_named_by_where_it_was_made(community: SmallCommunity, tmp_path: Path) -> None:
    """Because the folder is packed and read elsewhere."""
    await paint_everywhere(community)
    request = dataclasses.replace(of_guild(tmp_path / "out"), is_moved=True)
    await FORMATS["hpd3"].export(community.database, community.objects, request)
    assert str(tmp_path) not in (tmp_path / "out" / "train.json").read_text()
    paths = [row["path1"] for row in json.loads((tmp_path / "out" / "train.json").read_text())]
    assert paths and all((tmp_path / "out" / path).is_file() for path in paths)


async def test_raw_is_that_of_the_server(community: SmallCommunity, tmp_path: Path) -> None:
    """Jobs, pictures, impressions and presses; the reported one is there, as it is in every raw export."""
    await paint_everywhere(community)
    exported = await FORMATS["raw"].export(community.database, community.objects, of_guild(tmp_path / "out"))
    assert exported.counts == {"jobs": 2, "pictures": 4, "impressions": 2, "events": 2}
    assert {job["spec"]["prompt"] for job in _lines(tmp_path / "out", "jobs")} == {"here", "reported"}


async def test_nobody_in_a_server_has_agreed(community: SmallCommunity, tmp_path: Path) -> None:
    """Although somebody elsewhere has."""
    await paint_everywhere(community)
    community.guild_id = 79
    unasked = await community.join(Consent.USE)
    await community.press(await community.paint(unasked, "a cat"), 0, unasked)
    for name in ("pickapic", "raw"):
        with pytest.raises(ExportRefused) as raised:
            await FORMATS[name].export(community.database, community.objects, of_guild(tmp_path / name, 79))
        assert raised.value.reason is Refusal.NOBODY_AGREED


def _lines(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
