"""An export that was killed goes on where it was: with what it had finished while the log is the same, else anew."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from engine.contract.feedback import Consent, Verb
from engine.feedback.exports import FORMATS, parquet, webdataset
from engine.feedback.exports.request import Restart
from engine.store.database import Database
from engine.store.objects import Objects
from tests.engine.feedback.exports.community import SmallCommunity, request_to

PUBLISHED = [name for name, one in FORMATS.items() if one.is_filtered]
OF_SHARDS = ("pickapic", "webdataset")


@dataclass
class _Community(SmallCommunity):
    """Several prompts with every kind of label, and one of whose pictures is damaged."""

    agreed: UUID = field(default=UUID(int=0))

    async def fill(self) -> None:
        self.agreed = await self.join(Consent.PUBLISH)
        for number in range(9):
            painted = await self.paint(self.agreed, f"a cat and {number} dogs", num_pictures=3)
            for slot, value in ((0, 4), (1, 1), (2, 2)):
                await self.press(painted, slot, self.agreed, Verb.RATE, value)
            await self.press(painted, 0, self.agreed, Verb.UPSCALE)
        await self.objects.store.delete_async(painted.pictures[2].object_key)


class _CountedObjects(Objects):
    num_read = 0

    async def get(self, key: str) -> bytes:
        self.num_read += 1
        return await super().get(key)


@pytest.fixture
async def community(database: Database, objects: Objects, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[_Community]:
    """With shards of a few pictures each."""
    monkeypatch.setattr(parquet, "_GROUP_BYTES", 200)
    monkeypatch.setattr(parquet, "_SHARD_BYTES", 400)
    monkeypatch.setattr(webdataset, "_SHARD_BYTES", 400)
    community = _Community(database=database, objects=_CountedObjects(objects.store))
    await community.fill()
    yield community


@dataclass(frozen=True)
class _Run:
    """What an export became, what it told, and how many pictures it read; left: a copy of what it was half way."""

    files: Mapping[str, bytes]
    told: list[Restart]
    num_read: int
    left: Path


async def _run(community: _Community, name: str, place: Path, left: Path | None = None) -> _Run:
    """Export to `place`, beside what a killed export has `left`."""
    out, staging, copy = place / "out", place / ".out.easel-export-", place.with_name("half")
    shutil.rmtree(place, ignore_errors=True)
    if left is not None:
        shutil.copytree(left, staging)
    told = list[Restart]()

    def report(done: int, total: int) -> None:
        if left is None and done * 2 >= total and not copy.exists():
            shutil.copytree(staging, copy)

    objects = community.objects
    assert isinstance(objects, _CountedObjects)
    objects.num_read = 0
    await FORMATS[name].export(community.database, objects, request_to(out, report=report, restarted=told.append))
    return _Run(files=_files(out), told=told, num_read=objects.num_read, left=copy)


def _files(out: Path) -> Mapping[str, bytes]:
    """Return the files of an export, beside which nothing is left."""
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", PUBLISHED)
async def test_a_killed_export_goes_on_where_it_was(community: _Community, tmp_path: Path, name: str) -> None:
    """What it becomes is to the byte what it would have become, and pictures that are done are not read again."""
    whole = await _run(community, name, tmp_path / "all")
    resumed = await _run(community, name, tmp_path / "all", whole.left)
    assert resumed.files == whole.files and resumed.told == [Restart.FINISHED]
    assert resumed.num_read < whole.num_read or not whole.num_read
    await community.paint(community.agreed, "a horse", num_pictures=1)
    changed = await _run(community, name, tmp_path / "all", whole.left)
    assert changed.told == [Restart.PICTURES]
    assert changed.num_read < whole.num_read or name in {*OF_SHARDS, "prompts"}


@pytest.mark.parametrize("name", OF_SHARDS)
async def test_a_finished_shard_that_is_damaged_is_made_again(community: _Community, tmp_path: Path, name: str) -> None:
    """And so are those after it; rows that are not those of a shard make all of them anew."""
    whole = await _run(community, name, tmp_path / "all")
    finished = sorted(path for path in whole.left.rglob("train.*.*.*.*.*"))
    assert len(finished) > 1
    finished[1].write_bytes(finished[1].read_bytes()[:-1] + b"x")
    resumed = await _run(community, name, tmp_path / "all", whole.left)
    assert resumed.files == whole.files and resumed.told == [Restart.FINISHED]
    split, number, rows, size, order, digest = finished[0].name.split(".")
    finished[0].rename(finished[0].with_name(".".join([split, number, rows, size, order[::-1], digest])))
    differing = await _run(community, name, tmp_path / "all", whole.left)
    assert differing.files == whole.files and differing.told == [Restart.FINISHED, Restart.PICTURES]
