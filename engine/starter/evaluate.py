"""The evaluation: what share of pictures of held-out captions show what was asked, as the judge and pixels see it.

Scenes come from seeds that training never draws; every figure is a share from 0 to 1 unless its unit is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from engine.starter.benchmark import measured_serving
from engine.starter.classifier import (
    Judge,
    Verdict,
    judge_from_file,
    pixels_from_images,
    shows_pair,
    verdicts_from_pictures,
)
from engine.starter.metrics import SHOWN, colour_share, mean_distance, psnr
from engine.starter.sample import (
    Concept,
    Parts,
    Wish,
    parts_from_folder,
    pictures_from_wishes,
    reconstructed,
    wish_from_caption,
)
from engine.starter.world import Scene, caption_from_scene, picture_from_scene, scene_from_seed
from engine.starter.world.vocabulary import SHAPES

FIRST_SEED = 50_000_000
_BATCH = 25
_REMOVABLE = ("red", "yellow", "green", "blue")
_UNCOLOURED = tuple(f"a {shape}" for shape in SHAPES[:10])


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One row of the table: what was measured, on how many pictures, what is to be reached."""

    name: str
    value: float
    count: int
    target: str = ""

    @property
    def line(self) -> str:
        """The row in Markdown."""
        value = f"{self.value:.1%}" if "(" not in self.name else f"{self.value:.3g}"
        return f"| {self.name} | {value} | {self.target} | {self.count} |"


@dataclass(frozen=True, kw_only=True)
class Painted:
    """One held-out scene, the picture painted from its caption, and what the judge saw there."""

    scene: Scene
    picture: Image.Image
    verdict: Verdict


Paint = Callable[[Sequence[Wish], Sequence[int]], list[Image.Image]]


def paint_with(parts: Parts, steps: int, guidance: float) -> Paint:
    """Painting of any number of wishes, in batches, at one setting."""

    def paint(wishes: Sequence[Wish], seeds: Sequence[int]) -> list[Image.Image]:
        found: list[Image.Image] = []
        for at in range(0, len(wishes), _BATCH):
            rows = slice(at, at + _BATCH)
            found += pictures_from_wishes(parts, wishes[rows], seeds[rows], steps=steps, guidance=guidance)
        return found

    return paint


def figures(paint: Paint, parts: Parts, judge: Judge, share: float = 1.0) -> Iterator[Figure]:
    """Every row of the table; `share` below 1 paints fewer pictures for each."""
    yield from _caption_figures(paint, judge, share)
    yield from _removal_figures(paint, judge, share)
    yield from _weight_figures(paint)
    yield _variety(paint)
    yield reconstruction(parts)


def evaluated(folder: Path, *, steps: int, guidance: float, share: float) -> str:
    """The whole table for a pipeline folder, in Markdown; the judge is the one that ships."""
    parts = parts_from_folder(folder)
    serving = measured_serving(folder, steps, guidance)
    cost = [
        Figure(
            name=f"grid of four, {serving.threads} threads (s)", value=serving.seconds, count=20, target="6 or less"
        ),
        Figure(name="memory of the painting process (GiB)", value=serving.gibibytes, count=20, target="1.5 or less"),
    ]
    return table_from_figures([*figures(paint_with(parts, steps, guidance), parts, judge_from_file(), share), *cost])


def _caption_figures(paint: Paint, judge: Judge, share: float) -> Iterator[Figure]:
    ones = painted(paint, judge, "one", round(180 * share), FIRST_SEED)
    placed = [one for one in ones if one.scene.place != "centre"]
    twos = painted(paint, judge, "two", round(130 * share), FIRST_SEED + 1000)
    unseen = painted(paint, judge, "one", round(130 * share), FIRST_SEED + 2000, held_out=True)
    many = painted(paint, judge, "many", round(60 * share), FIRST_SEED + 3000)
    yield _figure("colour of a single object", ones, _colour_is_right, "95 %")
    yield _figure("colour of a single object, by pixels", ones, _colour_is_shown, "95 %")
    yield _figure("shape of a single object", ones, _shape_is_right, "90 %")
    yield _figure("background", ones, lambda one: one.verdict.backdrop == one.scene.backdrop, "90 %")
    yield _figure("position", placed, lambda one: one.verdict.place == one.scene.place, "80 %")
    yield _figure("two objects, colours bound", twos, lambda two: shows_pair(judge, two.picture, two.scene), "65 %")
    yield _figure("never seen together", unseen, _kind_is_right, "75 %")
    yield _figure("count of two to four", many, lambda some: some.verdict.count == len(some.scene.things))
    styled = [one for one in [*ones, *twos, *unseen, *many] if one.scene.style != "flat"]
    yield _figure("style other than flat", styled, lambda one: one.verdict.style == one.scene.style)


