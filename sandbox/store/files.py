"""The attachments of a stored chat: in memory until they are written, then in files."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor

from sandbox.state.tables import Note
from sandbox.store.chat_file import FILES, ChatFile, StoredFile

CAPACITY_BYTES = 4 * 1024 * 1024 * 1024


class DiskFiles:
    """Attachment contents by id. Above the capacity the oldest go, whose URLs have usually expired."""

    def __init__(
        self,
        file: ChatFile,
        thread: Executor,
        note: Note,
        stored: dict[int, StoredFile],
        *,
        capacity_bytes: int = CAPACITY_BYTES,
    ) -> None:
        self._file, self._thread, self._note, self._capacity_bytes = file, thread, note, capacity_bytes
        self._stored = stored
        self._uses = Counter(file.sha256 for file in stored.values())
        self._unused: set[str] = set()
        self.unwritten: dict[int, bytes] = {}

    def __iter__(self) -> Iterator[int]:
        return iter((*self._stored, *self.unwritten))

    @property
    def unused(self) -> frozenset[str]:
        """The hashes that no attachment has any more."""
        return frozenset(sha256 for sha256 in self._unused if not self._uses[sha256])

    def add(self, attachment_id: int, content: bytes) -> None:
        """Take a file, to be written with the next batch."""
        self.unwritten[attachment_id] = content

    async def read(self, attachment_id: int) -> bytes | None:
        """Return a file's content, None when it was evicted or never stored."""
        if attachment_id in self.unwritten:
            return self.unwritten[attachment_id]
        stored = self._stored.get(attachment_id)
        if stored is None:
            return None
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._file.read_file, stored.sha256)

    def remove(self, attachment_id: int) -> None:
        """Remove a file if it exists."""
        self.unwritten.pop(attachment_id, None)
        stored = self._stored.pop(attachment_id, None)
        if stored:
            self._uses[stored.sha256] -= 1
            self._unused.add(stored.sha256)
            self._note(FILES, attachment_id, None)

    def note_written(self, written: dict[int, StoredFile], deleted: frozenset[str]) -> None:
        """Let go of contents that are in files now, and of hashes whose files are gone."""
        self._unused -= deleted
        for attachment_id, stored in written.items():
            is_wanted = self.unwritten.pop(attachment_id, None) is not None
            self._stored[attachment_id] = stored
            self._uses[stored.sha256] += 1
            if not is_wanted:
                self.remove(attachment_id)
        if written:
            self._evict()

    def _evict(self) -> None:
        used = sum(stored.size_bytes for stored in self._stored.values())
        for oldest in tuple(self._stored):
            if used <= self._capacity_bytes:
                return
            used -= self._stored[oldest].size_bytes
            self.remove(oldest)
