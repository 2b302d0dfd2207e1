"""A file whose hash is known as soon as it is written, without reading it again."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any


class HashedFile(io.BufferedWriter):
    """A new file at `path`, which is written from its beginning to its end."""

    def __init__(self, path: Path) -> None:
        self._digest = hashlib.sha256()
        super().__init__(io.FileIO(path, "w"))

    def write(self, data: Any, /) -> int:
        """Write all of the data: bytes, or what has them."""
        self._digest.update(data)
        return super().write(data)

    def hexdigest(self) -> str:
        """Return the SHA-256 of what was written."""
        return self._digest.hexdigest()
