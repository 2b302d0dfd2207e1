"""Text files that are written line by line, and that are not there unless they have a line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from engine.feedback.exports.staging import in_thread

_LINES_PER_WRITE = 200


class TextFile:
    """A text file of lines; `first` and `last` are written before and after them, `between` between each two.

    num_lines: that were added; num_bytes: that were written.
    """

    def __init__(self, path: Path, *, first: str = "", between: str = "\n", last: str = "\n") -> None:
        self.path, self.num_lines, self.num_bytes = path, 0, 0
        self._first, self._between, self._last = first, between, last
        self._waiting: list[str] = []
        self._file: TextIO | None = None

    async def add(self, line: str) -> None:
        """Add a line."""
        self._waiting.append((self._between if self.num_lines else self._first) + line)
        self.num_lines += 1
        if len(self._waiting) == _LINES_PER_WRITE:
            await in_thread(self._write)

    async def finish(self) -> None:
        """Write what is left."""
        if self.num_lines:
            self._waiting.append(self._last)
            await in_thread(self._write)
        self.abandon()

    def abandon(self) -> None:
        """Close the file as it is, for a folder that is thrown away."""
        if self._file is not None:
            self._file.close()

    def _write(self) -> None:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("w", encoding="utf-8", newline="")
        text = "".join(self._waiting)
        self._waiting.clear()
        self._file.write(text)
        self.num_bytes += len(text.encode())


def json_array(path: Path) -> TextFile:
    """Return a file of one JSON array, with one item a line."""
    return TextFile(path, first="[\n", between=",\n", last="\n]\n")


def csv_table(path: Path, columns: Iterable[str]) -> TextFile:
    """Return a file of comma-separated values under the names of the columns."""
    return TextFile(path, first=csv_line(columns) + "\n")


def json_line(row: Mapping[str, Any]) -> str:
    """Return a row as JSON on one line."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def csv_line(values: Iterable[Any]) -> str:
    """Return values, quoted where they have to be."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()


def one_line(text: str) -> str:
    """Return the text with every run of spaces and line ends as one space, for formats that end a text at a line's."""
    return " ".join(text.split())
