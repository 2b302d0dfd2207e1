"""Content-addressed picture files, in a local folder or any S3-compatible service, through obstore.

An object's key is the SHA-256 of its bytes, so that storing is idempotent and reading detects damage.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, S3Store

from engine.contract.errors import PictureCorrupt, SettingsInvalid, StorageFull, StoreUnavailable

# ENOSPC, EDQUOT and EFBIG in the operating system's message; obstore has no exception classes for them.
_FULL = re.compile(r"\(os error (28|122|27)\)")


class Objects:
    """Immutable objects stored under the hash of their content; hashing and I/O run in other threads."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    async def put(self, data: bytes, suffix: str) -> str:
        """Store `data` and return its key; atomic, and idempotent.

        suffix: file extension with its dot, such as ".png".

        Raises: StorageFull when the disk is full, StoreUnavailable when the store cannot be reached.
        """
        key = await asyncio.to_thread(key_from_bytes, data, suffix)
        try:
            await self.store.put_async(key, data)
        except (BaseError, OSError) as error:
            if _FULL.search(str(error)):
                raise StorageFull(key=key) from error
            raise StoreUnavailable(cause=type(error).__name__, key=key) from error
        return key

    async def get(self, key: str) -> bytes:
        """Return the bytes under `key`, checked against their hash.

        Raises: PictureCorrupt when they are missing or altered, StoreUnavailable when the store cannot be reached.
        """
        try:
            data = bytes(await (await self.store.get_async(key)).bytes_async())
        except (NotFoundError, FileNotFoundError) as error:
            raise PictureCorrupt(key=key, cause="missing") from error
        except (BaseError, OSError) as error:
            raise StoreUnavailable(cause=type(error).__name__, key=key) from error
        if key != await asyncio.to_thread(key_from_bytes, data, Path(key).suffix):
            raise PictureCorrupt(key=key, cause="altered")
        return data


def open_objects(url: str, **options: Any) -> Objects:
    """Return the picture store at `url`: `file:///folder`, created if needed, or `s3://bucket/prefix`.

    options: for S3, obstore's options such as `endpoint` and `region`; the usual AWS variables provide the rest.

    Raises: SettingsInvalid for any other URL.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path:
        return Objects(LocalStore(Path(unquote(parts.path)), mkdir=True))
    if parts.scheme == "s3" and parts.netloc:
        # Plain HTTP only if the operator asked for it, as for a service on the same machine.
        plain = str(options.get("endpoint", "")).startswith("http://")
        return Objects(S3Store.from_url(url, client_options={"allow_http": plain} if plain else None, **options))
    raise SettingsInvalid(problems=(f"EASEL_STORAGE_URL must be file:///folder or s3://bucket/prefix, not {url!r}.",))


def key_from_bytes(data: bytes, suffix: str) -> str:
    """Return the key of `data`: two levels of folders from its SHA-256, then the hash and the extension."""
    digest = hashlib.sha256(data).hexdigest()
    return f"{digest[:2]}/{digest[2:4]}/{digest}{suffix}"
