"""The log's lines of a raw export, written in parts: several connections that see the same write one each at a time."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.feedback.exports.file_copies import append_file
from engine.feedback.exports.staging import in_thread
from engine.feedback.store.copies import Log, LogPart, copy_part, divide_log

_NAMES: Mapping[Log, str] = MappingProxyType({"actions": "events.jsonl", "impressions": "impressions.jsonl"})
# Few, because those of actions each look at all impressions; and more than there are connections, because some parts
# take longer.
_PARTS: Mapping[Log, int] = MappingProxyType({"actions": 4, "impressions": 2})
_BYTES_PER_WRITE = 2**20


class LogFiles:
    """`events.jsonl` and `impressions.jsonl` in the making.

    lines: of each table, as many as are written.
    """

    def __init__(self, folder: Path, guild_id: int | None, add: Callable[[int], None]) -> None:
        """guild_id: as `withhold` was told. add: is told how many lines were written."""
        self.lines: Counter[Log] = Counter()
        self._folder, self._guild_id, self._add = folder, guild_id, add
        self._left: deque[tuple[Path, LogPart]] = deque()
        self._files: dict[Path, list[Path]] = {}

    async def divide(self, connection: AsyncConnection) -> None:
        """Find out which parts there are."""
        for log, name in _NAMES.items():
            parts = await divide_log(connection, log, _PARTS[log])
            paths = [self._folder / f"{name}.{number}" for number in range(len(parts))]
            self._files[self._folder / name] = paths
            self._left.extend(zip(paths, parts, strict=True))

    async def write(self, connection: AsyncConnection) -> None:
        """Write one part after another until none is left; what is withheld is noted on the connection."""
        while self._left:
            path, part = self._left.popleft()
            copy = partial(copy_part, connection, part, guild_id=self._guild_id)
            written = await _write_copied(path, copy, self._add)
            self.lines[part.log] += written

    def join(self) -> None:
        """Put the parts of each file together."""
        for path, (first, *others) in self._files.items():
            with first.open("r+b") as file:
                file.seek(0, os.SEEK_END)
                for other in others:
                    append_file(other, file)
                    other.unlink()
            first.rename(path)


async def _write_copied(
    path: Path, copy: Callable[[Callable[[bytes], Awaitable[None]]], Awaitable[None]], add: Callable[[int], None]
) -> int:
    """Write what `copy` gives in pieces, and return how many lines that are."""
    written, pieces, size = 0, list[bytes](), 0

    async def flush() -> None:
        nonlocal written, size
        rows = sum(piece.count(b"\n") for piece in pieces)
        await in_thread(file.writelines, pieces)
        pieces.clear()
        written, size = written + rows, 0
        add(rows)

    async def write(piece: bytes) -> None:
        nonlocal size
        pieces.append(piece)
        size += len(piece)
        if size >= _BYTES_PER_WRITE:
            await flush()

    with path.open("wb") as file:
        await copy(write)
        await flush()
    return written
