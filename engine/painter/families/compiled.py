"""Denoisers compiled for the batches that were made ready: the same pictures within rounding, sooner.

Whatever was not made ready (another size, a longer text, adapters) is painted uncompiled, so that nobody who paints
ever waits for a compiler.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from engine.models.blocks import repeated_blocks
from engine.models.speed import Compilation
from engine.painter.rows import Words

# Share of a width's rows that must be there for it to be filled up; else they are painted in two forwards.
FILLED = 0.75
# Every width, size and kind of block is compiled once more: torch gives up after 8 unless told otherwise.
_MOST_KINDS = 512

Predict = Callable[[nn.Module, Tensor, Tensor, Sequence[Words]], Tensor]


class Shape(NamedTuple):
    """What batches must have in common, apart from their width, to be painted by the same compiled code."""

    latents: tuple[int, ...]
    tokens: tuple[int, ...]
    is_masked: bool


def shape_of(latents: Tensor, words: Sequence[Words]) -> Shape | None:
    """Return the shape of a batch; None when its texts have more than one."""
    shapes = {Shape(tuple(latents.shape[1:]), tuple(one.tokens.shape[1:]), one.mask is not None) for one in words}
    return shapes.pop() if len(shapes) == 1 else None


class CompiledDenoiser:
    """A twin of a denoiser with the same weights, and the widths that it is ready for at each shape of a batch.

    The twin has modules of its own, so that adapters, which change modules, never reach it.
    """

    def __init__(self, denoiser: nn.Module, how: Compilation) -> None:
        self._how = how
        self._twin = compiled(twin_of(denoiser), how)
        self._widths: dict[Shape, list[int]] = {}

    def widths(self, latents: Tensor, words: Sequence[Words]) -> Sequence[int]:
        """Return the widths that are ready for such a batch, ascending; none when it was not made ready."""
        shape = shape_of(latents, words)
        return self._widths.get(shape, ()) if shape else ()

    def make_ready(self, predict: Predict, latents: Tensor, timesteps: Tensor, words: Sequence[Words]) -> None:
        """Compile for batches like this one; nothing happens when that was done.

        Raises: RuntimeError when it cannot be compiled.
        """
        shape = shape_of(latents, words)
        if shape is None or len(latents) in self._widths.get(shape, ()):
            return
        # The second call records the graph, where there is one.
        for _ in range(2):
            self._call(predict, latents, timesteps, words)
        self._widths[shape] = sorted({*self._widths.get(shape, ()), len(latents)})

    def predict(
        self, predict: Predict, latents: Tensor, timesteps: Tensor, words: Sequence[Words], widths: Sequence[int]
    ) -> Tensor:
        """Return the outputs of a batch, painted in forwards of the widths that are ready."""
        outputs = []
        for rows in pieces_of(len(latents), widths):
            output = self._call(predict, latents[rows], timesteps[rows], [words[row] for row in rows])
            outputs.append(output)
        return torch.cat(outputs)[: len(latents)]

    def _call(self, predict: Predict, latents: Tensor, timesteps: Tensor, words: Sequence[Words]) -> Tensor:
        if self._how is Compilation.GRAPHS:
            torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        output = predict(self._twin, latents, timesteps, words)
        # A graph's next run writes over its last output.
        return output.clone() if self._how is Compilation.GRAPHS else output


def pieces_of(num_rows: int, widths: Sequence[int]) -> list[list[int]]:
    """Return the rows of each forward; each is as long as one of the widths, the last filled up with its last row.

    widths: ascending. One that is filled for three quarters is filled up; else rows are split over smaller ones.
    """
    pieces: list[list[int]] = []
    at = 0
    while at < num_rows:
        width = _width_for(num_rows - at, widths)
        pieces.append([min(row, num_rows - 1) for row in range(at, at + width)])
        at += width
    return pieces


def _width_for(left: int, widths: Sequence[int]) -> int:
    snug = (width for width in widths if FILLED * width <= left <= width)
    return next(snug, None) or max((width for width in widths if width <= left), default=widths[0])


def twin_of(denoiser: nn.Module) -> nn.Module:
    """Return a denoiser of its own modules and the very same weights."""
    shared = {id(weight): weight for weight in (*denoiser.parameters(), *denoiser.buffers())}
    return copy.deepcopy(denoiser, shared)


def compiled(denoiser: nn.Module, how: Compilation) -> nn.Module:
    """Return the denoiser so that its first call with each kind of batch compiles what `how` says."""
    settings: dict[str, Any] = {"fullgraph": True, "dynamic": False, "recompile_limit": _MOST_KINDS}
    if how is Compilation.BLOCKS:
        for block in repeated_blocks(denoiser):
            block.compile(**settings)
        return denoiser
    mode = "reduce-overhead" if how is Compilation.GRAPHS else None
    return cast(nn.Module, torch.compile(denoiser, mode=mode, **settings))
