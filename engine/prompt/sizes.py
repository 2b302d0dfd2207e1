"""From a ratio to the size that a model paints."""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt

STEP = 16
SIDE = 1024
# The area grows with the ratio until it is this much larger than the square's, and by this much for each unit of it.
# Measured on the five sizes that the reference gives for 1024-class models, which it reproduces exactly.
_MOST_GROWTH = 0.14
_GROWTH = 0.28


def size_for(ar: str, *, side: int = SIDE, step: int = STEP, sizes: Sequence[tuple[int, int]] = ()) -> tuple[int, int]:
    """Return width and height in pixels for a ratio such as "3:2".

    side: of the model's square, a multiple of `step`; every result is a multiple of `step` too.
    sizes: the only sizes that the model paints, if it has such; then the nearest in shape, and of those in area.
    Exact for 1024 and 16: 1:1 is 1024x1024, 4:3 is 1232x928, 3:2 is 1344x896, 16:9 is 1456x816, and upright the same.
    """
    width, height = map(int, ar.split(":"))
    if sizes:
        return min(
            sizes, key=lambda size: (abs(log(size[0] * height / (size[1] * width))), abs(size[0] * size[1] - side**2))
        )
    ratio = max(width, height) / min(width, height)
    area = side**2 * (1 + min(_MOST_GROWTH, _GROWTH * (ratio - 1)))
    long, short = _nearest(sqrt(area * ratio), step), _nearest(sqrt(area / ratio), step)
    return (long, short) if width >= height else (short, long)


def _nearest(length: float, step: int) -> int:
    return max(step, int(length / step + 0.5) * step)