def painted(
    paint: Paint, judge: Judge, objects: str, count: int, first_seed: int, held_out: bool = False
) -> list[Painted]:
    """`count` held-out scenes of one composition, painted from complete captions and judged."""
    seeds = range(first_seed, first_seed + count)
    scenes = [scene_from_seed(seed, held_out=held_out, side=(128, 128), objects=objects) for seed in seeds]
    pictures = paint([wish_from_caption(caption_from_scene(scene, 0, complete=True)) for scene in scenes], seeds)
    verdicts = verdicts_from_pictures(judge, pictures)
    return [
        Painted(scene=scene, picture=picture, verdict=verdict)
        for scene, picture, verdict in zip(scenes, pictures, verdicts, strict=True)
    ]


def _figure(name: str, rows: Sequence[Painted], is_right: Callable[[Painted], bool], target: str = "") -> Figure:
    return Figure(name=name, value=_mean(is_right(row) for row in rows), count=len(rows), target=target)


def _colour_is_right(one: Painted) -> bool:
    return one.verdict.colour == one.scene.kinds[0][1]


def _colour_is_shown(one: Painted) -> bool:
    return colour_share(one.picture, one.scene.kinds[0][1]) >= SHOWN


def _shape_is_right(one: Painted) -> bool:
    return one.verdict.shape == one.scene.kinds[0][0]


def _kind_is_right(one: Painted) -> bool:
    return (one.verdict.shape, one.verdict.colour) == one.scene.kinds[0]


def _removal_figures(paint: Paint, judge: Judge, share: float) -> Iterator[Figure]:
    texts = [text for text in _UNCOLOURED for _ in range(round(9 * share) or 1)]
    seeds = [FIRST_SEED + 4000 + index for index in range(len(texts))]
    ways = {"as text of the unconditional row": _without_text, "as a row of weight -0.5": _without_row}
    plain = paint([wish_from_caption(text) for text in texts], seeds)
    before = _mean(_shows(plain, colour) for colour in _REMOVABLE)
    count = len(texts) * len(_REMOVABLE)
    for name, wish in ways.items():
        without = {colour: paint([wish(text, colour) for text in texts], seeds) for colour in _REMOVABLE}
        after = _mean(_shows(pictures, colour) for colour, pictures in without.items())
        ratio = after / max(before, 1e-9)
        yield Figure(
            name=f"--no colour, {name}: shown after / before (ratio)", value=ratio, count=count, target="0.2 or less"
        )
        shaped = _mean(_shaped(judge, pictures, texts) for pictures in without.values())
        yield Figure(name=f"--no colour, {name}: shape of the object", value=shaped, count=count)
    yield Figure(name="a colour shown with no --no", value=before, count=count)


def _shaped(judge: Judge, pictures: Sequence[Image.Image], texts: Sequence[str]) -> float:
    verdicts = verdicts_from_pictures(judge, pictures)
    return _mean(text == f"a {verdict.shape}" for text, verdict in zip(texts, verdicts, strict=True))


def _without_text(text: str, colour: str) -> Wish:
    return Wish(concepts=(Concept(text=text),), negative=colour)


def _without_row(text: str, colour: str) -> Wish:
    return Wish(concepts=(Concept(text=text), Concept(text=colour, weight=-0.5)))


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def _shows(pictures: Sequence[Image.Image], colour: str) -> float:
    return _mean(colour_share(picture, colour) >= SHOWN for picture in pictures)


def _weight_figures(paint: Paint) -> Iterator[Figure]:
    for weight in (0.5, 1.0, 2.0):
        wish = Wish(concepts=(Concept(text="red", weight=weight), Concept(text="blue", weight=1.0)))
        pictures = paint([wish] * 24, range(FIRST_SEED + 5000, FIRST_SEED + 5024))
        red, blue = (_mean(colour_share(picture, name) for picture in pictures) for name in ("red", "blue"))
        yield Figure(
            name=f"red::{weight:g} blue::1: red of red and blue",
            value=red / max(red + blue, 1e-9),
            count=len(pictures),
            target="rising",
        )


def _variety(paint: Paint) -> Figure:
    texts = [f"a red {text.removeprefix('a ')}" for text in _UNCOLOURED]
    grids = [paint([wish_from_caption(text)] * 4, range(at * 4, at * 4 + 4)) for at, text in enumerate(texts)]
    distance = _mean(mean_distance(grid) for grid in grids)
    return Figure(name="distance within a grid (RMS of the range)", value=distance, count=4 * len(grids))


def reconstruction(parts: Parts, count: int = 200) -> Figure:
    """The mean PSNR of held-out renders that went through the autoencoder."""
    scenes = [scene_from_seed(FIRST_SEED + 6000 + index, side=(128, 128)) for index in range(count)]
    pictures = [picture_from_scene(scene) for scene in scenes]
    values: list[float] = []
    for at in range(0, count, _BATCH):
        batch = pictures[at : at + _BATCH]
        decoded = reconstructed(parts, pixels_from_images(batch))
        values += [psnr(ours, theirs) for ours, theirs in zip(decoded, batch, strict=True)]
    return Figure(name="reconstruction (dB PSNR)", value=_mean(values), count=count, target="28")


def table_from_figures(rows: Sequence[Figure]) -> str:
    """The table in Markdown."""
    head = "| measure | measured | to reach | pictures |\n|---|---|---|---|"
    return "\n".join([head, *(row.line for row in rows)])
