"""Denoisers whose linear layers multiply 8-bit floats: near the same pictures, chosen by name, told in the recipe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from engine.contract.errors import SettingUnsupported
from engine.models.registry import Registry, read_registry
from engine.models.speed import Precision, Speed
from engine.painter.families.fp8 import Fp8Linear, quantise, scaled_rows
from engine.painter.local import create_painter
from tests.engine.painter.checkpoints import tiny_unet
from tests.engine.painter.orders import order, painted, pixels_of, psnr


def linear(width: int = 64, out: int = 32) -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(width, out)


@torch.inference_mode()
def test_a_product_of_8_bit_floats_is_near_that_of_whole_ones() -> None:
    """E4M3 has 3 bits of mantissa, so a number is off by at most a sixteenth and a sum of many by far less."""
    layer, states = linear(), torch.randn(2, 5, 64)
    exact, rough = layer(states), Fp8Linear(layer)(states)
    assert rough.shape == exact.shape and rough.dtype == exact.dtype
    assert 0 < (rough - exact).norm() / exact.norm() < 1 / 16


@torch.inference_mode()
def test_every_row_has_a_scale_of_its_own() -> None:
    """A row of huge numbers, of nothing, or of no numbers at all leaves the picture beside it as it is."""
    layer = Fp8Linear(linear())
    row = torch.randn(1, 64)
    others = torch.stack([torch.full((64,), 1e6), torch.zeros(64), torch.full((64,), float("nan"))])
    together = layer(torch.cat([row, others]))
    torch.testing.assert_close(together[:1], layer(row))
    torch.testing.assert_close(together[2], layer.bias)
    assert together[3].isnan().all()


def test_scales_bring_rows_back() -> None:
    """The largest number of a row is exact, and each other one is within a sixteenth of itself."""
    rows = torch.randn(4, 16)
    quantised, scale = scaled_rows(rows)
    back = quantised.float() * scale
    torch.testing.assert_close(back.abs().amax(1), rows.abs().amax(1))
    assert ((back - rows).abs() <= rows.abs() / 16 + scale * 2**-9).all()


def test_the_linear_layers_of_blocks_are_changed_and_nothing_else() -> None:
    """Convolutions, and the layers that take in times, stay in the model's own numbers."""
    unet = tiny_unet(4)
    assert quantise(unet, "tiny") > 0
    inside = [path for path, part in unet.named_modules() if isinstance(part, Fp8Linear)]
    assert all("transformer_blocks" in path for path in inside)
    assert any(path.endswith("attn2.to_k") for path in inside) and any("ff.net" in path for path in inside)
    assert type(unet.time_embedding.linear_1) is nn.Linear


async def test_pictures_are_near_those_of_whole_numbers_and_no_adapter_is_taken(
    registry: Registry, checkpoints: Path
) -> None:
    """A named model beside the plain one; a member who asks for an adapter with it hears that it takes none."""
    tiny = registry.model()
    rough = replace(tiny, name="rough", speed=Speed(precision=Precision.FP8))
    both = replace(registry, models={"tiny": tiny, "rough": rough})
    async with create_painter(both, width=8) as painter:
        exact, near = [
            await painted(painter, order("a red cat", sampler="euler", steps=4, model=name)) for name in both.models
        ]
        with pytest.raises(SettingUnsupported):
            await painted(painter, order("a red cat", model="rough", lora=("ink",)))
    assert all(20 < psnr(*pair) < 99 for pair in zip(pixels_of(exact), pixels_of(near), strict=True))
    assert "attention" in rough.vocabulary and "lora" not in rough.vocabulary
    assert read_registry(checkpoints / "registry.toml").adapters_of(rough) == ()
