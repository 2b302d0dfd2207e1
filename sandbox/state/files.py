"""Uploaded files in memory. Above its capacity the store evicts the oldest, whose URLs have usually expired."""

from collections.abc import Iterator
from typing import Protocol

CAPACITY_BYTES = 512 * 1024 * 1024


class AttachmentFiles(Protocol):
    """File contents by attachment id."""

    def __iter__(self) -> Iterator[int]:
        """Return the ids, oldest first."""

    def add(self, attachment_id: int, content: bytes) -> None:
        """Store a file."""

    async def read(self, attachment_id: int) -> bytes | None:
        """Return a file's content, None when it was evicted or never stored."""

    def remove(self, attachment_id: int) -> None:
        """Remove a file if it exists."""


class FileStore:
    """File contents by attachment id, oldest first."""

    def __init__(self, capacity_bytes: int = CAPACITY_BYTES) -> None:
        self._capacity_bytes = capacity_bytes
        self._used_bytes = 0
        self._contents: dict[int, bytes] = {}

    def __iter__(self) -> Iterator[int]:
        return iter(tuple(self._contents))

    def add(self, attachment_id: int, content: bytes) -> None:
        """Store a file and evict the oldest ones above the capacity."""
        self._contents[attachment_id] = content
        self._used_bytes += len(content)
        for oldest in self:
            if self._used_bytes <= self._capacity_bytes:
                return
            self.remove(oldest)

    def get(self, attachment_id: int) -> bytes | None:
        """Return a file's content, None when it was evicted or never stored."""
        return self._contents.get(attachment_id)

    async def read(self, attachment_id: int) -> bytes | None:
        """Return a file's content as `get` does."""
        return self.get(attachment_id)

    def remove(self, attachment_id: int) -> None:
        """Remove a file if it exists."""
        self._used_bytes -= len(self._contents.pop(attachment_id, b""))
