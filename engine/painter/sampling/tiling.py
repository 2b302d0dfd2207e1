"""Pictures that go on at their own opposite edge, so that copies of one side by side have no seam."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

# With these steps, the edges of the model's view come near no place where they have just been.
# Source: Roberts 2018, the R2 sequence: the powers of 1 / 1.3247, the plastic number.
_DOWN, _ACROSS = 0.7548776662466927, 0.5698402909980532

_MARGIN = 8
"""How many latents a decoder is shown of the other side of each edge."""


@dataclass(frozen=True, kw_only=True)
class Shift:
    """How far a picture is moved before a model call, around its own edges, in latents; even, for models of patches."""

    down: int
    across: int

    def apply(self, latents: Tensor) -> Tensor:
        """Return the latents, float [..., height, width], moved down and to the right."""
        return torch.roll(latents, (self.down, self.across), dims=(-2, -1))

    def undo(self, latents: Tensor) -> Tensor:
        """Return the latents moved back."""
        return torch.roll(latents, (-self.down, -self.across), dims=(-2, -1))


def shift_of(num_done: int, height: int, width: int) -> Shift:
    """Return how far to move latents before the call after `num_done` others.

    A model sees the edges of what it is shown, and paints towards them. They are elsewhere in each step, and always in
    the middle half of the picture, whose own edges are then far inside of what the model sees.
    """
    turns = num_done + 1
    return Shift(down=_even(height, turns * _DOWN), across=_even(width, turns * _ACROSS))


def decode_around(decode: Callable[[Tensor], Tensor], latents: Tensor) -> Tensor:
    """Return the pictures of latents that go on at the opposite edge, uint8 [batch, height, width, 3].

    latents: float [batch, channels, height, width].
    """
    height, width = latents.shape[-2:]
    down, across = min(_MARGIN, height), min(_MARGIN, width)
    pixels = decode(pad(latents, (across, across, down, down), mode="circular"))
    scale = pixels.shape[1] // (height + 2 * down)
    return pixels[:, down * scale : (down + height) * scale, across * scale : (across + width) * scale]


def _even(length: int, turns: float) -> int:
    return int((0.25 + turns % 1 / 2) * length) // 2 * 2
