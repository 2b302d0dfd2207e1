"""What an export leaves, and what it meets: another one, one that was killed, and a disk that fills half way."""

from __future__ import annotations

import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.members import read_publishing_ids
from engine.contract.errors import SettingsInvalid, StorageFull
from engine.contract.feedback import Consent, Verb
from engine.feedback.exports import FORMATS
from engine.feedback.exports.request import ExportRefused, Refusal, Restart
from engine.feedback.exports.staging import atomic_folder, left_over
from engine.store.database import Database
from engine.store.file_copies import key_from_bytes
from engine.store.objects import Objects
from tests.engine.feedback.exports.community import SmallCommunity, request_to

PUBLISHED = [name for name, one in FORMATS.items() if one.is_filtered]


@pytest.fixture
async def community(database: Database, objects: Objects) -> AsyncIterator[SmallCommunity]:
    """A member who agreed and judged two pictures in every way."""
    community = SmallCommunity(database=database, objects=objects)
    agreed = await community.join(Consent.PUBLISH)
    painted = await community.paint(agreed, "a cat")
    await community.press(painted, 0, agreed, Verb.RATE, 4)
    await community.press(painted, 1, agreed, Verb.RATE, 1)
    await community.press(painted, 0, agreed, Verb.UPSCALE)
    yield community


async def test_two_exports_to_one_folder_are_refused(community: SmallCommunity, tmp_path: Path) -> None:
    """At once, by name, and the first one is left alone; one to another folder beside it is not."""
    folder = tmp_path / "all" / "out"
    async with atomic_folder(folder) as staging:
        (staging.folder / "begun").write_text("kept")
        for name in FORMATS:
            with pytest.raises(SettingsInvalid, match="Another export is writing to"):
                await FORMATS[name].export(community.database, community.objects, request_to(folder))
        other = request_to(folder.with_name("other"))
        await FORMATS["kto"].export(community.database, community.objects, other)
        assert (staging.folder / "begun").read_text() == "kept"
    assert sorted(path.name for path in folder.parent.iterdir()) == ["other", "out"]
    assert [path.name for path in folder.iterdir()] == ["begun"]


@pytest.mark.parametrize("name", ["raw", "kto", "release"])
async def test_an_export_after_a_killed_one_says_that_it_starts_anew(
    community: SmallCommunity, tmp_path: Path, name: str
) -> None:
    left = tmp_path / "all" / ".out.easel-export-"
    (left / "data").mkdir(parents=True)
    (left / "data" / "half.parquet").write_bytes(b"half")
    told = list[Restart]()
    request = request_to(tmp_path / "all" / "out", restarted=told.append)
    await FORMATS[name].export(community.database, community.objects, request)
    assert told == [Restart.PICTURES if name == "raw" else Restart.NOTHING]
    assert not list((tmp_path / "all" / "out").rglob("half.parquet"))
    assert [path.name for path in (tmp_path / "all").iterdir()] == ["out"]


async def test_pictures_that_a_killed_raw_export_had_copied_are_not_copied_again(
    community: SmallCommunity, tmp_path: Path
) -> None:
    """However often it was killed. Those that are damaged are, and those that are not wanted any more are not kept."""
    painted = await community.paint(await community.join(Consent.PUBLISH), "a dog", num_pictures=4)
    keys = [picture.object_key for picture in painted.pictures]
    staging = tmp_path / "all" / ".out.easel-export-"
    for folder, key, data in (
        (staging / "pictures", keys[0], await community.objects.get(keys[0])),
        (left_over(staging / "pictures"), keys[1], await community.objects.get(keys[1])),
        (staging / "pictures", keys[2], b"half"),
        (staging / "pictures", key_from_bytes(b"erased", ".png"), b"erased"),
    ):
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(data)
    copied = list[str]()

    class CountedObjects(Objects):
        async def copy(self, key: str, path: Path) -> None:
            copied.append(key)
            await super().copy(key, path)

    out = tmp_path / "all" / "out"
    await FORMATS["raw"].export(community.database, CountedObjects(community.objects.store), request_to(out))
    assert not {*keys[:2]} & {*copied} and {*keys[2:]} <= {*copied}
    found = {path.relative_to(out / "pictures").as_posix(): path for path in out.rglob("*.png")}
    assert found.keys() == {*keys[:2], *copied}
    assert all([path.read_bytes() == await community.objects.get(key) for key, path in found.items()])
    assert [path.name for path in (tmp_path / "all").iterdir()] == ["out"]
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("name", [*PUBLISHED, "raw"])
async def test_a_disk_that_fills_half_way_leaves_nothing(community: SmallCommunity, tmp_path: Path, name: str) -> None:
    """No file under its final name, and none beside it."""
    folder = tmp_path / "all" / "out"
    (tmp_path / "all").mkdir()
    with _files_of_at_most(60), pytest.raises(StorageFull):
        await FORMATS[name].export(community.database, community.objects, request_to(folder))
    assert not list((tmp_path / "all").iterdir())


@pytest.mark.parametrize("name", PUBLISHED)
async def test_consent_that_is_withdrawn_meanwhile_discards_the_export(
    community: SmallCommunity, tmp_path: Path, name: str
) -> None:
    """Whatever it is that the member did for it; nothing is left."""
    members = list[UUID]()

    async def withdrawn_after(connection: AsyncConnection) -> set[UUID]:
        members.extend(publishers := await read_publishing_ids(connection))
        for member in publishers:
            await community.agree(member, Consent.TRAIN)
        return publishers

    request = request_to(tmp_path / "all" / "out", read_publishers=withdrawn_after)
    with pytest.raises(ExportRefused) as raised:
        await FORMATS[name].export(community.database, community.objects, request)
    assert raised.value.reason is Refusal.WITHDRAWN and len(members) == 1
    assert not list((tmp_path / "all").iterdir())


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond the size, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
