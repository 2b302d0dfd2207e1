"""Linear layers that multiply 8-bit floats: faster on devices that support them, with a larger rounding error."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import ScalingType, scaled_mm

from engine.contract.errors import SpeedUnsupported
from engine.models.loading.blocks import repeated_blocks

E4M3 = torch.float8_e4m3fn
_MOST = torch.finfo(E4M3).max
_LEAST_SCALE = 1e-12
# CUDA devices require widths that are multiples of this.
_MULTIPLE = 16
_LEFT = ("norm", "mod", "time_emb")
_FIRST_CAPABLE = (8, 9)


class Fp8Linear(nn.Module):
    """A linear layer with weight and input in E4M3, each row of both with its own scale: y = s_x (q_x q_w^T) s_w + b.

    weight: float8_e4m3fn [out, in], q_w. scale: float32 [1, out], s_w. bias: [out] in the dtype of the original layer.

    Source: Micikevicius et al. 2022 (FP8 formats for deep learning), section 3 for the format, whose maximum is 448.
    """

    scale: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight, scale = quantize_rows(linear.weight.detach())
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.register_buffer("scale", scale.t())
        self.bias = linear.bias

    def forward(self, states: Tensor) -> Tensor:
        """Return the product of the states [..., in] and the weight, [..., out], in the dtype of the states."""
        rows, scale = quantize_rows(states.flatten(0, -2))
        product: Tensor = scaled_mm(
            rows,
            self.weight.t(),
            scale,
            ScalingType.RowWise,
            self.scale,
            ScalingType.RowWise,
            output_dtype=states.dtype,
            use_fast_accum=True,
        )
        return (product if self.bias is None else product + self.bias).view(*states.shape[:-1], -1)


def quantize_rows(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return rows [n, width] as q, float8_e4m3fn [n, width], and the scale s of each row, float32 [n, 1].

    s = max(max_j |x_j| / 448, 1e-12), q = x / s, so that x is about q s and the largest number of a row becomes 448.
    NaN stays NaN, in its own row only.
    """
    scale = (rows.abs().amax(dim=1, keepdim=True).float() / _MOST).clamp(min=_LEAST_SCALE)
    return (rows / scale).clamp(-_MOST, _MOST).to(E4M3), scale


def quantize_linears(denoiser: nn.Module, name: str, device: torch.device) -> int:
    """Replace the linear layers of a denoiser's repeated blocks with `Fp8Linear`, in place, and return their number.

    Not replaced: convolutions, layers outside the blocks, layers whose widths are not multiples of 16, and the small
    layers that embed the timestep or compute the scales of norms.

    device: the device that the denoiser will run on.

    Raises: SpeedUnsupported for a CUDA device without 8-bit floats, which need compute capability 8.9.
    """
    if device.type == "cuda" and torch.cuda.get_device_capability(device) < _FIRST_CAPABLE:
        cause = f"{torch.cuda.get_device_name(device)} does not support 8-bit floats"
        raise SpeedUnsupported(name=name, setting='precision = "fp8"', cause=cause)
    num = 0
    for block in repeated_blocks(denoiser):
        for path, linear in [(path, part) for path, part in block.named_modules() if _is_fit(path, part)]:
            parent, _, child = path.rpartition(".")
            setattr(block.get_submodule(parent), child, Fp8Linear(linear))
            num += 1
    return num


def _is_fit(path: str, part: nn.Module) -> bool:
    if not isinstance(part, nn.Linear) or any(word in path for word in _LEFT):
        return False
    return part.in_features % _MULTIPLE == 0 and part.out_features % _MULTIPLE == 0
