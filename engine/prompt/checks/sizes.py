"""The size of a picture for an aspect ratio and a model."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd, sqrt

from engine.prompt.limits import SizeLimits

DEFAULT_MULTIPLE = 16
DEFAULT_SIDE = 1024
# Growth of the area: at most this share of the square's, and this share per unit of ratio. Fitted to the five sizes
# that the reference gives for 1024-class models, which are reproduced exactly.
_MOST_GROWTH = 0.14
_GROWTH = 0.28


def size_for(
    ar: str, *, side: int = DEFAULT_SIDE, step: int = DEFAULT_MULTIPLE, sizes: Sequence[tuple[int, int]] = ()
) -> tuple[int, int]:
    """Return width and height in pixels for a ratio such as "3:2".

    side: side S of the model's square, a multiple of `step`; width and height are positive multiples of `step` too.
    sizes: the only sizes (width, height) that the model supports, if it has a list; the result is then the nearest in
        shape, the first of two that are equally near, and of several with this shape the nearest in area. Source:
        `classify_height_width_bin` of diffusers 0.42.

    With r = long / short >= 1, the area is A = S^2 (1 + min(0.14, 0.28 (r - 1))), the long side sqrt(A r) and the short
    side sqrt(A / r), both rounded half up to multiples of `step`. For 1024 and 16, 1:1 is 1024x1024, 4:3 is 1232x928,
    3:2 is 1344x896 and 16:9 is 1456x816; portrait sizes mirror them.
    """
    width, height = map(int, ar.split(":"))
    if sizes:
        shape = min(map(_shape, sizes), key=lambda shape: abs(shape - height / width))
        return min((size for size in sizes if _shape(size) == shape), key=lambda size: abs(size[0] * size[1] - side**2))
    ratio = max(width, height) / min(width, height)
    area = side**2 * (1 + min(_MOST_GROWTH, _GROWTH * (ratio - 1)))
    long, short = _round_to(sqrt(area * ratio), step), _round_to(sqrt(area / ratio), step)
    return (long, short) if width >= height else (short, long)


def painted_size(ar: str, size_limits: SizeLimits) -> tuple[int, int] | None:
    """Return the width and height in pixels for a ratio, or None if the model does not support it."""
    if size_limits.sizes:
        return (
            size_for(ar, side=size_limits.square, sizes=size_limits.sizes)
            if is_within_ratios(ar, size_limits.sizes)
            else None
        )
    size = size_for(ar, side=size_limits.square, step=size_limits.multiple)
    return size if size_limits.min_side <= min(size) and max(size) <= size_limits.max_side else None


def is_paintable(width: int, height: int, size_limits: SizeLimits) -> bool:
    """Return whether the model, which may have a list of sizes, paints pictures of exactly this one."""
    return not size_limits.sizes or (width, height) in size_limits.sizes


def is_canvas(width: int, height: int, size_limits: SizeLimits) -> bool:
    """Return whether a picture may have this size if the model paints a part of it, at a size of its own."""
    is_multiple = width % size_limits.multiple == 0 == height % size_limits.multiple
    return is_multiple and size_limits.min_side <= min(width, height) and max(width, height) <= size_limits.max_side


def is_within_ratios(ar: str, sizes: Sequence[tuple[int, int]]) -> bool:
    """Return whether a ratio is between those of the widest and the tallest of the sizes, inclusive."""
    width, height = map(int, ar.split(":"))
    ratios = [size[1] / size[0] for size in sizes]
    return min(ratios) <= height / width <= max(ratios)


def ratio_of(size: tuple[int, int]) -> str:
    """Return the reduced ratio of a size, such as "4:1" for (2048, 512)."""
    divisor = gcd(*size)
    return f"{size[0] // divisor}:{size[1] // divisor}"


def _shape(size: tuple[int, int]) -> float:
    """Return height / width with two decimals, as in the tables of the stock pipelines."""
    return round(size[1] / size[0], 2)


def _round_to(length: float, step: int) -> int:
    return max(step, int(length / step + 0.5) * step)
