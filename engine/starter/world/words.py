"""How things of the world are called: the usual word first where order matters, and the others people use."""

from __future__ import annotations

from engine.starter.world.vocabulary import SHAPES

SHAPE_WORDS = {
    "circle": ("disc", "ball", "dot"),
    "square": ("box", "block"),
    "diamond": ("rhombus",),
    "cross": ("plus sign",),
    "ring": ("hoop",),
    "moon": ("crescent moon", "crescent"),
    "house": ("home", "cottage"),
    "boat": ("sailboat", "ship"),
    "flower": ("blossom",),
    "mountain": ("peak",),
}
COLOUR_WORDS = {
    "red": ("crimson", "scarlet"),
    "purple": ("violet",),
    "blue": ("azure",),
    "yellow": ("golden",),
    "orange": ("tangerine",),
    "green": ("emerald",),
}
SIZE_WORDS = {"small": ("small", "little", "tiny"), "medium": ("medium",), "large": ("large", "big", "huge")}
STYLE_WORDS = {
    "flat": ("flat style", "flat colours"),
    "outline": ("outline", "line art", "outline drawing"),
    "watercolour": ("watercolour", "watercolor painting", "soft watercolour"),
    "pixel art": ("pixel art", "pixel art picture"),
    "sketch": ("sketch", "pencil sketch", "hand drawn sketch"),
}
SCENERY_WORDS = {
    "night sky": ("in the night sky", "at night", "on a night sky background", "under the stars"),
    "sunset": ("at sunset", "in a sunset", "on a sunset background"),
    "grass": ("on grass", "on the grass", "in a meadow", "on a grass background"),
    "sea": ("on the sea", "at sea", "in the ocean", "on a sea background"),
    "checkerboard": ("on a checkerboard", "on a checkered background", "on a checkerboard background"),
}
SCENERY_GROUNDS = {
    "night sky": ("night sky", "night sky background", "night"),
    "sunset": ("sunset", "sunset background"),
    "grass": ("grass background", "meadow", "grass"),
    "sea": ("sea", "sea background", "ocean"),
    "checkerboard": ("checkerboard", "checkerboard background", "checkered background"),
}
SCENERY_NAMES = {
    "night sky": ("night",),
    "sunset": (),
    "grass": ("meadow",),
    "sea": ("ocean",),
    "checkerboard": ("checkered",),
}
PLACE_WORDS = {
    "centre": ("in the centre", "in the middle", "in the center"),
    "left": ("on the left", "at the left", "on the left side"),
    "right": ("on the right", "at the right", "on the right side"),
    "top": ("at the top", "on top", "in the upper part"),
    "bottom": ("at the bottom", "in the lower part"),
}
RELATION_WORDS = {
    "left of": ("left of", "to the left of"),
    "right of": ("right of", "to the right of"),
    "above": ("above", "over"),
    "below": ("below", "under"),
}
INVERSE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
SIDE_OF = {"left of": "left", "right of": "right", "above": "top", "below": "bottom"}
COUNT_WORDS = {2: ("two", "2", "a pair of"), 3: ("three", "3"), 4: ("four", "4")}


def subjects() -> dict[str, tuple[str, ...]]:
    """Return the shapes and sceneries that captions name, each with its other names."""
    return {shape: SHAPE_WORDS.get(shape, ()) for shape in SHAPES} | SCENERY_NAMES


def with_article(words: str) -> str:
    """Return "a circle", "an orange circle"."""
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def plural(noun: str) -> str:
    """Return "circles", "boxes", "fish"."""
    if noun.endswith("fish"):
        return noun
    return noun + ("es" if noun.endswith(("s", "x")) else "s")
