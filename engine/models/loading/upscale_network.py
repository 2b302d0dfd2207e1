"""The network of ESRGAN and Real-ESRGAN, and the layouts in which its weights are published.

spandrel reads the same files. It cannot be imported without a torchvision that was built for the very same torch, and
with any other one neither can transformers (spandrel 0.4.2, torchvision 0.28.0, torch 2.13.0 for the CPU).

Source: Wang et al. 2018 (ESRGAN), figure 4; Wang et al. 2021 (Real-ESRGAN), figure 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, pixel_unshuffle

from engine.models.loading.exclusive import one_at_a_time

_RESIDUAL = 0.2
"""The share of a block's output that is added to its input."""
_SLOPE = 0.2
_PREFIX = re.compile(r"(module\.|params_ema\.|params\.)")
# The names of the parts in the weights of Real-ESRGAN; before them those of ESRGAN's two releases.
_NAMES = (
    (re.compile(r"(?:RRDB_trunk|model\.1\.sub)\.(\d+)\.RDB(\d)\.conv(\d)(?:\.0)?\."), r"body.\1.rdb\2.conv\3."),
    (re.compile(r"trunk_conv\.|model\.1\.sub\.\d+\.(?=weight|bias)"), "conv_body."),
    (re.compile(r"upconv(\d)\."), r"conv_up\1."),
    (re.compile(r"HRconv\."), "conv_hr."),
    (re.compile(r"model\.0\."), "conv_first."),
)
_NUMBERED = re.compile(r"model\.(\d+)\.")


class DenseBlock(nn.Module):
    """Five convolutions, each of all before it."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.conv1, self.conv2, self.conv3, self.conv4 = (_conv(channels + growth * num, growth) for num in range(4))
        self.conv5 = _conv(channels + growth * 4, channels)

    def forward(self, x: Tensor) -> Tensor:
        seen = x
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen = torch.cat([seen, leaky_relu(conv(seen), _SLOPE)], dim=1)
        changed: Tensor = self.conv5(seen)
        return x + _RESIDUAL * changed


class ResidualBlock(nn.Module):
    """Three dense blocks with a connection past them."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (DenseBlock(channels, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.rdb3(self.rdb2(self.rdb1(x)))
        return x + _RESIDUAL * changed


class UpscaleNetwork(nn.Module):
    """The network, of the size that its weights have.

    scale: how many times as wide and high its pictures are.
    """

    def __init__(self, channels: int, growth: int, blocks: int, doublings: int, shuffled: int) -> None:
        """`shuffled` is how many pixels a side become one with more channels before the first convolution."""
        super().__init__()
        self._doublings, self._shuffled = doublings, shuffled
        self.scale = 2**doublings // shuffled
        self.conv_first = _conv(3 * shuffled**2, channels)
        self.body = nn.Sequential(*(ResidualBlock(channels, growth) for _ in range(blocks)))
        self.conv_body = _conv(channels, channels)
        for index in range(1, doublings + 1):
            setattr(self, f"conv_up{index}", _conv(channels, channels))
        self.conv_hr = _conv(channels, channels)
        self.conv_last = _conv(channels, 3)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return float [batch, 3, height * scale, width * scale], about 0 to 1.

        pictures: float [batch, 3, height, width] in 0 to 1; sides are multiples of 4.
        """
        first = self.conv_first(pixel_unshuffle(pictures, self._shuffled))
        x = first + self.conv_body(self.body(first))
        for index in range(1, self._doublings + 1):
            x = leaky_relu(getattr(self, f"conv_up{index}")(interpolate(x, scale_factor=2)), _SLOPE)
        larger: Tensor = self.conv_last(leaky_relu(self.conv_hr(x), _SLOPE))
        return larger


def network_from_weights(weights: Mapping[str, Tensor]) -> UpscaleNetwork:
    """Return the network of these weights, in float32, ready to be used.

    weights: in the layout of Real-ESRGAN or in one of ESRGAN's.

    Raises: ValueError for weights of anything else, or of a network that does not make pictures larger.
    """
    named = dict(_renamed({_PREFIX.sub("", name, count=1): weight for name, weight in weights.items()}))
    needed = ("conv_first.weight", "body.0.rdb1.conv1.weight", "conv_up1.weight", "conv_last.weight")
    if missing := [name for name in needed if name not in named]:
        raise ValueError(f"it is no ESRGAN: it lacks {missing[0]}")
    channels, inputs = named["conv_first.weight"].shape[:2]
    with one_at_a_time, torch.device("meta"):
        network = UpscaleNetwork(
            channels,
            growth=named["body.0.rdb1.conv1.weight"].shape[0],
            blocks=1 + max(int(name.split(".")[1]) for name in named if name.startswith("body.")),
            doublings=sum(name.startswith("conv_up") and name.endswith(".weight") for name in named),
            shuffled=isqrt(inputs // 3),
        )
    with one_at_a_time:
        _fill(network, named)
    if network.scale < 2:
        raise ValueError("it does not make pictures larger")
    return network.requires_grad_(False).eval()


def _fill(network: UpscaleNetwork, named: Mapping[str, Tensor]) -> None:
    try:
        network.load_state_dict({name: one.float() for name, one in named.items()}, assign=True)
    except RuntimeError as error:
        raise ValueError("it is no ESRGAN: " + " ".join(str(error).split()[:30])) from error


def _renamed(weights: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Yield the weights under the names that Real-ESRGAN has for them."""
    numbers = sorted({int(match[1]) for name in weights if (match := _NUMBERED.match(name))} - {0, 1})
    last = dict(zip(numbers[-2:], ("conv_hr", "conv_last"), strict=False))
    ups = {number: f"conv_up{index}" for index, number in enumerate(numbers[:-2], start=1)}
    for name, weight in weights.items():
        for old, new in _NAMES:
            name = old.sub(new, name, count=1) if old.match(name) else name
        if match := _NUMBERED.match(name):
            name = f"{(ups | last)[int(match[1])]}.{name[match.end() :]}"
        yield name, weight


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)
