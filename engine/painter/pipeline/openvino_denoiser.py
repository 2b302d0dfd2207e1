"""A denoiser's forward by OpenVINO, for grids of a model's own size; torch paints everything else.

That is adapters, ControlNets, IP-Adapters, other sizes, longer texts, and what is left of a batch after whole grids.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog
import torch
from torch import Tensor

from engine.painter.pipeline.fast_denoiser import ForwardFailed, Predict, Shape, SubBatch, shape_of
from engine.painter.pipeline.forward_graph import GRAPHS, graph_path, read_graph
from engine.painter.pipeline.openvino_graph import OpenVINOGraph, compile_graph, import_openvino
from engine.painter.sampling.guidance import PromptEmbeds

_log = structlog.get_logger(__name__)

GRID_ROWS = 8
"""Forward rows of a grid with guidance. Each further number of rows would take as much memory again, 65 MB."""

# So many rows are filled up to a grid's; fewer are sooner painted by torch.
_WORTH_FILLING = 6


class OpenVINODenoiser:
    """A `FastDenoiser` that is called as diffusers' denoisers are, with the rows of a grid."""

    def __init__(self, graph: OpenVINOGraph, shape: Shape, denoiser: Any) -> None:
        """`graph` is compiled for GRID_ROWS rows of this shape; `denoiser` is what it was made of."""
        self._graph, self._denoiser = graph, denoiser
        self._shape: Shape | None = shape

    def batch_sizes(self, latents: Tensor, embeds: Sequence[PromptEmbeds]) -> Sequence[int]:
        """Return the rows of a grid if any of this batch are worth it, else nothing."""
        is_fit = len(latents) >= _WORTH_FILLING and self._shape is not None
        return (GRID_ROWS,) if is_fit and shape_of(latents, embeds) == self._shape else ()

    def warm_up(self, predict: Predict, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> None:
        """Do nothing: it was compiled when the model was loaded."""

    def predict(self, predict: Predict, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        """Return the outputs of a batch, float32 [batch, channels, height, width]: whole grids, and the rest by torch.

        Raises: ForwardFailed; nothing is then painted here any more. torch.OutOfMemoryError.
        """
        outputs = []
        for first in range(0, len(latents), GRID_ROWS):
            last = min(first + GRID_ROWS, len(latents))
            is_grid = last - first >= _WORTH_FILLING
            part = SubBatch(first=first, last=last, num_rows=GRID_ROWS if is_grid else last - first)
            texts = [*embeds[first:last], *[embeds[last - 1]] * part.num_padding]
            denoiser = self if is_grid else self._denoiser
            outputs.append(predict(denoiser, part.rows_of(latents), part.rows_of(timesteps), texts))
        return torch.cat(outputs)[: len(latents)]

    def __call__(
        self, latents: Tensor, timesteps: Tensor, *, encoder_hidden_states: Tensor, **_others: Any
    ) -> tuple[Tensor]:
        """Return the prediction, as diffusers' denoisers do with `return_dict=False`.

        Raises: ForwardFailed.
        """
        try:
            return (self._graph(latents, timesteps, encoder_hidden_states),)
        except (RuntimeError, MemoryError) as error:
            self._shape = None
            _log_failure("openvino_failed", error)
            raise ForwardFailed from error


def open_openvino_denoiser(
    denoiser: Any, latents: tuple[int, ...], num_tokens: int, folder: Path = GRAPHS
) -> OpenVINODenoiser | None:
    """Return a denoiser's forward by OpenVINO, compiled in half a second; None where it cannot be had.

    latents: channels, height and width. num_tokens: of a text. folder: of the graphs.
    """
    path = graph_path(denoiser.config, folder)
    is_plain = all(weight.dtype == torch.float32 and weight.device.type == "cpu" for weight in denoiser.parameters())
    if not path.is_file() or not is_plain or (openvino := import_openvino()) is None:
        return None
    shape = Shape(latents, (num_tokens, denoiser.config.cross_attention_dim), is_masked=False)
    shapes = [(GRID_ROWS, *shape.latents), (GRID_ROWS,), (GRID_ROWS, *shape.tokens)]
    try:
        graph = compile_graph(openvino, read_graph(path), denoiser.state_dict(), shapes)
    except (RuntimeError, MemoryError, KeyError) as error:
        _log_failure("openvino_not_used", error)
        return None
    return OpenVINODenoiser(graph, shape, denoiser)


def _log_failure(event: str, error: Exception) -> None:
    """Log the first line of an error, which may have hundreds."""
    _log.warning(event, cause=str(error).strip().partition("\n")[0] or type(error).__name__)
