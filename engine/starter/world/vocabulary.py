"""The words of the world: its shapes, colours, backgrounds, styles, places, and what is held out of training.

Tables only; what they look like is in `shapes` and `painting`, how they are said in `captions`.
"""

from __future__ import annotations

SHAPES = (
    "circle", "square", "triangle", "star", "heart", "diamond", "cross", "ring", "moon",
    "sun", "house", "tree", "boat", "fish", "flower", "cloud", "mountain",
)  # fmt: skip
"""Every object, geometric ones first."""

COLOURS = {
    "red": (220, 30, 35),
    "orange": (250, 135, 15),
    "yellow": (250, 222, 30),
    "green": (35, 155, 60),
    "blue": (35, 80, 220),
    "purple": (130, 45, 175),
    "pink": (250, 135, 190),
    "brown": (125, 72, 32),
    "black": (18, 18, 20),
    "white": (248, 248, 246),
}
"""Every colour by name, as 8-bit sRGB."""

SCENERIES = {
    "night sky": ("black", "blue", "purple"),
    "sunset": ("orange", "pink", "purple", "red", "yellow"),
    "grass": ("green",),
    "sea": ("blue",),
    "checkerboard": ("white",),
}
"""Every background that is not one colour, with the colours that would be lost on it."""

STYLES = ("flat", "outline", "watercolour", "pixel art", "sketch")
PLACES = {"centre": (0.5, 0.5), "left": (0.26, 0.5), "right": (0.74, 0.5), "top": (0.5, 0.26), "bottom": (0.5, 0.74)}
"""Where an object stands, as fractions of the picture's width and height."""

SIZES = {"small": 0.17, "medium": 0.25, "large": 0.38}
"""Half the extent of an object, as a fraction of the shorter side."""

RELATIONS = ("left of", "right of", "above", "below")
"""Where the first of two objects stands from the second."""

_CLASHES = (
    ("red", "orange"),
    ("orange", "yellow"),
    ("red", "pink"),
    ("blue", "purple"),
    ("brown", "orange"),
    ("black", "brown"),
    ("red", "brown"),
    ("yellow", "white"),
    ("purple", "black"),
)


def colours_clash(first: str, second: str) -> bool:
    """Whether two colours are too near one another to be told apart at a glance."""
    return first == second or (first, second) in _CLASHES or (second, first) in _CLASHES


HELD_OUT = frozenset(
    (shape, tuple(COLOURS)[(3 * index + 7 * turn) % len(COLOURS)])
    for turn in (0, 1)
    for index, shape in enumerate(SHAPES)
    if (index + turn) % 3 != 2
)
"""Pairs of shape and colour that no training scene shows: two for a third of the shapes, one for the others."""
