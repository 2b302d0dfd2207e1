"""Content-addressed picture files, in a local folder or any S3-compatible service, through obstore.

An object's key is the SHA-256 of its bytes, so that storing is idempotent and reading detects damage.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, S3Store

from engine.contract.errors import (
    PictureCorrupt,
    PictureStoreUnavailable,
    SettingsInvalid,
    StorageFull,
    StoreUnavailable,
)
from engine.contract.store_faults import StoreFault
from engine.store.file_copies import copy_checked, key_from_bytes, write_whole

if TYPE_CHECKING:
    from obstore.store import RetryConfig

Result = TypeVar("Result")

# ENOSPC, EDQUOT and EFBIG in the operating system's message, and what services answer; obstore has no exception
# classes for them.
_FULL = re.compile(r"\(os error (28|122|27)\)|507 Insufficient Storage|StorageFull|QuotaExceeded")
# The first that is found in the error's text.
_FAULTS: Mapping[str, StoreFault] = MappingProxyType(
    {
        "NoSuchBucket": StoreFault.NO_BUCKET,
        "InvalidAccessKeyId": StoreFault.WRONG_KEY,
        "SignatureDoesNotMatch": StoreFault.WRONG_KEY,
        "InvalidToken": StoreFault.WRONG_KEY,
        "ExpiredToken": StoreFault.WRONG_KEY,
        "169.254.169.254": StoreFault.NO_CREDENTIALS,
        "401 Unauthorized": StoreFault.WRONG_KEY,
        "403 Forbidden": StoreFault.FORBIDDEN,
        "(os error 13)": StoreFault.FORBIDDEN,
        "(os error 30)": StoreFault.FORBIDDEN,
        "HTTP error": StoreFault.UNREACHABLE,
    }
)
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_HOST = re.compile(r"https?://[^/\s]+")
_PROBE = b"easel"
# No result has it: the probe is deleted without asking whose it is.
_PROBE_SUFFIX = ".probe"
_IGNORES_CONDITION = PictureStoreUnavailable(fault=StoreFault.OVERWRITES, cause="If-None-Match is ignored")
# Of a start that waits for the store; one that takes longer is checked while the service runs.
_START_LIMIT = timedelta(seconds=5)

# Whoever calls retries for as long as it can wait; obstore alone would retry for three minutes.
_RETRIES: RetryConfig = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}


class Objects:
    """Immutable objects stored under the hash of their content; hashing and I/O run in other threads.

    problem: why the store could not be used at the last check; None while it can.
    num_failures: how often it could not be used.
    """

    def __init__(self, store: ObjectStore, *, plain: ObjectStore | None = None) -> None:
        """`plain` is used instead once `store` turns out to be at a plain-HTTP address."""
        self.store, self._plain = store, plain
        self.problem: StoreUnavailable | None = None
        self._creates_only = False
        self.num_failures = 0

    async def require_creating_only(self) -> None:
        """Return unless the store overwrites what it is told to create only; also if it does not answer for now.

        Raises: PictureStoreUnavailable.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_START_LIMIT.total_seconds()):
                await self.check()
        if self.problem is _IGNORES_CONDITION:
            raise self.problem

    async def check(self) -> None:
        """Store a few bytes, always the same, to set `problem`; a local folder does not keep them.

        Until the store has once refused to create them again, it is asked to: some overwrite instead, without a word.
        """
        try:
            key = await self.put(_PROBE, _PROBE_SUFFIX)
            if isinstance(self.store, LocalStore):
                with suppress(BaseError, OSError):
                    await self.store.delete_async(key)
            elif not self._creates_only:
                self._creates_only = await self._refuses_again(key)
        except StoreUnavailable as error:
            self.problem = error
        else:
            self.problem = None if self._creates_only or isinstance(self.store, LocalStore) else _IGNORES_CONDITION

    async def put(self, data: bytes, suffix: str) -> str:
        """Store `data` and return its key; atomic, and idempotent.

        suffix: file extension with its dot, such as ".png".

        Raises: StorageFull when the disk is full, PictureStoreUnavailable when the store cannot be used.
        """
        key = await asyncio.to_thread(key_from_bytes, data, suffix)
        try:
            await self._ask(lambda store: store.put_async(key, data))
        except (BaseError, OSError) as error:
            raise self._failed(error) from error
        return key

    async def get(self, key: str) -> bytes:
        """Return the bytes under `key`, checked against their hash.

        Raises: PictureCorrupt when they are missing or altered, PictureStoreUnavailable when the store cannot be used.
        """
        try:
            answer = await self._ask(lambda store: store.get_async(key))
            data = bytes(await answer.bytes_async())
        except (BaseError, OSError) as error:
            # A missing bucket is a missing object, too.
            if isinstance(error, NotFoundError | FileNotFoundError) and "NoSuchBucket" not in str(error):
                raise PictureCorrupt(key=key, cause="missing") from error
            raise self._failed(error) from error
        if key != await asyncio.to_thread(key_from_bytes, data, Path(key).suffix):
            raise PictureCorrupt(key=key, cause="altered")
        return data

    async def copy(self, key: str, path: Path) -> None:
        """Make a file of the bytes under `key`, checked against their hash; its folder is made as well.

        Raises: as `get`, and OSError when the file cannot be written.
        """
        if not isinstance(self.store, LocalStore):
            await asyncio.to_thread(write_whole, path, await self.get(key))
            return
        source = Path(self.store.prefix or "/") / key
        try:
            file = await asyncio.to_thread(source.open, "rb", buffering=0)
        except FileNotFoundError as error:
            await self._require_folder()
            raise PictureCorrupt(key=key, cause="missing") from error
        except OSError as error:
            raise self._failed(error) from error
        with file:
            if not await asyncio.to_thread(copy_checked, file, path, key):
                raise PictureCorrupt(key=key, cause="altered")

    async def delete(self, key: str) -> None:
        """Delete the object; a missing one is as good as deleted.

        Raises: PictureStoreUnavailable when the store cannot be used, such as one whose bucket or folder is missing.
        """
        try:
            await self._ask(lambda store: store.delete_async(key))
        except (BaseError, OSError) as error:
            # A missing bucket or folder says the same; listing tells them apart.
            if not isinstance(error, NotFoundError | FileNotFoundError):
                raise self._failed(error) from error
            await self.find([key])

    async def size_of(self, key: str) -> int:
        """Return the size of the object in bytes, 0 for one that is missing.

        Raises: PictureStoreUnavailable.
        """
        try:
            return int((await self._ask(lambda store: store.head_async(key)))["size"])
        except (NotFoundError, FileNotFoundError):
            return 0
        except (BaseError, OSError) as error:
            raise self._failed(error) from error

    async def find(self, keys: Collection[str]) -> frozenset[str]:
        """Return those of the keys that the store lists.

        Raises: PictureStoreUnavailable when the store cannot be used, such as one whose bucket or folder is missing.
        """
        found = set[str]()
        for folder in {key.rpartition("/")[0] for key in keys}:
            try:
                listed = await self._ask(partial(_list_paths, folder))
            except (BaseError, OSError) as error:
                raise self._failed(error) from error
            found |= listed
        return frozenset(found.intersection(keys))

    def _failed(self, error: Exception) -> StoreUnavailable:
        self.num_failures += 1
        return _unavailable(error)

    async def _ask(self, ask: Callable[[ObjectStore], Awaitable[Result]]) -> Result:
        await self._require_folder()
        try:
            return await ask(self.store)
        except BaseError as error:
            if self._plain is None or "BadScheme" not in str(error):
                raise
            self.store = self._plain
        return await ask(self.store)

    async def _refuses_again(self, key: str) -> bool:
        """Return whether the store refuses to create what is there, be it because it cannot create only."""
        try:
            await self._ask(lambda store: store.put_async(key, _PROBE, mode="create"))
        except AlreadyExistsError:
            return True
        except (BaseError, OSError) as error:
            if "501 Not Implemented" in str(error):
                return True
            raise _unavailable(error) from error
        return False

    async def _require_folder(self) -> None:
        folder = self.store.prefix if isinstance(self.store, LocalStore) else None
        # The store would make it anew, on another disk than the one that was mounted there.
        if folder is not None and not await asyncio.to_thread(folder.is_dir):
            raise PictureStoreUnavailable(fault=StoreFault.NO_FOLDER, cause=str(folder))


