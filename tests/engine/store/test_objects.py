"""Pictures are stored by content: idempotent, verified when read, and clear about a full disk."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from aiohttp import web
from obstore.exceptions import GenericError
from obstore.store import MemoryStore

from engine.contract.errors import PictureCorrupt, SettingsInvalid, StorageFull, StoreUnavailable
from engine.store.objects import Objects, key_from_bytes, open_objects
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


async def test_s3_is_spoken() -> None:
    """An `s3://` URL reads and writes through the S3 protocol, under its prefix."""
    kept: dict[str, bytes] = {}

    async def put(request: web.Request) -> web.Response:
        kept[request.path] = await request.read()
        return web.Response(headers={"ETag": '"1"'})

    async def get(request: web.Request) -> web.Response:
        headers = {"ETag": '"1"', "Last-Modified": "Fri, 02 Jan 2026 00:00:00 GMT"}
        return web.Response(body=kept[request.path], headers=headers)

    application = web.Application()
    application.router.add_put("/{path:.*}", put)
    application.router.add_get("/{path:.*}", get)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        objects = open_objects(
            "s3://bucket/prefix",
            endpoint=f"http://127.0.0.1:{runner.addresses[0][1]}",
            region="local",
            access_key_id="key",
            secret_access_key="secret",
        )
        key = await objects.put(b"picture", ".png")
        assert await objects.get(key) == b"picture"
        assert list(kept) == [f"/bucket/prefix/{key}"]
    finally:
        await runner.cleanup()


async def test_unreachable_store_is_said() -> None:
    """A store that cannot be reached is an error to try again after."""
    objects = open_objects(
        "s3://bucket",
        endpoint="http://127.0.0.1:1",
        region="local",
        access_key_id="key",
        secret_access_key="secret",
    )
    with pytest.raises(StoreUnavailable):
        await objects.get("ab/cd/abcd.png")


@pytest.mark.parametrize("url", ["", "/pictures", "file://host/pictures", "s3://", "gs://bucket"])
def test_other_addresses_are_refused(url: str) -> None:
    """A URL that is neither a folder nor S3 raises SettingsInvalid with what to write instead."""
    with pytest.raises(SettingsInvalid) as caught:
        open_objects(url)
    assert "EASEL_STORAGE_URL" in caught.value.problems[0]
