"""What each object looks like: polygons in the square from -1 to 1 (y downwards), each a tone of the object's colour.

Geometry only; `painting` places it, colours it and draws it.
"""

from __future__ import annotations

import math

from engine.starter.world.figures import FIGURES
from engine.starter.world.polygons import Point, Polygon, box, ellipse, polygon


def _spikes(count: int, inner: float) -> list[Point]:
    steps = ((math.pi * step / count - math.pi / 2, 1.0 if step % 2 == 0 else inner) for step in range(2 * count))
    return [(reach * math.cos(turn), reach * math.sin(turn)) for turn, reach in steps]


def _heart() -> list[Point]:
    turns = [math.tau * step / 40 for step in range(40)]
    return [
        (
            math.sin(t) ** 3,
            -(13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 16.0 - 0.12,
        )
        for t in turns
    ]


def _moon() -> list[Point]:
    there = [math.radians(50 + 260 * step / 30) for step in range(31)]
    back = [math.radians(286 - 212 * step / 24) for step in range(25)]
    outer = [(math.cos(turn), math.sin(turn)) for turn in there]
    inner = [(0.42 + 0.8 * math.cos(turn), 0.8 * math.sin(turn)) for turn in back]
    return [(x + 0.15, y) for x, y in outer + inner]


def _petals() -> tuple[Polygon, ...]:
    turns = [math.tau * step / 6 for step in range(6)]
    return tuple(ellipse(0.58 * math.cos(t), 0.58 * math.sin(t), 0.4, 0.4) for t in turns)


POLYGONS: dict[str, tuple[Polygon, ...]] = {
    "circle": (ellipse(0, 0, 0.95, 0.95),),
    "square": (box(-0.88, -0.88, 0.88, 0.88),),
    "triangle": (polygon(((0, -0.95), (1, 0.85), (-1, 0.85))),),
    "star": (polygon(_spikes(5, 0.42)),),
    "heart": (polygon(_heart()),),
    "diamond": (polygon(((0, -1), (0.68, 0), (0, 1), (-0.68, 0))),),
    "cross": (box(-0.32, -0.95, 0.32, 0.95), box(-0.95, -0.32, 0.95, 0.32)),
    "ring": (ellipse(0, 0, 0.98, 0.98), ellipse(0, 0, 0.55, 0.55, None)),
    "moon": (polygon(_moon()),),
    "sun": (polygon(_spikes(12, 0.68)), ellipse(0, 0, 0.58, 0.58, 0.3)),
    "house": (
        box(-0.75, -0.15, 0.75, 0.95),
        polygon(((0, -1), (1, -0.1), (-1, -0.1)), -0.35),
        box(-0.2, 0.35, 0.2, 0.95, -0.55),
    ),
    "tree": (box(-0.15, 0.3, 0.15, 1, -0.5), ellipse(0, -0.3, 0.72, 0.7)),
    "boat": (
        polygon(((-1, 0.3), (1, 0.3), (0.6, 0.9), (-0.6, 0.9))),
        box(-0.06, -0.95, 0.06, 0.3, -0.4),
        polygon(((0.12, -0.9), (0.85, 0.15), (0.12, 0.15)), 0.3),
    ),
    "fish": (
        polygon(((0.4, 0), (1, -0.5), (1, 0.5))),
        ellipse(-0.2, 0, 0.8, 0.5),
        ellipse(-0.6, -0.12, 0.1, 0.1, -0.7),
    ),
    "flower": (*_petals(), ellipse(0, 0, 0.32, 0.32, -0.45)),
    "cloud": (
        ellipse(-0.5, 0.15, 0.48, 0.42),
        ellipse(0.5, 0.15, 0.48, 0.42),
        ellipse(0, -0.15, 0.55, 0.52),
        box(-0.5, 0.1, 0.5, 0.57),
    ),
    "mountain": (
        polygon(((-0.3, -0.8), (0.55, 0.85), (-1, 0.85))),
        polygon(((0.45, -0.3), (1, 0.85), (-0.05, 0.85)), -0.25),
        polygon(((-0.3, -0.8), (-0.04, -0.3), (-0.3, -0.42), (-0.5, -0.3)), 0.6),
    ),
    **FIGURES,
}
"""Every shape's polygons, painted in order."""