def open_objects(url: str, **options: Any) -> Objects:
    """Return the picture store at `url`: `file:///folder`, created if needed, or `s3://bucket/prefix`.

    options: for S3, obstore's options such as `endpoint` and `region`; the usual AWS variables provide the rest, and
        AWS_ENDPOINT_URL may be a plain-HTTP address.

    Raises: SettingsInvalid for any other URL, and for a folder that cannot be made; StorageFull on a full disk.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path:
        return Objects(_open_folder(Path(unquote(parts.path))))
    if parts.scheme == "s3" and parts.netloc:
        # The scheme of the endpoint says whether it is plain HTTP; whoever writes http:// means it.
        # Not at first: with any client options of ours, obstore ignores those of the environment, such as a proxy.
        plain = S3Store.from_url(url, client_options={"allow_http": True}, retry_config=_RETRIES, **options)
        return Objects(S3Store.from_url(url, retry_config=_RETRIES, **options), plain=plain)
    raise SettingsInvalid(problems=(f"EASEL_STORAGE_URL must be file:///folder or s3://bucket/prefix, not {url!r}.",))


def _open_folder(path: Path) -> LocalStore:
    try:
        return LocalStore(path, mkdir=True)
    except (BaseError, OSError) as error:
        if _FULL.search(str(error)):
            raise StorageFull(path=str(path)) from error
        problem = f"EASEL_STORAGE_URL: cannot use the folder {path} ({error}). Choose another, or make it yourself."
        raise SettingsInvalid(problems=(problem,)) from error


async def _list_paths(prefix: str, store: ObjectStore) -> set[str]:
    return {entry["path"] for entry in await store.list(prefix).collect_async()}


def _unavailable(error: Exception) -> StoreUnavailable:
    """Return what the error of obstore says about the store."""
    text = str(error)
    if _FULL.search(text):
        return StorageFull(place="pictures")
    fault = next((fault for word, fault in _FAULTS.items() if word in text), StoreFault.BROKEN)
    said = _CODE.search(text) or _HOST.search(text)
    return PictureStoreUnavailable(fault=fault, cause=said.group(said.lastindex or 0) if said else type(error).__name__)


def problem_of(objects: Objects) -> str | None:
    """Return why the picture store could not be used at the last check, in a few words, or None when it could."""
    match objects.problem:
        case None:
            return None
        case PictureStoreUnavailable(fault=fault, cause=cause):
            return f"the picture store {fault} ({cause})"
        case StorageFull():
            return "the picture store is full"
        case error:
            return f"the picture store is not available ({error})"
