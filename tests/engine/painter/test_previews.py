"""Previews: how often there is one, and that the decoder has no part in them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import torch

from engine.contract.painting import PaintRequest, Progress
from engine.models.loading.device import Device
from engine.models.loading.pipeline import load_pipeline
from engine.models.registry.registry import Model, Registry
from engine.painter.batch.options import LoopOptions
from engine.painter.families import adapted
from engine.painter.in_process import LocalPainter, create_painter
from engine.painter.pipeline.protocol import LoadedModel
from engine.prompt import parse_attention
from tests.engine.painter.fakes import FlatModel
from tests.engine.painter.requests import paint_request

CPU = Device(device=torch.device("cpu"), dtype=torch.float32)


@pytest.mark.parametrize(("every", "seen"), [(timedelta(0), [True] * 4), (timedelta.max, [True, False, False, False])])
async def test_a_preview_comes_with_the_first_step_and_then_at_the_given_interval(
    registry: Registry, every: timedelta, seen: list[bool]
) -> None:
    options = LoopOptions(preview_every=every)
    async with create_painter(registry, max_rows=64, options=options, load=FlatModel) as painter:
        for _ in range(2):
            assert await previews(painter, paint_request(steps=4)) == seen


async def test_previews_are_not_decoded(registry: Registry) -> None:
    """Five steps with a preview each of four pictures, and the decoder works once: for the pictures themselves."""
    decoded: list[int] = []

    def load(model: Model) -> LoadedModel:
        pipe, sha256 = load_pipeline(model, CPU)
        pipe.vae.decoder.register_forward_hook(lambda decoder, given, made: decoded.append(len(made)))
        return adapted(pipe, model, device=CPU.device, sha256=sha256, fragments_of=parse_attention)

    options = LoopOptions(preview_every=timedelta(0))
    async with create_painter(registry, max_rows=64, options=options, load=load) as painter:
        assert await previews(painter, paint_request(steps=5)) == [True] * 5
    assert decoded == [4]


async def previews(painter: LocalPainter, wanted: PaintRequest) -> list[bool]:
    """Return for each progress of the request whether it has a preview."""
    return [event.preview is not None async for event in painter.paint(wanted) if isinstance(event, Progress)]
