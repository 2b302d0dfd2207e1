"""The evaluation: how many pictures of held-out captions show what was asked, by the classifier and by pixels.

Scenes come from seeds that training never draws; every figure is a share from 0 to 1 unless its unit is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image

from engine.starter.benchmark import measure_painting_cost
from engine.starter.classifier import (
    Classification,
    Classifier,
    classifier_from_file,
    classify,
    pixels_from_images,
    shows_pair,
)
from engine.starter.metrics import SHOWN, colour_share, mean_distance, psnr
from engine.starter.sample import (
    Components,
    ComposedPrompt,
    Concept,
    components_from_folder,
    pictures_from_prompts,
    prompt_from_caption,
    reconstructed,
)
from engine.starter.world import (
    Scene,
    caption_from_scene,
    phrasing_from_scene,
    picture_from_scene,
    scene_from_seed,
)
from engine.starter.world.vocabulary import SHAPES

FIRST_SEED = 50_000_000
_BATCH = 25
_REMOVABLE = ("red", "yellow", "green", "blue")
_UNCOLOURED = tuple(f"a {shape}" for shape in SHAPES[:10])


@dataclass(frozen=True, kw_only=True)
class MetricRow:
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
class EvaluatedPicture:
    """One held-out scene, the picture painted from its caption, and its classification."""

    scene: Scene
    picture: Image.Image
    classification: Classification


PaintFunction = Callable[[Sequence[ComposedPrompt], Sequence[int]], list[Image.Image]]


def paint_with(components: Components, steps: int, guidance: float) -> PaintFunction:
    """Paints any number of prompts, in batches, with one setting."""

    def paint(prompts: Sequence[ComposedPrompt], seeds: Sequence[int]) -> list[Image.Image]:
        found: list[Image.Image] = []
        for at in range(0, len(prompts), _BATCH):
            rows = slice(at, at + _BATCH)
            found += pictures_from_prompts(components, prompts[rows], seeds[rows], steps=steps, guidance=guidance)
        return found

    return paint


def metric_rows(
    paint: PaintFunction, components: Components, classifier: Classifier, share: float = 1.0
) -> Iterator[MetricRow]:
    """Every row of the table; `share` below 1 paints fewer pictures for each."""
    yield from _caption_figures(paint, classifier, share)
    yield from _removal_figures(paint, classifier, share)
    yield from _weight_figures(paint)
    yield _variety(paint)
    yield reconstruction(components)


def evaluation_table(folder: Path, *, steps: int, guidance: float, share: float) -> str:
    """The whole table for a pipeline folder, in Markdown; with the classifier that ships."""
    components = components_from_folder(folder)
    cost_of_one = measure_painting_cost(folder, steps, guidance)
    cost = [
        MetricRow(
            name=f"grid of four, {cost_of_one.threads} threads (s)",
            value=cost_of_one.seconds,
            count=20,
            target="6 or less",
        ),
        MetricRow(
            name="memory of the painting process (GiB)", value=cost_of_one.gibibytes, count=20, target="1.5 or less"
        ),
    ]
    return table_from_figures(
        [*metric_rows(paint_with(components, steps, guidance), components, classifier_from_file(), share), *cost]
    )


def _caption_figures(paint: PaintFunction, classifier: Classifier, share: float) -> Iterator[MetricRow]:
    ones = painted(paint, classifier, "one", round(180 * share), FIRST_SEED)
    placed = [one for one in ones if one.scene.place != "centre"]
    twos = painted(paint, classifier, "two", round(130 * share), FIRST_SEED + 1000)
    unseen = painted(paint, classifier, "one", round(130 * share), FIRST_SEED + 2000, held_out=True)
    many = painted(paint, classifier, "many", round(60 * share), FIRST_SEED + 3000)
    yield _row("colour of a single object", ones, _colour_is_right, "95 %")
    yield _row("colour of a single object, by pixels", ones, _colour_is_shown, "95 %")
    yield _row("shape of a single object", ones, _shape_is_right, "90 %")
    yield _row("background", ones, lambda one: one.classification.backdrop == one.scene.backdrop, "90 %")
    yield _row("position", placed, lambda one: one.classification.place == one.scene.place, "80 %")
    yield _row("two objects, colours bound", twos, lambda two: shows_pair(classifier, two.picture, two.scene), "65 %")
    yield _row("never seen together", unseen, _kind_is_right, "75 %")
    yield _row("count of two to four", many, lambda some: some.classification.count == len(some.scene.objects))
    styled = [one for one in [*ones, *twos, *unseen, *many] if one.scene.style != "flat"]
    yield _row("style other than flat", styled, lambda one: one.classification.style == one.scene.style)
    for name, held_out in (("word orders", False), ("held-out word orders", True)):
        said = partial(phrasing_from_scene, complete=True, held_out=held_out)
        asked = painted(paint, classifier, "one", round(200 * share), FIRST_SEED + 7000, say=said)
        yield _row(f"{name}: shape, colour and background", asked, _all_is_right, "95 %")


SayFunction = Callable[[Scene, int], str]
_say_caption = partial(caption_from_scene, complete=True)


def painted(
    paint: PaintFunction,
    classifier: Classifier,
    composition: str,
    count: int,
    first_seed: int,
    *,
    held_out: bool = False,
    say: SayFunction = _say_caption,
) -> list[EvaluatedPicture]:
    """`count` held-out scenes of one composition, painted from what `say` makes of them and classified."""
    seeds = range(first_seed, first_seed + count)
    scenes = [scene_from_seed(seed, held_out=held_out, side=(128, 128), composition=composition) for seed in seeds]
    pictures = paint([prompt_from_caption(say(scene, 0)) for scene in scenes], seeds)
    classifications = classify(classifier, pictures)
    return [
        EvaluatedPicture(scene=scene, picture=picture, classification=classification)
        for scene, picture, classification in zip(scenes, pictures, classifications, strict=True)
    ]


def _row(
    name: str, rows: Sequence[EvaluatedPicture], is_right: Callable[[EvaluatedPicture], bool], target: str = ""
) -> MetricRow:
    return MetricRow(name=name, value=_mean(is_right(row) for row in rows), count=len(rows), target=target)


def _colour_is_right(one: EvaluatedPicture) -> bool:
    return one.classification.colour == one.scene.kinds[0][1]


def _colour_is_shown(one: EvaluatedPicture) -> bool:
    return colour_share(one.picture, one.scene.kinds[0][1]) >= SHOWN


def _all_is_right(one: EvaluatedPicture) -> bool:
    return _kind_is_right(one) and one.classification.backdrop == one.scene.backdrop


def _shape_is_right(one: EvaluatedPicture) -> bool:
    return one.classification.shape == one.scene.kinds[0][0]


def _kind_is_right(one: EvaluatedPicture) -> bool:
    return (one.classification.shape, one.classification.colour) == one.scene.kinds[0]


def _removal_figures(paint: PaintFunction, classifier: Classifier, share: float) -> Iterator[MetricRow]:
    texts = [text for text in _UNCOLOURED for _ in range(round(9 * share) or 1)]
    seeds = [FIRST_SEED + 4000 + index for index in range(len(texts))]
    ways = {"as text of the unconditional row": _without_text, "as a row of weight -0.5": _without_row}
    plain = paint([prompt_from_caption(text) for text in texts], seeds)
    before = _mean(_shows(plain, colour) for colour in _REMOVABLE)
    count = len(texts) * len(_REMOVABLE)
    for name, prompt in ways.items():
        without = {colour: paint([prompt(text, colour) for text in texts], seeds) for colour in _REMOVABLE}
        after = _mean(_shows(pictures, colour) for colour, pictures in without.items())
        ratio = after / max(before, 1e-9)
        yield MetricRow(
            name=f"--no colour, {name}: shown after / before (ratio)", value=ratio, count=count, target="0.2 or less"
        )
        shaped = _mean(_shaped(classifier, pictures, texts) for pictures in without.values())
        yield MetricRow(name=f"--no colour, {name}: shape of the object", value=shaped, count=count)
    yield MetricRow(name="a colour shown with no --no", value=before, count=count)


def _shaped(classifier: Classifier, pictures: Sequence[Image.Image], texts: Sequence[str]) -> float:
    classifications = classify(classifier, pictures)
    return _mean(
        text == f"a {classification.shape}" for text, classification in zip(texts, classifications, strict=True)
    )


def _without_text(text: str, colour: str) -> ComposedPrompt:
    return ComposedPrompt(concepts=(Concept(text=text),), negative=colour)


def _without_row(text: str, colour: str) -> ComposedPrompt:
    return ComposedPrompt(concepts=(Concept(text=text), Concept(text=colour, weight=-0.5)))


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def _shows(pictures: Sequence[Image.Image], colour: str) -> float:
    return _mean(colour_share(picture, colour) >= SHOWN for picture in pictures)


def _weight_figures(paint: PaintFunction) -> Iterator[MetricRow]:
    for weight in (0.5, 1.0, 2.0):
        prompt = ComposedPrompt(concepts=(Concept(text="red", weight=weight), Concept(text="blue", weight=1.0)))
        pictures = paint([prompt] * 24, range(FIRST_SEED + 5000, FIRST_SEED + 5024))
        red, blue = (_mean(colour_share(picture, name) for picture in pictures) for name in ("red", "blue"))
        yield MetricRow(
            name=f"red::{weight:g} blue::1: red of red and blue",
            value=red / max(red + blue, 1e-9),
            count=len(pictures),
            target="rising",
        )


def _variety(paint: PaintFunction) -> MetricRow:
    texts = [f"a red {text.removeprefix('a ')}" for text in _UNCOLOURED]
    grids = [paint([prompt_from_caption(text)] * 4, range(at * 4, at * 4 + 4)) for at, text in enumerate(texts)]
    distance = _mean(mean_distance(grid) for grid in grids)
    return MetricRow(name="distance within a grid (RMS of the range)", value=distance, count=4 * len(grids))


def reconstruction(components: Components, count: int = 200) -> MetricRow:
    """The mean PSNR of held-out renders that went through the autoencoder."""
    scenes = [scene_from_seed(FIRST_SEED + 6000 + index, side=(128, 128)) for index in range(count)]
    pictures = [picture_from_scene(scene) for scene in scenes]
    values: list[float] = []
    for at in range(0, count, _BATCH):
        batch = pictures[at : at + _BATCH]
        decoded = reconstructed(components, pixels_from_images(batch))
        values += [psnr(ours, theirs) for ours, theirs in zip(decoded, batch, strict=True)]
    return MetricRow(name="reconstruction (dB PSNR)", value=_mean(values), count=count, target="28")


def table_from_figures(rows: Sequence[MetricRow]) -> str:
    """The table in Markdown."""
    head = "| measure | measured | to reach | pictures |\n|---|---|---|---|"
    return "\n".join([head, *(row.line for row in rows)])
