"""Models quantized to 8-bit floats beside the same models in full precision."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.contract.errors import SettingUnsupported
from engine.models.registry.registry import Registry, read_registry
from engine.models.registry.speed import Precision, SpeedSettings
from engine.painter.in_process import create_painter
from tests.engine.painter.requests import paint_request, painted, pixels_of, psnr


async def test_quantized_pictures_are_close_and_adapters_are_refused(registry: Registry, checkpoints: Path) -> None:
    """A quantized model beside the plain one; a request for an adapter with it is refused."""
    tiny = registry.model()
    rough = replace(tiny, name="rough", speed=SpeedSettings(precision=Precision.FP8))
    both = replace(registry, models={"tiny": tiny, "rough": rough})
    async with create_painter(both, max_rows=8) as painter:
        exact, near = [
            await painted(painter, paint_request("a red cat", sampler="euler", steps=4, model=name))
            for name in both.models
        ]
        with pytest.raises(SettingUnsupported):
            await painted(painter, paint_request("a red cat", model="rough", lora=("ink",)))
    assert all(20 < psnr(*pair) < 99 for pair in zip(pixels_of(exact), pixels_of(near), strict=True))
    assert "attention" in rough.prompt_abilities and "lora" not in rough.prompt_abilities
    assert read_registry(checkpoints / "registry.toml").adapters_of(rough) == ()
