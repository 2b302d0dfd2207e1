"""From a painter's result to what is stored of it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.contract.edits import Edit, edit_from_json
from engine.contract.ids import new_id
from engine.contract.jobs import Job, Picture
from engine.contract.painting import PaintedFile, PaintedPicture, PaintedPictures, PaintedText, PaintResult

# File name endings by media type; `.bin` for others.
SUFFIXES = {"image/jpeg": ".jpg", "image/webp": ".webp", "image/png": ".png", "text/plain": ".txt"}


def shown_object(result: PaintResult) -> tuple[bytes, str]:
    """Return what stands for the result as a whole, with its media type: its grid, first picture, file or text."""
    match result:
        case PaintedPictures(grid=bytes() as grid, grid_type=str() as grid_type):
            return grid, grid_type
        case PaintedPictures():
            return result.pictures[0].png, "image/png"
        case PaintedFile():
            return result.content, result.media_type
        case PaintedText():
            return result.text.encode(), "text/plain"


def found_edit(result: PaintResult) -> Edit | None:
    """Return what was done to the source, where the painter has found the mask itself; else None."""
    if isinstance(result, PaintedPictures) and result.mask is not None:
        return edit_from_json(result.pictures[0].recipe["edit"])
    return None


def picture_rows(job: Job, painted: Sequence[PaintedPicture], keys: Sequence[str]) -> list[Picture]:
    """Return the rows of the pictures, by slot, with the keys of their files."""
    return [
        Picture(
            id=new_id(),
            job_id=job.id,
            slot=slot,
            object_key=key,
            width=picture.width,
            height=picture.height,
            seed=picture.seed,
            recipe=picture.recipe,
            unsafe_score=picture.unsafe_score,
        )
        for slot, (picture, key) in enumerate(zip(painted, keys, strict=True))
    ]
