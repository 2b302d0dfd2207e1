"""Overlapping tiles of one picture become that picture again, without seams."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from engine.contract.edits import Box


def cut(whole: Tensor, box: Box) -> Tensor:
    """Return the tile of a picture [..., height, width], as a view of it."""
    return whole[..., box.top : box.top + box.height, box.left : box.left + box.width]


def scaled(box: Box, factor: int) -> Box:
    """Return where a tile lies in a picture that is so many times as wide and high."""
    return Box(left=box.left * factor, top=box.top * factor, width=box.width * factor, height=box.height * factor)


def blend(tiles: Iterable[tuple[Box, Tensor]], width: int, height: int) -> Tensor:
    """Return the picture that the tiles cover: J = sum_i W_i T_i / sum_j W_j.

    tiles: where each lies, and its float [..., height, width]. W falls to all sides from the middle of a tile, so that
    no tile ends at an edge.
    Returns: float [..., height, width], dtype and device of the tiles.
    Source: Bar-Tal et al. 2023 (MultiDiffusion), equation 5.
    """
    total, weights = None, torch.zeros(height, width)
    for box, tile in tiles:
        weight = _weight(box)
        if total is None:
            total = tile.new_zeros(*tile.shape[:-2], height, width, dtype=torch.float32)
        cut(total, box).add_(tile * weight.to(tile.device))
        cut(weights, box).add_(weight)
    assert total is not None
    return (total / weights.to(total.device)).to(tile.dtype)


def _weight(box: Box) -> Tensor:
    """Return the weight of each position of a tile: how near it is to the middle, over 0 to 1."""
    return _ramp(box.height)[:, None] * _ramp(box.width)[None]


def _ramp(length: int) -> Tensor:
    steps = torch.arange(length)
    return (1 + torch.minimum(steps, length - 1 - steps)) / ((length + 1) // 2)
