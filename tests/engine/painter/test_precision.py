"""Models in 16 bits and quantized to 8-bit floats, beside the same models in full precision."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.contract.errors import SettingUnsupported
from engine.models.loading.device import Device
from engine.models.loading.pipeline import dtypes_for, load_pipeline
from engine.models.registry.registry import Registry, read_registry
from engine.models.registry.speed import Precision, SpeedSettings
from engine.painter.in_process import create_painter
from tests.engine.painter.requests import encoded_gradient, paint_request, painted, pixels_of, psnr

NEAR_DB = 35


@pytest.mark.parametrize("name", ["tiny", "sdxl"])
async def test_half_precision_paints_nearly_the_same_and_decodes_in_32_bits(registry: Registry, name: str) -> None:
    """A new picture and a variation of one, which is encoded first."""
    own = registry.model(name)
    half = replace(own, name="half", speed=SpeedSettings(precision=Precision.HALF))
    both = replace(registry, models={name: own, "half": half})
    source = encoded_gradient(32, 32)
    async with create_painter(both, max_rows=8) as painter:
        for given in (None, source):
            exact, near = [
                await painted(painter, paint_request("a red cat", sampler="euler", steps=4, model=one, source=given))
                for one in both.models
            ]
            assert all(NEAR_DB < psnr(*pair) < 99 for pair in zip(pixels_of(exact), pixels_of(near), strict=True))
    pipe, _ = load_pipeline(half, Device(device=torch.device("cpu"), dtype=torch.float32))
    assert (pipe.unet.dtype, pipe.text_encoder.dtype, pipe.vae.dtype) == (torch.float16, torch.float16, torch.float32)


def test_a_device_with_bfloat16_keeps_it(registry: Registry) -> None:
    model = replace(registry.model(), speed=SpeedSettings(precision=Precision.HALF))
    dtypes = dtypes_for(model, Device(device=torch.device("cuda"), dtype=torch.bfloat16))
    assert {dtypes.of("unet"), dtypes.of("vae")} == {torch.bfloat16}


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
