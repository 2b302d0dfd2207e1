"""Linear layers that multiply 8-bit floats: their error per row, and which layers are converted."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.loading.fp8 import Fp8Linear, quantize_linears, quantize_rows
from engine.models.loading.offload import weight_bytes
from tests.engine.painter.checkpoints import tiny_unet


def linear(width: int = 64, out: int = 32) -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(width, out)


@torch.inference_mode()
def test_a_product_of_8_bit_floats_is_near_that_of_whole_ones() -> None:
    """E4M3 has 3 bits of mantissa: a number is off by at most a sixteenth, and a sum of many by far less."""
    layer, states = linear(), torch.randn(2, 5, 64)
    exact, rough = layer(states), Fp8Linear(layer)(states)
    assert rough.shape == exact.shape and rough.dtype == exact.dtype
    assert 0 < (rough - exact).norm() / exact.norm() < 1 / 16


@torch.inference_mode()
def test_every_row_has_a_scale_of_its_own() -> None:
    """A row of huge numbers, zeros or NaN does not change the picture next to it."""
    layer = Fp8Linear(linear())
    row = torch.randn(1, 64)
    others = torch.stack([torch.full((64,), 1e6), torch.zeros(64), torch.full((64,), float("nan"))])
    together = layer(torch.cat([row, others]))
    torch.testing.assert_close(together[:1], layer(row))
    torch.testing.assert_close(together[2], layer.bias)
    assert together[3].isnan().all()


def test_scales_bring_rows_back() -> None:
    """The largest number of a row is exact, and every other has a relative error of at most a sixteenth."""
    rows = torch.randn(4, 16)
    quantised, scale = quantize_rows(rows)
    back = quantised.float() * scale
    torch.testing.assert_close(back.abs().amax(1), rows.abs().amax(1))
    assert ((back - rows).abs() <= rows.abs() / 16 + scale * 2**-9).all()


def test_the_linear_layers_of_blocks_are_changed_and_nothing_else() -> None:
    """Convolutions and timestep layers keep the model's precision."""
    unet = tiny_unet(4)
    assert quantize_linears(unet, "tiny", torch.device("cpu")) > 0
    inside = [path for path, part in unet.named_modules() if isinstance(part, Fp8Linear)]
    assert all("transformer_blocks" in path for path in inside)
    assert any(path.endswith("attn2.to_k") for path in inside) and any("ff.net" in path for path in inside)
    assert type(unet.time_embedding.linear_1) is nn.Linear


def test_8_bit_weights_take_a_byte_each() -> None:
    """The weights take a byte each, and their scales take little."""
    layer = linear(512, 512)
    assert weight_bytes(layer) == 512 * 512 * 4 + 512 * 4
    assert weight_bytes(Fp8Linear(layer)) == 512 * 512 + 512 * 4
