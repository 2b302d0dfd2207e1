"""Scenes: what a picture of the world holds, as plain records, drawn at random from a seed.

A scene is the truth that pictures are painted from and judged against; nothing here paints or speaks.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.starter.world.vocabulary import (
    COLOURS,
    HELD_OUT,
    PLACES,
    RELATIONS,
    SCENERIES,
    SHAPES,
    SIZES,
    STYLES,
    colours_clash,
)

SIDES = ((128, 128), (160, 112), (112, 160), (144, 112), (112, 144))
"""The widths and heights pictures are taught in, the square the commonest."""

_LAYOUTS = {
    2: ((0.27, 0.5), (0.73, 0.5)),
    3: ((0.5, 0.27), (0.26, 0.72), (0.74, 0.72)),
    4: ((0.27, 0.27), (0.73, 0.27), (0.27, 0.73), (0.73, 0.73)),
}
_PAIRS = {
    "left of": ((0.27, 0.5), (0.73, 0.5)),
    "right of": ((0.73, 0.5), (0.27, 0.5)),
    "above": ((0.5, 0.27), (0.5, 0.73)),
    "below": ((0.5, 0.73), (0.5, 0.27)),
}


@dataclass(frozen=True, kw_only=True)
class SceneObject:
    """One object: what, in which colour, where its middle is (fractions of width and height) and its half extent."""

    shape: str
    colour: str
    x: float
    y: float
    reach: float


@dataclass(frozen=True, kw_only=True)
class Backdrop:
    """`kind` is plain, gradient or a key of SCENERIES; `colour` is set for the first two."""

    kind: str
    colour: str | None = None


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The whole truth of one picture; `place` and `size` are set for one object, `relation` for two different ones."""

    seed: int
    width: int
    height: int
    objects: tuple[SceneObject, ...]
    backdrop: Backdrop
    style: str
    place: str | None = None
    size: str | None = None
    relation: str | None = None

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """The distinct pairs of shape and colour, in the order they are spoken of."""
        return tuple(dict.fromkeys((object_.shape, object_.colour) for object_ in self.objects))


def scene_from_seed(
    seed: int, *, held_out: bool | None = False, side: tuple[int, int] | None = None, composition: str | None = None
) -> Scene:
    """The scene of `seed`, always the same one.

    `held_out` False keeps every pair of HELD_OUT away, True shows only such pairs, None does not look.
    `composition` fixes the composition: one, two or many.
    """
    rng = random.Random(seed)
    width, height = side or rng.choices(SIDES, weights=(70, 9, 9, 6, 6))[0]
    backdrop = _backdrop(rng)
    style = rng.choices(STYLES, weights=(76, 6, 6, 6, 6))[0]
    bare = Scene(seed=seed, width=width, height=height, objects=(), backdrop=backdrop, style=style)
    match composition or rng.choices(("one", "two", "many"), weights=(55, 33, 12))[0]:
        case "one":
            return _with_one(rng, bare, held_out)
        case "two":
            return _with_two(rng, bare, held_out)
        case _:
            return _with_many(rng, bare, held_out)


def _backdrop(rng: random.Random) -> Backdrop:
    kind = rng.choices(("plain", "gradient", *SCENERIES), weights=(62, 8, 6, 6, 6, 6, 6))[0]
    if kind == "plain":
        return Backdrop(kind=kind, colour=rng.choices(tuple(COLOURS), weights=[1] * 8 + [2, 5])[0])
    if kind == "gradient":
        return Backdrop(kind=kind, colour=rng.choice(tuple(COLOURS)[:8]))
    return Backdrop(kind=kind)


def colours_on(backdrop: Backdrop) -> list[str]:
    """The colours an object can have on `backdrop` and still be seen well."""
    if backdrop.colour is None:
        return [colour for colour in COLOURS if colour not in SCENERIES[backdrop.kind]]
    hidden = [backdrop.colour, "white"] if backdrop.kind == "gradient" else [backdrop.colour]
    return [colour for colour in COLOURS if not any(colours_clash(colour, other) for other in hidden)]


def _kind(
    rng: random.Random, scene: Scene, held_out: bool | None, taken: Sequence[tuple[str, str]] = ()
) -> tuple[str, str]:
    shapes = {shape for shape, _ in taken}
    colours = {colour for _, colour in taken}
    choices = [
        (shape, colour)
        for shape in SHAPES
        for colour in colours_on(scene.backdrop)
        if shape not in shapes and not any(colours_clash(colour, other) for other in colours)
    ]
    allowed = [pair for pair in choices if held_out is None or (pair in HELD_OUT) == held_out]
    return rng.choice(allowed or choices)


def _object(rng: random.Random, kind: tuple[str, str], at: tuple[float, float], reach: float) -> SceneObject:
    shape, colour = kind
    x, y = (value + rng.uniform(-0.025, 0.025) for value in at)
    return SceneObject(shape=shape, colour=colour, x=x, y=y, reach=reach * rng.uniform(0.93, 1.07))


def _with_one(rng: random.Random, scene: Scene, held_out: bool | None) -> Scene:
    place = rng.choices(tuple(PLACES), weights=(44, 14, 14, 14, 14))[0]
    weights = (16, 54, 30) if place == "centre" else (30, 70, 0)
    size = rng.choices(tuple(SIZES), weights=weights)[0]
    object_ = _object(rng, _kind(rng, scene, held_out), PLACES[place], SIZES[size])
    return replace(scene, objects=(object_,), place=place, size=size)


def _with_two(rng: random.Random, scene: Scene, held_out: bool | None) -> Scene:
    first = _kind(rng, scene, held_out)
    second = _kind(rng, scene, held_out, (first,))
    relation = rng.choices(RELATIONS, weights=(40, 20, 20, 20))[0]
    places = _PAIRS[relation]
    objects = (_object(rng, first, places[0], 0.23), _object(rng, second, places[1], 0.23))
    return replace(scene, objects=objects, relation=relation)


def _with_many(rng: random.Random, scene: Scene, held_out: bool | None) -> Scene:
    kind = _kind(rng, scene, held_out)
    count = rng.choice((2, 3, 4))
    reach = 0.22 if count == 2 else 0.2
    return replace(scene, objects=tuple(_object(rng, kind, at, reach) for at in _LAYOUTS[count]))
