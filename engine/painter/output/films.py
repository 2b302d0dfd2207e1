"""Films: pictures one after the other as an animated WebP, which Discord and browsers play where they stand.

`Pixels` are uint8 [height, width, 3] in 0 to 255, RGB.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from PIL import Image

from engine.contract.provenance import PROVENANCE
from engine.painter.output.images import MAX_GRID_BYTES, Pixels, tiled

MEDIA_TYPE = "image/webp"

MAX_SIDE = 1024
"""The longer side of a film, in pixels."""

_STEP, _SHORT, _HOLD = timedelta(milliseconds=150), timedelta(milliseconds=120), timedelta(seconds=2)
# Lossy at these qualities: 24 frames of 256 pixels take a thirtieth of a GIF (Pillow 13, 2026-11-28).
_ATTEMPTS = ((1, 80), (1, 60), (2, 60), (4, 40))


@dataclass(frozen=True, kw_only=True)
class FilmFrame:
    """One picture of a film, and how long it is shown."""

    image: Image.Image
    duration: timedelta


def film_of_steps(previews: Sequence[Sequence[Pixels]], pictures: Sequence[Pixels]) -> bytes:
    """Return the film of a grid that emerges: what was to be seen after each step, then the grid, again and again.

    previews: for each step the small pictures, by slot. pictures: the finished ones.
    """
    grid = Image.fromarray(tiled(pictures))
    size = _film_size(grid)
    steps = [
        FilmFrame(image=Image.fromarray(tiled(step)).resize(size, Image.Resampling.BICUBIC), duration=_STEP)
        for step in previews
    ]
    return encoded_film([*steps, FilmFrame(image=grid.resize(size, Image.Resampling.LANCZOS), duration=_HOLD)])


def film_between(frames: Sequence[Pixels], pictures: Sequence[Pixels]) -> bytes:
    """Return the film that goes through the frames and back, above the pictures in a row, again and again."""
    size = _film_size(Image.fromarray(frames[0]))
    strip = _strip(pictures, size[0])
    there = [_above(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS), strip) for frame in frames]
    inner = [FilmFrame(image=image, duration=_SHORT) for image in there[1:-1]]
    ends = [FilmFrame(image=image, duration=_HOLD / 2) for image in (there[0], there[-1])]
    return encoded_film([ends[0], *inner, ends[1], *reversed(inner)])


def film_of_frames(frames: Sequence[Pixels], fps: int) -> bytes:
    """Return the film of these frames, each shown as long as the others, again and again."""
    size = _film_size(Image.fromarray(frames[0]))
    shown = [Image.fromarray(frame) for frame in frames]
    if shown[0].size != size:
        shown = [image.resize(size, Image.Resampling.LANCZOS) for image in shown]
    return encoded_film([FilmFrame(image=image, duration=timedelta(seconds=1 / fps)) for image in shown])


def encoded_film(frames: Sequence[FilmFrame], *, max_bytes: int = MAX_GRID_BYTES) -> bytes:
    """Return the frames, all of one size, as an animated WebP without end.

    It becomes coarser, then smaller, until it is under `max_bytes` or a quarter of the size.
    """
    durations = [round(frame.duration.total_seconds() * 1000) for frame in frames]
    film = b""
    for factor, quality in _ATTEMPTS:
        first, *rest = [frame.image if factor == 1 else frame.image.reduce(factor) for frame in frames]
        out = io.BytesIO()
        first.save(
            out,
            "WEBP",
            save_all=True,
            append_images=rest,
            duration=durations,
            loop=0,
            quality=quality,
            method=2,
            xmp=PROVENANCE,
        )
        film = out.getvalue()
        if len(film) < max_bytes:
            break
    return film


def _film_size(image: Image.Image) -> tuple[int, int]:
    scale = min(1.0, MAX_SIDE / max(image.size))
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


def _strip(pictures: Sequence[Pixels], width: int) -> Image.Image:
    row = Image.fromarray(np.concatenate(pictures, axis=1))
    return row.resize((width, max(1, round(row.height * width / row.width))), Image.Resampling.LANCZOS)


def _above(image: Image.Image, strip: Image.Image) -> Image.Image:
    both = Image.new("RGB", (image.width, image.height + strip.height))
    both.paste(image, (0, 0))
    both.paste(strip, (0, image.height))
    return both
