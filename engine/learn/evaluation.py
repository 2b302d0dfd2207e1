"""Whether a new adapter is better: pictures of unseen prompts with and without it, from the same seeds."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from PIL import Image

from engine.contract.ids import new_id
from engine.contract.jobs import JobSpec, Operation, Part
from engine.contract.painting import PaintedPictures, PaintRequest
from engine.models.registry.adapters import Adapter
from engine.models.registry.registry import Model, Registry
from engine.painter.in_process import LocalPainter, create_painter

_NEW = "new"
_AT_ONCE = 8


@dataclass(frozen=True, kw_only=True)
class Rematch:
    """A prompt painted from one seed with the adapters as they were, and with the new one: PNG files."""

    prompt: str
    old: bytes
    new: bytes


async def paint_rematches(
    registry: Registry, model: Model, adapter: Path, prompts: Sequence[str], seed: int
) -> AsyncIterator[Rematch]:
    """Yield the prompts in any order, each painted with the style that the registry has, and with the adapter instead.

    seed: of the first prompt; each further one has the next.

    Raises: AdapterMismatch, WeightsMissing, and what painting raises.
    """
    style = Adapter(name=_NEW, file=adapter, family=model.family.name, model=None, sha256=None, is_style=True)
    kept = {name: replace(one, is_style=False) for name, one in registry.adapters.items()}
    challenger = replace(registry, adapters=MappingProxyType({**kept, _NEW: style}))
    numbered = list(zip(prompts, range(seed, seed + len(prompts)), strict=True))
    async with create_painter(registry) as old, create_painter(challenger) as new:
        for at in range(0, len(numbered), _AT_ONCE):
            some = [_request(prompt, number, model) for prompt, number in numbered[at : at + _AT_ONCE]]
            olds, news = await asyncio.gather(_painted(old, some), _painted(new, some))
            for request, one, other in zip(some, olds, news, strict=True):
                yield Rematch(prompt=request.spec.prompt, old=one, new=other)


def _request(prompt: str, seed: int, model: Model) -> PaintRequest:
    parameters: Mapping[str, str] = {"model": model.name}
    spec = JobSpec(prompt=prompt, parts=(Part(text=prompt),), parameters=parameters)
    return PaintRequest(
        job_id=new_id(), member_id=new_id(), operation=Operation.IMAGINE, spec=spec, seed=seed, num_pictures=1
    )


async def _painted(painter: LocalPainter, requests: Sequence[PaintRequest]) -> list[bytes]:
    return await asyncio.gather(*(_first_picture(painter, request) for request in requests))


async def _first_picture(painter: LocalPainter, request: PaintRequest) -> bytes:
    async with aclosing(painter.paint(request)) as events:
        async for event in events:
            if isinstance(event, PaintedPictures):
                return event.pictures[0].png
    raise AssertionError("a painter ends with pictures or raises")


def sheet_of(rematches: Sequence[Rematch], columns: int = 4) -> Image.Image:
    """Return a contact sheet: beside each old picture, on its right, the new one of the same seed."""
    pairs = [[Image.open(io.BytesIO(data)) for data in (one.old, one.new)] for one in rematches]
    width, height = pairs[0][0].size
    sheet = Image.new("RGB", (columns * (2 * width + 8), -(-len(pairs) // columns) * (height + 4)), "white")
    for at, (old, new) in enumerate(pairs):
        left, top = at % columns * (2 * width + 8), at // columns * (height + 4)
        sheet.paste(old, (left, top))
        sheet.paste(new, (left + width, top))
    return sheet
