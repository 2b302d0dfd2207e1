"""Pictures are stored by content: idempotent, verified when read, and clear about a full disk."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from obstore.exceptions import GenericError
from obstore.store import MemoryStore

from easel.doctor.checks import check_storage
from easel.errors import sentence_from_error
from engine.contract.errors import PictureCorrupt, PictureStoreUnavailable, SettingsInvalid, StorageFull
from engine.contract.store_faults import StoreFault
from engine.store.file_copies import key_from_bytes
from engine.store.objects import Objects, open_objects, problem_of
from tests.s3_server import OnCreate, open_s3
from tests.threads import threads_calling

_PUT_TOO_MUCH = """
import asyncio, resource, sys
from engine.contract.errors import StorageFull
from engine.store.objects import open_objects
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    asyncio.run(open_objects(sys.argv[1]).put(bytes(100_000), ".png"))
except StorageFull:
    sys.exit(7)
"""


class _FullStore(MemoryStore):
    """A store whose disk is full, with the words obstore was seen to use for it."""

    async def put_async(self, *args: object, **options: object) -> None:  # type: ignore[override]
        raise GenericError("Generic LocalFileSystem error: Unable to copy data: No space left on device (os error 28)")


async def test_stored_bytes_come_back(objects: Objects) -> None:
    """Stored bytes are read back, under a key with two folder levels and the given suffix."""
    key = await objects.put(b"picture", ".png")
    assert key == key_from_bytes(b"picture", ".png")
    assert key.count("/") == 2
    assert await objects.get(key) == b"picture"


async def test_storing_twice_keeps_one(objects: Objects, tmp_path: Path) -> None:
    """The same bytes have one key and one file, even when stored concurrently."""
    keys = await asyncio.gather(*(objects.put(b"picture" * 1000, ".png") for _ in range(8)))
    assert len(set(keys)) == 1
    assert len([path for path in (tmp_path / "pictures").rglob("*") if path.is_file()]) == 1


async def test_damage_is_noticed(objects: Objects, tmp_path: Path) -> None:
    """Altered or missing bytes raise PictureCorrupt, and storing the picture again repairs it."""
    key = await objects.put(b"picture", ".png")
    (tmp_path / "pictures" / key).write_bytes(b"pictura")
    with pytest.raises(PictureCorrupt):
        await objects.get(key)
    await objects.put(b"picture", ".png")
    assert await objects.get(key) == b"picture"
    (tmp_path / "pictures" / key).unlink()
    with pytest.raises(PictureCorrupt):
        await objects.get(key)


async def test_hashing_is_not_the_event_loops_work(objects: Objects) -> None:
    """Hashing runs in other threads, for writes and reads."""
    with threads_calling(key_from_bytes) as names:
        await objects.get(await objects.put(b"picture", ".png"))
    assert names and threading.current_thread().name not in names


async def test_full_disk_is_said() -> None:
    """A full disk raises StorageFull."""
    with pytest.raises(StorageFull):
        await Objects(_FullStore()).put(b"picture", ".png")


def test_file_that_may_not_grow_is_said(storage_url: str) -> None:
    """A real file size limit raises the same error."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    done = subprocess.run([sys.executable, "-c", _PUT_TOO_MUCH, storage_url], check=False, capture_output=True)
    assert done.returncode == 7, done.stderr.decode()


def _s3_at(url: str) -> Objects:
    return open_objects("s3://bucket/prefix", endpoint=url, region="local", access_key_id="k", secret_access_key="s")


async def test_s3_is_spoken() -> None:
    """An `s3://` URL reads and writes through the S3 protocol, under its prefix."""
    async with open_s3() as server:
        objects = _s3_at(server.url)
        key = await objects.put(b"picture", ".png")
        assert await objects.get(key) == b"picture"
        assert list(server.kept) == [f"/bucket/prefix/{key}"]
        with pytest.raises(PictureCorrupt):
            await objects.get(key_from_bytes(b"other", ".png"))


