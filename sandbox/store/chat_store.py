"""Notes every change of the world and stores it, in batches that one thread writes."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog

from sandbox.state.world import World
from sandbox.store.chat_file import ChangeBatch, ChatFile, ChatUnreadable, Key, set_aside, start_anew
from sandbox.store.files import DiskFiles
from sandbox.store.restoring import KeptRecords, records_from_stored

RETRY_AFTER = timedelta(seconds=2)

_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class OpenedChat:
    """A chat that was opened and read. `kept`: None for a new one."""

    file: ChatFile
    kept: KeptRecords | None
    secret: bytes
    notice: str | None


class ChatStore:
    """Stores the changes of a world. `notice`: what became of a chat that could not be read, None if nothing did."""

    def __init__(self, opened: OpenedChat, thread: ThreadPoolExecutor) -> None:
        self.notice, self.secret = opened.notice, opened.secret
        self._file, self._kept, self._thread = opened.file, opened.kept, thread
        self._files = DiskFiles(opened.file, thread, self._note, opened.kept.files if opened.kept else {})
        self._world: World | None = None
        self._changed: dict[Key, object | None] = {}
        self._num_noted = self._num_stored = 0
        self._is_failing = False
        self._woken, self._stopped = asyncio.Event(), asyncio.Event()
        self._progress = asyncio.Condition()

    def attach(self, world: World) -> None:
        """Give the world what was stored, and store its changes from now on; a new chat is stored as it is."""
        self._world = world
        world.files = self._files
        if self._kept:
            self._kept.restore(world)
        world.on_change = self._note
        if not self._kept:
            for channel in world.channels.values():
                self._note(world.channels.name, channel.id, channel)

    def _note(self, kind: str, number: int, record: object | None) -> None:
        self._changed[kind, number] = record
        self._num_noted += 1
        self._woken.set()

    async def settled(self) -> None:
        """Return once every change up to now is stored, or cannot be stored at the moment."""
        wanted = self._num_noted
        async with self._progress:
            await self._progress.wait_for(lambda: self._num_stored >= wanted or self._is_failing)

    async def run(self) -> None:
        """Store changes as they come, until stopped, and then the last ones."""
        while not self._stopped.is_set():
            await self._woken.wait()
            self._woken.clear()
            await self.store()
            if self._is_failing:
                with suppress(TimeoutError):
                    async with asyncio.timeout(RETRY_AFTER.total_seconds()):
                        await self._stopped.wait()
                self._woken.set()
        await self.store()

    def stop(self) -> None:
        """Let `run` end."""
        self._stopped.set()
        self._woken.set()

    async def store(self) -> None:
        """Store every change up to now; those that cannot be stored are kept for the next time."""
        if self._world is None:
            return
        noted, records, unused = self._num_noted, self._changed, self._files.unused
        self._changed = {}
        files = dict(self._files.unwritten)
        batch = ChangeBatch(records=records, files=files, unused=unused, last_id=self._world.snowflakes.last)
        try:
            written = await asyncio.get_running_loop().run_in_executor(self._thread, self._file.write, batch)
        except (sqlite3.Error, OSError) as error:
            self._changed = records | self._changed
            if not self._is_failing:
                _log.warning("chat_not_stored", cause=str(error))
            self._is_failing = True
        else:
            self._num_stored, self._is_failing = noted, False
            self._files.note_written(written, unused)
        async with self._progress:
            self._progress.notify_all()


@asynccontextmanager
async def open_chat_store(folder: Path, *, is_fresh: bool) -> AsyncIterator[ChatStore]:
    """Open the chat in a folder, and store what has changed before it is closed.

    is_fresh: start anew; the chat that was there before goes to `.previous`.
    Raises: ChatInUse, OSError.
    """
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="chat-store") as thread:
        opened = await loop.run_in_executor(thread, partial(_open, folder, is_fresh=is_fresh))
        store = ChatStore(opened, thread)
        writing = asyncio.create_task(store.run())
        try:
            yield store
        finally:
            store.stop()
            await writing
            await loop.run_in_executor(thread, opened.file.close)


def _open(folder: Path, *, is_fresh: bool) -> OpenedChat:
    if is_fresh:
        start_anew(folder)
    try:
        return _read(folder, None)
    except ChatUnreadable as error:
        kept = set_aside(folder)
        return _read(folder, f"The chat could not be read: {error.reason}. It is kept in {kept}, and a new one begins.")


def _read(folder: Path, notice: str | None) -> OpenedChat:
    file = ChatFile(folder)
    try:
        stored = file.read()
        kept = records_from_stored(stored)
    except ChatUnreadable:
        file.close()
        raise
    return OpenedChat(file=file, kept=kept, secret=stored.secret, notice=notice)
