"""Paints prompts twice from the same seed: with the style that there is, and with a new adapter in its place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from engine.contract.add_ons import learned_name
from engine.contract.ids import new_id
from engine.contract.jobs import JobSpec, Operation
from engine.contract.painting import PaintedPicture, PaintedPictures, PaintRequest
from engine.models.files.weights import hash_of
from engine.models.registry.adapters import Adapter
from engine.models.registry.registry import Model, Registry
from engine.painter.in_process import LocalPainter, create_painter

_AT_ONCE = 8


@dataclass(frozen=True, kw_only=True)
class TwoPaintings:
    """A prompt painted from one seed: the picture without the adapter, and the one with it."""

    spec: JobSpec
    seed: int
    old: PaintedPicture
    new: PaintedPicture


async def paint_twice(
    registry: Registry, model: Model, adapter: Path, specs: Sequence[JobSpec], seed: int
) -> AsyncIterator[TwoPaintings]:
    """Yield each spec in its order, painted with the style that the registry has, and with the adapter instead.

    seed: of the first spec; each further one has the next.

    Raises: AdapterMismatch, WeightsMissing, and what painting raises.
    """
    async with create_painter(registry) as old, create_painter(with_style(registry, model, adapter)) as new:
        for at in range(0, len(specs), _AT_ONCE):
            requests = [_request(spec, seed + at + place) for place, spec in enumerate(specs[at : at + _AT_ONCE])]
            both = await asyncio.gather(*(_picture(painter, request) for request in requests for painter in (old, new)))
            for request, before, after in zip(requests, both[::2], both[1::2], strict=True):
                yield TwoPaintings(spec=request.spec, seed=request.seed, old=before, new=after)


def with_style(registry: Registry, model: Model, adapter: Path) -> Registry:
    """Return the registry with the adapter as the only style, under the name that it gets when it is promoted."""
    sha256 = hash_of(adapter)
    name = learned_name(sha256)
    style = Adapter(name=name, file=adapter, family=model.family.name, model=None, sha256=sha256, is_style=True)
    others = {known: replace(one, is_style=False) for known, one in registry.adapters.items()}
    return replace(registry, adapters=MappingProxyType({**others, name: style}))


def _request(spec: JobSpec, seed: int) -> PaintRequest:
    return PaintRequest(
        job_id=new_id(), member_id=new_id(), operation=Operation.IMAGINE, spec=spec, seed=seed, num_pictures=1
    )


async def _picture(painter: LocalPainter, request: PaintRequest) -> PaintedPicture:
    async with aclosing(painter.paint(request)) as events:
        async for event in events:
            if isinstance(event, PaintedPictures):
                return event.pictures[0]
    raise AssertionError("a painter ends with pictures or raises")
