"""The choices that paint other pictures, on the starter: how soon a grid is there, and what the judge finds right.

One painter paints them all, as members would get them, on one thread. Grids of the choices take turns; on a CPU their
CPU time counts, on a CUDA device the clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from statistics import median
from types import MappingProxyType

from PIL import Image

from engine.contract.painting import PaintRequest
from engine.models.loading.device import best_device
from engine.models.registry.registry import Registry, read_registry
from engine.models.registry.speed import Precision, SpeedSettings
from engine.painter.in_process import LocalPainter, create_painter
from engine.starter.classifier import classifier_from_file
from engine.starter.evaluate import MetricRow, PaintFunction, metric_rows
from engine.starter.sample import ComposedPrompt, components_from_folder
from tests.bench.side_by_side import PROMPT, Spent, stopwatch
from tests.engine.painter.requests import Pixels, all_painted, paint_request, painted, pixels_of, psnr

GRIDS = 12
JUDGED_SHARE = 0.5
JUDGED = 7
# The first is what the others are compared with; names of choices serve as names of models.
LOOSE: Mapping[str, SpeedSettings] = MappingProxyType(
    {
        "as shipped": SpeedSettings(),
        'precision = "fp8"': SpeedSettings(precision=Precision.FP8),
        "guidance_until = 0.75": SpeedSettings(guidance_until=0.75),
        "guidance_until = 0.5": SpeedSettings(guidance_until=0.5),
    }
)


async def judged_lines() -> list[str]:
    """Return a table: the speed of a grid by each choice, how far its pictures are, and the shares that are right."""
    async with create_painter(_starters(), threads=1) as painter:
        grids = [await _grid_line(painter, name) for name in LOOSE]
        shares = [await asyncio.to_thread(_shares, _paint_by(painter, name)) for name in LOOSE]
    names = ("choice", "speed of a grid", "difference", *(figure.name for figure in shares[0]))
    rows = [(f"`{name}`", *grid, *map(_percent, share)) for name, grid, share in zip(LOOSE, grids, shares, strict=True)]
    return [_line(names), "|---" * len(names) + "|", *map(_line, rows)]


def _starters() -> Registry:
    registry = read_registry()
    starter = registry.model("starter")
    models = {name: replace(starter, name=name, speed=speed) for name, speed in LOOSE.items()}
    return replace(registry, default=next(iter(LOOSE)), models=MappingProxyType(models))


async def _grid_line(painter: LocalPainter, name: str) -> tuple[str, str]:
    """Return how much sooner a grid is there than as shipped, and the median difference of its pictures."""
    first = next(iter(LOOSE))
    spent = {first: Spent(), name: Spent()}
    pictures: dict[str, list[Pixels]] = {first: [], name: []}
    for seed in range(-1, GRIDS):
        for model, times in spent.items():
            # The first grid of a model brings it off the disk.
            with stopwatch(Spent() if seed < 0 else times):
                result = await painted(painter, paint_request(PROMPT, seed=4 * seed + 4, model=model))
            pictures[model] += pixels_of(result)
    is_cpu = best_device().device.type == "cpu"
    plain, other = ((one.cpu if is_cpu else one.clock) for one in (spent[first], spent[name]))
    speed = median(a / b for a, b in zip(plain, other, strict=True))
    near = median(psnr(a, b) for a, b in zip(pictures[first], pictures[name], strict=True))
    return f"{speed:.2f}", "none" if name == first else f"{near:.0f} dB"


def _shares(paint: PaintFunction) -> list[MetricRow]:
    folder = read_registry().model("starter").source.folder
    assert folder is not None
    return list(
        islice(metric_rows(paint, components_from_folder(folder), classifier_from_file(), JUDGED_SHARE), JUDGED)
    )


def _paint_by(painter: LocalPainter, model: str) -> PaintFunction:
    """Return painting for other threads than the one whose loop this is called in."""
    loop = asyncio.get_running_loop()

    def paint(wishes: Sequence[ComposedPrompt], seeds: Sequence[int]) -> list[Image.Image]:
        requests = [_request(wish, seed, model) for wish, seed in zip(wishes, seeds, strict=True)]
        results = asyncio.run_coroutine_threadsafe(all_painted(painter, requests), loop).result()
        return [Image.fromarray(picture) for result in results for picture in pixels_of(result)]

    return paint


def _request(wish: ComposedPrompt, seed: int, model: str) -> PaintRequest:
    return paint_request(*((part.text, part.weight) for part in wish.concepts), seed=seed, pictures=1, model=model)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _percent(figure: MetricRow) -> str:
    return f"{figure.value:.1%}"
