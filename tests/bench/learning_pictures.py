"""Pictures of the starter to rate, painted once and kept, and prompts that are held out."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image

from engine.contract.ids import new_id
from engine.contract.jobs import JobSpec, Operation, Part
from engine.contract.painting import PaintedPictures, PaintRequest
from engine.models.registry.registry import SHIPPED, Registry, read_registry
from engine.painter.in_process import LocalPainter, create_painter
from engine.starter.classifier import Classifier, classify
from engine.starter.world import Scene, caption_from_scene, scene_from_seed
from engine.starter.world.vocabulary import COLOURS, SHAPES
from tests.bench.learning_raters import PER_GRID, PER_PROMPT

_HELD_OUT_SEED = 50_000_000
_AT_ONCE = 16


@dataclass(frozen=True, kw_only=True)
class PromptOfScene:
    """A prompt, and the scene that it describes; None where it leaves colours to chance."""

    text: str
    scene: Scene | None


def prompts_to_rate(count: int) -> Sequence[str]:
    """Return prompts, half of which say no colour of the object, each once."""
    return [one.text for one in _prompts(count, first=0, seed=40_000_000)]


def held_out_prompts(count: int) -> Sequence[PromptOfScene]:
    """Return prompts of the same two kinds that nobody rated."""
    return _prompts(count, first=1, seed=_HELD_OUT_SEED)


def _prompts(count: int, *, first: int, seed: int) -> Sequence[PromptOfScene]:
    """Return every second plain prompt from `first` on, by chance, and as many scenes."""
    colours = [one for colour in COLOURS for one in (f"on a {colour} background", f"on a {colour} gradient")]
    grounds = [*colours, "in the night sky", "at sunset", "on grass", "on the sea", "on a checkerboard"]
    plain = [f"a {shape} {ground}" for shape in SHAPES for ground in grounds][first::2]
    scenes = [scene_from_seed(seed + at, side=(128, 128), composition="one") for at in range(count - count // 2)]
    described = [PromptOfScene(text=caption_from_scene(one, 0, complete=True), scene=one) for one in scenes]
    return [
        *(PromptOfScene(text=text, scene=None) for text in Random(seed).sample(plain, count // 2)),
        *{one.text: one for one in described}.values(),
    ]


def painted_pictures(folder: Path, prompts: Sequence[str], every: int = 1) -> Mapping[int, bytes]:
    """Return the PNG files of eight pictures of every so many prompts, from the folder or painted into it.

    They are numbered from 1, in the order of the prompts that were chosen.
    """
    name = hashlib.sha256("\n".join(prompts).encode()).hexdigest()[:12]
    place = folder / f"pictures-{name}"
    place.mkdir(parents=True, exist_ok=True)
    chosen = range(0, len(prompts), every)
    missing = [at for at in chosen if not (place / f"{PER_PROMPT * (at + 1)}.png").exists()]
    if missing:
        asyncio.run(_paint(place, prompts, missing))
    names = [PER_PROMPT * at + number for at in chosen for number in range(1, PER_PROMPT + 1)]
    return {number: (place / f"{name}.png").read_bytes() for number, name in enumerate(names, start=1)}


async def painted_from_seeds(
    registry: Registry, prompts: Sequence[str], place: Path, seed: int
) -> Sequence[Image.Image]:
    """Return a picture of each prompt, each with a seed of its own, from the folder or painted into it."""
    await asyncio.to_thread(place.mkdir, parents=True, exist_ok=True)
    files = [place / f"{hashlib.sha256(prompt.encode()).hexdigest()[:16]}.png" for prompt in prompts]
    missing = [at for at, file in enumerate(files) if not file.exists()]
    async with create_painter(registry) as painter:
        for start in range(0, len(missing), _AT_ONCE):
            some = missing[start : start + _AT_ONCE]
            painted = await asyncio.gather(*(_painted(painter, prompts[at], seed + at, 1) for at in some))
            for at, (picture,) in zip(some, painted, strict=True):
                files[at].write_bytes(picture)
    return [opened(file.read_bytes()) for file in files]


async def _paint(place: Path, prompts: Sequence[str], wanted: Sequence[int]) -> None:
    registry = read_registry(SHIPPED)
    async with create_painter(registry) as painter:
        for start in range(0, len(wanted), _AT_ONCE):
            await asyncio.gather(*(_paint_prompt(painter, place, prompts[at], at) for at in wanted[start:][:_AT_ONCE]))


async def _paint_prompt(painter: LocalPainter, place: Path, prompt: str, at: int) -> None:
    number = 1 + PER_PROMPT * at
    for grid in range(PER_PROMPT // PER_GRID):
        for picture in await _painted(painter, prompt, 1000 * at + 100 * grid, PER_GRID):
            (place / f"{number}.png").write_bytes(picture)
            number += 1


async def _painted(painter: LocalPainter, prompt: str, seed: int, count: int) -> Sequence[bytes]:
    request = PaintRequest(
        job_id=new_id(),
        member_id=new_id(),
        operation=Operation.IMAGINE,
        spec=JobSpec(prompt=prompt, parts=(Part(text=prompt),), parameters={}),
        seed=seed,
        num_pictures=count,
    )
    async with aclosing(painter.paint(request)) as events:
        async for event in events:
            if isinstance(event, PaintedPictures):
                return [picture.png for picture in event.pictures]
    raise AssertionError("a painter ends with pictures or raises")


def opened(png: bytes) -> Image.Image:
    """Return the picture of a file."""
    with Image.open(io.BytesIO(png)) as image:
        return image.convert("RGB")


def following(classifier: Classifier, scenes: Sequence[Scene], pictures: Sequence[Image.Image]) -> Mapping[str, float]:
    """Return for how many pictures shape, colour and background are those of their scene, 0 to 1 each."""
    found = list(zip(classify(classifier, list(pictures)), scenes, strict=True))
    return {
        "shape": sum(one.shape == scene.kinds[0][0] for one, scene in found) / len(found),
        "colour": sum(one.colour == scene.kinds[0][1] for one, scene in found) / len(found),
        "background": sum(one.backdrop == scene.backdrop for one, scene in found) / len(found),
    }
