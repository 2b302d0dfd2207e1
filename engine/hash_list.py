"""The operator's list of pictures that must never appear: perceptual hashes, which also fit copies that were changed.

A line of the file is a hash of 64 bits in 16 hexadecimal digits and, after a blank, a comment; lines that begin with #
and empty ones say nothing.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from PIL import Image

from engine.contract.errors import PictureBarred, SettingsInvalid

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_DISTANCE = 6
"""Of the 64 bits, how many may differ: JPEG at quality 80 and half the size change none, other pictures about 32."""

_SIDE, _FREQUENCIES = 32, 8
_LEAST_CONTRAST = 3.0
_DIGITS = 16
_MOST_PROBLEMS = 20
_ROUNDED = 4
"""By how many pixels a frame may differ from the shape of its pictures, as it was made smaller."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Film:
    """A file that may be a film of pictures, how many pictures it is of, and the size of each in pixels.

    A frame shows them together, two in a row, or one of that shape above a row of them.
    """

    file: bytes
    num_pictures: int
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class HashList:
    """The hashes of a file, in no order."""

    hashes: NDArray[Any]

    def __len__(self) -> int:
        return len(self.hashes)

    def has(self, wanted: int) -> bool:
        """Return whether a hash of the list differs from this one in at most `MAX_DISTANCE` bits."""
        # Here, as it takes long to import and few installations have a list.
        import numpy as np

        return len(self) > 0 and bool(np.bitwise_count(self.hashes ^ np.uint64(wanted)).min() <= MAX_DISTANCE)


def hash_of_picture(file: bytes) -> int | None:
    """Return the perceptual hash of the picture in a file, as `hash_of_image` does.

    Raises: OSError, ValueError and the like, as Pillow does, for what is no picture.
    """
    with Image.open(io.BytesIO(file)) as image:
        return hash_of_image(image)


def hash_of_image(image: Image.Image) -> int | None:
    """Return the perceptual hash of the picture; None for one of a single shade, which any would fit.

    It is that of the package imagehash: of the 8 x 8 lowest frequencies of the grey picture of 32 x 32 pixels, whether
    each is above their median.
    Source: Zauner 2010, Implementation and Benchmarking of Perceptual Image Hash Functions, section 3.2.1 (pHash).
    """
    import numpy as np

    grey = image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    pixels = np.asarray(grey, dtype=np.float64)
    if pixels.std() < _LEAST_CONTRAST:
        return None
    waves = _waves()
    low = (waves @ pixels @ waves.T)[:_FREQUENCIES, :_FREQUENCIES]
    bits = (low > np.median(low)).flatten()
    return int("".join("1" if bit else "0" for bit in bits), 2)


def line_of_hash(found: int) -> str:
    """Return the hash as it stands in a list."""
    return f"{found:0{_DIGITS}x}"


def read_hash_list(path: Path) -> HashList:
    """Return the list in the file; a million lines take about a second.

    Raises: SettingsInvalid with each line that is none, by its number, and for a file that cannot be read.
    """
    import numpy as np

    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise SettingsInvalid(problems=(f"EASEL_HASHES_FILE: {path} cannot be read: {error.strerror}.",)) from error
    problems = list[str]()
    hashes = np.fromiter(_hashes(lines, path, problems), dtype=np.uint64)
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        told = [*problems[:_MOST_PROBLEMS], *([f"{path}: {more} more such lines."] if more > 0 else [])]
        raise SettingsInvalid(problems=tuple(told))
    return HashList(hashes=hashes)


class BarredPictures:
    """The list of a file as it is now, which is read again when it changes; without a file, nothing is barred."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._list: HashList | None = None
        self._seen: tuple[int, int] | None = None
        self._lock = asyncio.Lock()

    async def check(self, files: Sequence[bytes], film: Film | None = None) -> None:
        """Check that no picture in these files or in a frame of the film is barred, in a thread.

        A list that cannot be read any more, or has lines that are none, is logged, and the last good one holds.

        Raises: PictureBarred; SettingsInvalid for a list that could never be read.
        """
        if self._path is None or not files:
            return
        async with self._lock:
            if await asyncio.to_thread(self._finds, files, film):
                raise PictureBarred()

    async def load(self) -> int:
        """Read the list and return how many hashes it has.

        Raises: SettingsInvalid.
        """
        async with self._lock:
            await asyncio.to_thread(self._refresh)
        return 0 if self._list is None else len(self._list)

    def _finds(self, files: Iterable[bytes], film: Film | None) -> bool:
        self._refresh()
        barred = self._list
        found = chain(map(hash_of_picture, files), map(hash_of_image, pictures_in_film(film) if film else ()))
        return barred is not None and any(barred.has(one) for one in found if one is not None)

    def _refresh(self) -> None:
        path = self._path
        if path is None:
            return
        try:
            state = path.stat()
            seen = state.st_mtime_ns, state.st_size
        except OSError:
            seen = None
        if seen is not None and seen == self._seen:
            return
        try:
            self._list = read_hash_list(path)
        except SettingsInvalid as error:
            if self._list is None:
                raise
            if seen != self._seen:
                _log.error("hash_list_not_read", problems=error.problems)
        else:
            _log.info("hash_list_read", hashes=len(self._list))
        self._seen = seen


def pictures_in_film(film: Film) -> Iterator[Image.Image]:
    """Yield what each frame shows of a picture; nothing of a file that does not move."""
    with Image.open(io.BytesIO(film.file)) as image:
        count = getattr(image, "n_frames", 1)
        boxes = _boxes(film, image.size) if count > 1 else []
        for number in range(count if boxes else 0):
            image.seek(number)
            yield from map(image.crop, boxes)


def _boxes(film: Film, size: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """Return where the pictures are in a frame of that size."""
    columns, rows = min(film.num_pictures, 2), -(-film.num_pictures // 2)
    shown = size[0] * film.height // film.width
    if abs(shown * rows // columns - size[1]) > _ROUNDED:
        return [(0, 0, size[0], min(shown, size[1]))]
    width, height = size[0] // columns, size[1] // rows
    return [
        (column * width, row * height, (column + 1) * width, (row + 1) * height)
        for row in range(rows)
        for column in range(columns)
    ][: film.num_pictures]


def _hashes(lines: Sequence[str], path: Path, problems: list[str]) -> Iterator[int]:
    for number, line in enumerate(lines, 1):
        word = line.split(None, 1)[0] if line.strip() else "#"
        if word.startswith("#"):
            continue
        try:
            found = int(word, 16) if len(word) == _DIGITS and word.isalnum() else None
        except ValueError:
            found = None
        if found is None:
            problems.append(f'{path}, line {number}: "{word[:40]}" is not a hash of {_DIGITS} hexadecimal digits.')
        else:
            yield found


@cache
def _waves() -> NDArray[Any]:
    """Return the matrix of the discrete cosine transform, type II, of `_SIDE` values; its scale changes no bit."""
    import numpy as np

    frequency, place = np.arange(_SIDE)[:, None], np.arange(_SIDE)[None]
    return np.asarray(np.cos(np.pi * frequency * (2 * place + 1) / (2 * _SIDE)))