@pytest.mark.parametrize("place", ["folder", "s3"])
async def test_a_copy_is_whole_or_not_there(place: str, storage_url: str, tmp_path: Path) -> None:
    """Also when it is made twice at once; of what is altered or missing there is none, nor anything beside it."""
    async with open_s3() as server:
        objects = _s3_at(server.url) if place == "s3" else open_objects(storage_url)
        data = bytes(range(256)) * (10_000 if place == "folder" else 1000)
        key, other = await objects.put(data, ".png"), key_from_bytes(b"other", ".png")
        await asyncio.gather(*(objects.copy(key, tmp_path / "copies" / "a") for _ in range(3)))
        assert (tmp_path / "copies" / "a").read_bytes() == data
        if place == "s3":
            server.kept[f"/bucket/prefix/{key}"] = data[:-1]
        else:
            (tmp_path / "pictures" / key).write_bytes(data[:-1])
        for damaged in (key, other):
            with pytest.raises(PictureCorrupt):
                await objects.copy(damaged, tmp_path / "copies" / "b")
        assert [path.name for path in (tmp_path / "copies").iterdir()] == ["a"]


@pytest.mark.parametrize("place", ["folder", "s3"])
async def test_what_is_deleted_is_listed_no_more(place: str, storage_url: str) -> None:
    """Key by key; a missing one holds nothing up."""
    async with open_s3() as server:
        objects = _s3_at(server.url) if place == "s3" else open_objects(storage_url)
        kept, gone = [await objects.put(data, ".png") for data in (b"kept", b"gone")]
        assert await objects.find([kept, gone]) == {kept, gone}
        for _ in range(2):
            await objects.delete(gone)
        assert await objects.find([kept, gone]) == {kept}
        assert await objects.get(kept) == b"kept"


async def test_s3_at_a_plain_http_address_takes_one_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the key, AWS_ENDPOINT_URL is all that a MinIO at home needs."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    async with open_s3() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        objects = open_objects("s3://bucket")
        assert await objects.get(await objects.put(b"picture", ".png")) == b"picture"
        found = await check_storage("s3://bucket")
        assert (found.found, found.fix) == (f"s3://bucket at {server.url}, over plain HTTP", None)
        server.on_create = "overwrite"
        assert "Update the service" in ((await check_storage("s3://bucket")).fix or "")


async def test_a_proxy_for_s3_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's options for the connection count: here the endpoint is reached only through the proxy."""
    async with open_s3() as server:
        monkeypatch.setenv("AWS_PROXY_URL", server.url)
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        await _s3_at("http://minio.invalid").put(b"picture", ".png")
        assert len(server.kept) == 1


@pytest.mark.parametrize(
    ("refusal", "fault", "fix"),
    [
        ("NoSuchBucket", StoreFault.NO_BUCKET, "Create the bucket"),
        ("InvalidAccessKeyId", StoreFault.WRONG_KEY, "AWS_ACCESS_KEY_ID"),
        ("SignatureDoesNotMatch", StoreFault.WRONG_KEY, "AWS_SECRET_ACCESS_KEY"),
        ("AccessDenied", StoreFault.FORBIDDEN, "Allow the key"),
        ("InternalError", StoreFault.BROKEN, "AWS_ENDPOINT_URL"),
    ],
)
async def test_a_refusal_of_s3_says_what_is_wrong(refusal: str, fault: StoreFault, fix: str) -> None:
    """All uses tell the same, also where a missing bucket looks like a missing picture; so does doctor."""
    async with open_s3() as server:
        server.refusal, objects = refusal, _s3_at(server.url)
        key = key_from_bytes(b"picture", ".png")
        for work in (objects.put(b"picture", ".png"), objects.get(key), objects.delete(key), objects.find([key])):
            with pytest.raises(PictureStoreUnavailable) as refused:
                await work
            assert (refused.value.fault, refused.value.cause) == (fault, refusal)
            assert str(refused.value) == f"fault='{fault}', cause='{refusal}'"
        assert fix in sentence_from_error(refused.value)
        await objects.check()
        assert problem_of(objects) == f"the picture store {fault} ({refusal})"
        server.refusal = None
        await objects.check()
        assert problem_of(objects) is None


