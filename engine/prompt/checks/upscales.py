"""Upscaled pictures: which sizes are possible, and in how many overlapping tiles a large picture is painted."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import product

from engine.contract.edits import CREATIVE, Box
from engine.contract.jobs import JobSpec
from engine.contract.painting import NUM_PICTURES
from engine.prompt.checks.outdated import model_of
from engine.prompt.limits import Limits

FACTORS = (2, 4)

MAX_UPSCALED_PIXELS = 4096 * 4096
"""What fits a machine's memory several times, and Discord once it is made smaller."""

_OVERLAP = 4
"""Tiles overlap by this fraction of their side."""


def possible_factors(size: tuple[int, int]) -> frozenset[int]:
    """Return by which of `FACTORS` a picture of this size can grow."""
    width, height = size
    return frozenset(factor for factor in FACTORS if width * height * factor**2 <= MAX_UPSCALED_PIXELS)


def upscale_cost(size: tuple[int, int], factor: int, spec: JobSpec, limits: Limits) -> Fraction | None:
    """Return what adding detail to a picture that grows by the factor costs, in grids; None where it is not known.

    Each tile takes the share `CREATIVE` of the steps, and one text without guidance instead of two with it.
    """
    size_limits = model_of(spec, limits).size_limits if limits.models else None
    if size_limits is None:
        return None
    width, height = (side * factor for side in size)
    tile = (min(size_limits.square, width), min(size_limits.square, height))
    return Fraction(len(tile_boxes(width, height, tile)), NUM_PICTURES) * Fraction(CREATIVE).limit_denominator(100) / 2


def tile_boxes(width: int, height: int, tile: tuple[int, int]) -> tuple[Box, ...]:
    """Return where tiles of one size lie that cover a picture, from left to right and top to bottom.

    tile: width and height of each, at most those of the picture. Neighbours overlap by at least a quarter of that.
    """
    across, down = tile
    places: Iterable[tuple[int, int]] = product(_starts(height, down), _starts(width, across))
    return tuple(Box(left=left, top=top, width=across, height=down) for top, left in places)


def _starts(length: int, tile: int) -> list[int]:
    """Return where tiles start along one side, evenly spread."""
    overlap = tile // _OVERLAP
    count = max(1, -(-(length - overlap) // (tile - overlap)))
    return [round(index * (length - tile) / max(1, count - 1)) for index in range(count)]
