"""A row of the bench that cannot be measured says why, and ends no other."""

from __future__ import annotations

import pytest
import torch

from engine.contract.errors import ModelBroken, NoRoom, PaintedNothing, SpeedUnsupported
from engine.models.loading.device import Device, best_device
from tests.bench.painter_cuda import SD15, Case, figure_of


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (torch.OutOfMemoryError("no room"), "no room on this device"),
        (NoRoom(model="random"), "no room on this device"),
        (SpeedUnsupported(name="random", setting="fp8", cause="an old card"), "not here: an old card"),
        (ModelBroken(name="random", cause="RuntimeError: no kernel"), "not here: RuntimeError: no kernel"),
        (PaintedNothing(name="random", cause="its latents are not numbers"), "not here: its latents are not numbers"),
    ],
)
async def test_what_cannot_be_measured_is_a_row_that_says_why(error: Exception, told: str) -> None:
    async def measure(case: Case, device: Device) -> str:
        raise error

    assert await figure_of(measure, SD15, best_device()) == told
