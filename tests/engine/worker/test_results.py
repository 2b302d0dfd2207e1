"""What is stored of each kind of result."""

from __future__ import annotations

import pytest

from engine.contract.painting import PaintedFile, PaintedPicture, PaintedPictures, PaintedText, PaintResult
from engine.worker.results import SUFFIXES, shown_object

PICTURE = PaintedPicture(png=b"png", width=1, height=1, seed=0, recipe={})


@pytest.mark.parametrize(
    ("result", "content", "media_type"),
    [
        (PaintedPictures(pictures=(PICTURE,), grid=b"grid", grid_type="image/webp"), b"grid", "image/webp"),
        (PaintedPictures(pictures=(PICTURE,)), b"png", "image/png"),
        (PaintedFile(content=b"film", media_type="video/mp4"), b"film", "video/mp4"),
        (PaintedText(text="a fox"), b"a fox", "text/plain"),
    ],
)
def test_every_result_has_one_object_that_stands_for_it(result: PaintResult, content: bytes, media_type: str) -> None:
    """The grid, or the picture where there is none, the file, or the text."""
    assert shown_object(result) == (content, media_type)


def test_grids_keep_their_file_name_endings() -> None:
    assert [SUFFIXES[kind] for kind in ("image/jpeg", "image/webp", "image/png")] == [".jpg", ".webp", ".png"]
