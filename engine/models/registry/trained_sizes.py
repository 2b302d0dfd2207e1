"""The sizes that PixArt and Sana were trained on, to which their stock pipelines map every other size.

Source: the tables `ASPECT_RATIO_..._BIN` of `pipeline_pixart_alpha`, `pipeline_pixart_sigma` and `pipeline_sana`,
diffusers 0.42. The tables of 256 and 2048 pixels are here; the others are two and four times as large.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

Size = tuple[int, int]

# Width and height in sixteenths of the square's side, the widest first.
_SHAPES: tuple[Size, ...] = (
    (32, 8), (29, 8), (28, 9), (27, 9), (26, 9), (25, 10), (24, 10), (23, 11), (22, 11), (21, 11), (21, 12),
    (20, 12), (19, 13), (18, 13), (18, 14), (17, 14), (17, 15), (16, 15), (16, 16), (15, 16), (15, 17), (14, 17),
    (14, 18), (13, 18), (13, 19), (12, 20), (12, 21), (11, 22), (11, 23), (10, 24), (10, 25), (9, 27), (8, 32),
)  # fmt: skip
_MORE_SHAPES: tuple[Size, ...] = ((31, 8), (30, 8), (9, 26), (9, 28), (8, 29), (8, 30), (8, 31))
_FIRST_WITH_MORE = 2048


def trained_sizes(trained_squares: Sequence[int], side: float) -> tuple[Size, ...]:
    """Return every size (width, height) that a model was trained on, in pixels, the widest first.

    trained_squares: sides in pixels of the squares of its family's tables, each twice the one before.
    side: side of the model's own square in pixels; the table is that of the nearest square by ratio.

    Empty if that ratio is above sqrt(2), halfway to the next square. A shape (a, b), in sixteenths of the square's side
    S, is the size (a S / 16, b S / 16).
    """
    square = min(trained_squares, key=lambda known: _factor(known, side), default=None)
    if square is None or _factor(square, side) > sqrt(2):
        return ()
    shapes = _SHAPES + (_MORE_SHAPES if square >= _FIRST_WITH_MORE else ())
    in_order = sorted(shapes, key=lambda shape: shape[1] / shape[0])
    return tuple((width * square // 16, height * square // 16) for width, height in in_order)


def _factor(one: float, other: float) -> float:
    return max(one, other) / min(one, other)