@pytest.mark.parametrize("on_create", ["refuse", "overwrite", "unknown"])
async def test_an_s3_that_overwrites_in_spite_of_create_only_is_refused(on_create: OnCreate) -> None:
    """At the start, and later by a store that did not answer then; one that says that it cannot is taken."""
    async with open_s3() as server:
        server.on_create, server.refusal = on_create, "InternalError"
        objects = _s3_at(server.url)
        await objects.require_creating_only()
        server.refusal = None
        await objects.check()
        if on_create == "overwrite":
            with pytest.raises(PictureStoreUnavailable) as refused:
                await objects.require_creating_only()
            assert "Update the service" in sentence_from_error(refused.value)
            found = "the picture store overwrites files that it is told to create only (If-None-Match is ignored)"
            assert problem_of(objects) == found
            server.on_create = "refuse"
        await objects.require_creating_only()
        assert problem_of(objects) is None


async def test_a_full_s3_is_said() -> None:
    async with open_s3() as server:
        server.refusal = "XMinioStorageFull"
        with pytest.raises(StorageFull):
            await _s3_at(server.url).put(b"picture", ".png")


async def test_checking_a_folder_leaves_no_file(objects: Objects, tmp_path: Path) -> None:
    await objects.check()
    assert objects.problem is None
    assert [path for path in (tmp_path / "pictures").rglob("*") if path.is_file()] == []


async def test_a_folder_that_is_gone_is_no_empty_store(objects: Objects, tmp_path: Path) -> None:
    """As that of a disk which is not mounted: nothing in it is lost, and nothing is written where it was."""
    key, folder = await objects.put(b"picture", ".png"), tmp_path / "pictures"
    folder.rename(tmp_path / "away")
    for work in (objects.put(b"picture", ".png"), objects.get(key), objects.delete(key), objects.find([key])):
        with pytest.raises(PictureStoreUnavailable) as refused:
            await work
        assert (refused.value.fault, refused.value.cause) == (StoreFault.NO_FOLDER, str(folder))
    assert "Mount its disk again" in sentence_from_error(refused.value)
    await objects.check()
    assert problem_of(objects) == f"the picture store has lost its folder ({folder})" and not folder.exists()
    assert (await check_storage(folder.as_uri(), is_used=True)).fix == sentence_from_error(refused.value)
    (tmp_path / "away").rename(folder)
    await objects.check()
    assert problem_of(objects) is None and await objects.get(key) == b"picture"
    assert await objects.find([key]) == {key}


async def test_unreachable_store_is_said() -> None:
    """A store that cannot be reached is an error to try again after."""
    objects = _s3_at("http://127.0.0.1:1")
    with pytest.raises(PictureStoreUnavailable) as refused:
        await objects.get("ab/cd/abcd.png")
    assert (refused.value.fault, refused.value.cause) == (StoreFault.UNREACHABLE, "http://127.0.0.1:1")


@pytest.mark.parametrize("url", ["", "/pictures", "file://host/pictures", "s3://", "gs://bucket"])
def test_other_addresses_are_refused(url: str) -> None:
    """A URL that is neither a folder nor S3 raises SettingsInvalid with what to write instead."""
    with pytest.raises(SettingsInvalid) as caught:
        open_objects(url)
    assert "EASEL_STORAGE_URL" in caught.value.problems[0]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A file in the way of the folder raises SettingsInvalid with the folder and what to do."""
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "pictures"):
        with pytest.raises(SettingsInvalid) as caught:
            open_objects(folder.as_uri())
        assert f"cannot use the folder {folder}" in caught.value.problems[0]
        assert "Choose another" in caught.value.problems[0]
