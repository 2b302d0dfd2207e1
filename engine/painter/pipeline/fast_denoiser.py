"""What every way to run a denoiser's forward faster than torch by itself has in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from engine.painter.sampling.guidance import PromptEmbeds

# Calls a denoiser, or what is called like one, for a batch.
Predict = Callable[[Any, Tensor, Tensor, Sequence[PromptEmbeds]], Tensor]


class Shape(NamedTuple):
    """What batches of the same compiled code have in common, besides their number of rows.

    latents: channels, height and width. tokens: tokens and features. is_masked: whether texts have an attention mask.
    """

    latents: tuple[int, ...]
    tokens: tuple[int, ...]
    is_masked: bool


def shape_of(latents: Tensor, embeds: Sequence[PromptEmbeds]) -> Shape | None:
    """Return the shape of a batch [batch, channels, height, width]; None when its texts differ in shape."""
    shapes = {Shape(tuple(latents.shape[1:]), tuple(one.tokens.shape[1:]), one.mask is not None) for one in embeds}
    return shapes.pop() if len(shapes) == 1 else None


class SubBatch(NamedTuple):
    """Rows `first` up to `last` of a batch, padded with copies of the last one to a forward of `num_rows`."""

    first: int
    last: int
    num_rows: int

    @property
    def num_padding(self) -> int:
        return self.num_rows - (self.last - self.first)

    def rows_of(self, batch: Tensor) -> Tensor:
        """Return its rows of a batch [batch, ...], padded: [num_rows, ...]."""
        rows = batch[self.first : self.last]
        return torch.cat([rows, rows[-1:].expand(self.num_padding, *rows.shape[1:])]) if self.num_padding else rows


class NotCompiled(Exception):
    """The compiler failed; the text is the first line of its error."""


class ForwardFailed(Exception):
    """A forward failed; what is left to try is smaller, or torch's own."""


class FastDenoiser(Protocol):
    """A denoiser's forward, ready for some batches; all others are painted by the denoiser itself."""

    def batch_sizes(self, latents: Tensor, embeds: Sequence[PromptEmbeds]) -> Sequence[int]:
        """Return the batch sizes that are ready for the shape of this batch, ascending; maybe none."""
        ...

    def warm_up(self, predict: Predict, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> None:
        """Make batches of this shape and size ready, unless they are.

        Raises: NotCompiled, torch.OutOfMemoryError.
        """
        ...

    def predict(self, predict: Predict, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        """Return the outputs of a batch, float [batch, channels, height, width]; `batch_sizes` is not empty for it.

        Raises: torch.OutOfMemoryError, ForwardFailed; `batch_sizes` is then smaller.
        """
        ...
