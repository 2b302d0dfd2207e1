"""Films that would be too large for Discord become coarser, then smaller."""

from __future__ import annotations

import io
from datetime import timedelta

import numpy as np
from PIL import Image

from engine.painter.output.films import FilmFrame, encoded_film


def test_a_film_that_is_too_large_is_made_smaller() -> None:
    """It keeps its frames and their times."""
    chance = np.random.default_rng(7)
    frames = [
        FilmFrame(
            image=Image.fromarray(chance.integers(0, 256, (64, 64, 3), dtype=np.uint8)),
            duration=timedelta(milliseconds=100 + number),
        )
        for number in range(3)
    ]
    sizes = []
    for limit in (100_000, 6_000, 2_000, 1):
        film = encoded_film(frames, max_bytes=limit)
        with Image.open(io.BytesIO(film)) as image:
            assert getattr(image, "n_frames", 1) == 3
            image.seek(2)
            image.load()
            assert image.info["duration"] == 102
            sizes.append(image.width)
        assert len(film) < limit or limit == 1
    assert sizes == sorted(sizes, reverse=True) and sizes[0] == 64 and sizes[-1] == 16
