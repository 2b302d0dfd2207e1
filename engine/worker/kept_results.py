"""What an engine has painted and cannot store yet, in a local folder, so that a restart does not paint it anew.

A file is named after its job: 4 bytes, big endian, with the length of a JSON header, the header, and the images.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog

from engine.contract.painting import PaintedPicture, PaintedPictures, PaintResult

# Files of a result beside its pictures.
_OTHERS = ("grid", "mask")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class KeptResults:
    """Painted pictures by job; a folder of None keeps nothing."""

    folder: Path | None = None

    async def write(self, job_id: UUID, result: PaintResult) -> None:
        """Keep the result as well as the disk allows; it is also still in memory."""
        if self.folder is None or not isinstance(result, PaintedPictures):
            return
        try:
            await asyncio.to_thread(_write, self.folder / f"{job_id}.kept", result)
        except OSError as error:
            _log.warning("result_not_kept", cause=str(error))

    async def read(self, job_id: UUID) -> PaintResult | None:
        """Return what was kept of the job, or None when there is nothing that can be read."""
        if self.folder is None:
            return None
        try:
            return await asyncio.to_thread(_read, self.folder / f"{job_id}.kept")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, LookupError, struct.error) as error:
            _log.warning("kept_result_not_readable", cause=str(error))
            return None

    async def drop(self, job_id: UUID) -> None:
        """Forget the job, which is over or was painted elsewhere."""
        if self.folder is not None:
            await asyncio.to_thread((self.folder / f"{job_id}.kept").unlink, missing_ok=True)

    def job_ids(self) -> tuple[UUID, ...]:
        """Return the jobs of which something is kept."""
        return () if self.folder is None else tuple(UUID(path.stem) for path in self.folder.glob("*.kept"))


def _write(path: Path, result: PaintedPictures) -> None:
    about = [
        {
            "width": one.width,
            "height": one.height,
            "seed": one.seed,
            "recipe": dict(one.recipe),
            "unsafe_score": one.unsafe_score,
        }
        for one in result.pictures
    ]
    others = {name: file for name in _OTHERS if (file := getattr(result, name)) is not None}
    images = [*(one.png for one in result.pictures), *others.values()]
    sizes = [len(image) for image in images]
    facts = {"pictures": about, "grid_type": result.grid_type, "sizes": sizes, "others": list(others)}
    header = json.dumps(facts).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Renamed when it is whole, so that a kill leaves no half of it.
    part = path.with_suffix(".part")
    part.write_bytes(b"".join((struct.pack(">I", len(header)), header, *images)))
    part.replace(path)


def _read(path: Path) -> PaintedPictures:
    data = path.read_bytes()
    (length,) = struct.unpack(">I", data[:4])
    header = json.loads(data[4 : 4 + length])
    images = list(_cut(data[4 + length :], header["sizes"]))
    about = header["pictures"]
    pictures = tuple(PaintedPicture(png=png, **facts) for png, facts in zip(images, about, strict=False))
    # Those of earlier releases do not say that they have a grid.
    others = dict(zip(header.get("others", ["grid"]), images[len(about) :], strict=False))
    return PaintedPictures(pictures=pictures, grid_type=header["grid_type"], **others)


def _cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    if sum(sizes) != len(data):
        raise ValueError("the file is not whole")
    start = 0
    for size in sizes:
        yield data[start : start + size]
        start += size
