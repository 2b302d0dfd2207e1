"""What shapes are made of: polygons in the square from -1 to 1, y downwards, each a tone of the shape's colour."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Polygon:
    """One filled polygon; `tone` below 0 is darker than the object's colour, above 0 lighter, None the background."""

    outline: tuple[Point, ...]
    tone: float | None = 0.0


def polygon(points: Iterable[Point], tone: float | None = 0.0) -> Polygon:
    """Return a polygon of any points."""
    return Polygon(outline=tuple(points), tone=tone)


def ellipse(x: float, y: float, rx: float, ry: float, tone: float | None = 0.0) -> Polygon:
    """Return an ellipse around (x, y) with half axes rx and ry, as 36 points."""
    turns = (math.tau * step / 36 for step in range(36))
    return polygon(((x + rx * math.cos(turn), y + ry * math.sin(turn)) for turn in turns), tone)


def box(left: float, top: float, right: float, bottom: float, tone: float | None = 0.0) -> Polygon:
    """Return an upright rectangle."""
    return polygon(((left, top), (right, top), (right, bottom), (left, bottom)), tone)
