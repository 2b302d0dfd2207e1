"""Denoisers compiled for certain shapes of batches: the same pictures within rounding, faster.

Any other batch (another size, a longer text, adapters) is painted uncompiled, so that no request waits for the
compiler.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Iterable, Sequence
from types import CodeType, FunctionType, MethodType
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch._dynamo import config
from torch._dynamo.eval_frame import reset_code  # type: ignore[attr-defined]
from torch._dynamo.exc import FailOnRecompileLimitHit

from engine.models.loading.blocks import repeated_blocks
from engine.models.registry.speed import Compilation
from engine.painter.pipeline.fast_denoiser import NotCompiled, Predict, Shape, SubBatch, shape_of
from engine.painter.sampling.guidance import PromptEmbeds

# A batch size is padded when at least this share of it is filled; otherwise the rows are split over two forwards.
FILLED = 0.75
# Every batch size, picture size and kind of block is compiled separately; torch's own limit is 8.
_MOST_KINDS = 4096


class CompiledDenoiser:
    """A copy of a denoiser that shares its weights, and the batch sizes that it is compiled for at each `Shape`.

    The copy has its own modules, so that adapters, which change modules, never reach it; and its own code objects, so
    that torch's limits apply to it alone, and what is compiled is freed with it.
    """

    def __init__(self, denoiser: nn.Module, how: Compilation) -> None:
        copied = copy_sharing_weights(denoiser)
        parts = repeated_blocks(copied) if how is Compilation.BLOCKS else [copied]
        weakref.finalize(self, _forget, give_own_code(parts))
        self._how, self._denoiser = how, compiled(copied, parts, how)
        self._batch_sizes: dict[Shape, list[int]] = {}

    def batch_sizes(self, latents: Tensor, embeds: Sequence[PromptEmbeds]) -> Sequence[int]:
        """Return the batch sizes that are compiled for the shape of this batch, ascending; maybe none."""
        shape = shape_of(latents, embeds)
        return self._batch_sizes.get(shape, ()) if shape else ()

    def warm_up(self, predict: Predict, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> None:
        """Compile for batches of this shape and size, unless that is done already.

        Raises: NotCompiled, torch.OutOfMemoryError.
        """
        shape = shape_of(latents, embeds)
        if shape is None or len(latents) in self._batch_sizes.get(shape, ()):
            return
        try:
            with config.patch(accumulated_recompile_limit=_MOST_KINDS):
                # The second call records the graph, where there is one.
                for _ in range(2):
                    self._call(predict, latents, timesteps, embeds)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, FailOnRecompileLimitHit) as error:
            raise NotCompiled(str(error).strip().partition("\n")[0] or type(error).__name__) from error
        self._batch_sizes[shape] = sorted({*self._batch_sizes.get(shape, ()), len(latents)})

    def predict(self, predict: Predict, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        """Return the outputs of a batch, float [batch, channels, height, width], from compiled forwards.

        `batch_sizes` must not be empty for it.

        Raises: torch.OutOfMemoryError; the batch size that did not fit is then no longer used.
        """
        sub_batches = sub_batches_of(len(latents), self.batch_sizes(latents, embeds))
        # A batch that differs in an unforeseen way is painted uncompiled, too.
        with torch.compiler.set_stance("eager_on_recompile"):
            outputs = [self._painted(predict, part, latents, timesteps, embeds) for part in sub_batches]
        return torch.cat(outputs)[: len(latents)]

    def _painted(
        self, predict: Predict, part: SubBatch, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]
    ) -> Tensor:
        some = list(embeds[part.first : part.last])
        filled = [*some, *some[-1:] * part.num_padding]
        try:
            return self._call(predict, part.rows_of(latents), part.rows_of(timesteps), filled)
        except torch.OutOfMemoryError:
            self._drop_sizes_from(latents, embeds, part.num_rows)
            raise

    def _drop_sizes_from(self, latents: Tensor, embeds: Sequence[PromptEmbeds], num_rows: int) -> None:
        shape = shape_of(latents, embeds)
        if shape is not None:
            self._batch_sizes[shape] = [ready for ready in self._batch_sizes[shape] if ready < num_rows]

    def _call(self, predict: Predict, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        if self._how is not Compilation.GRAPHS:
            return predict(self._denoiser, latents, timesteps, embeds)
        torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        # A graph's next run writes over its last output.
        return predict(self._denoiser, latents, timesteps, embeds).clone()


def sub_batches_of(num_rows: int, batch_sizes: Sequence[int]) -> list[SubBatch]:
    """Return the sub-batches that the rows are painted in, in order.

    batch_sizes: ascending, not empty. A size of which FILLED is filled is padded; otherwise rows are split over smaller
        ones.
    """
    sub_batches: list[SubBatch] = []
    at = 0
    while at < num_rows:
        size = _batch_size_for(num_rows - at, batch_sizes)
        sub_batches.append(SubBatch(first=at, last=min(at + size, num_rows), num_rows=size))
        at += size
    return sub_batches


def _batch_size_for(remaining: int, batch_sizes: Sequence[int]) -> int:
    fitting = (num_rows for num_rows in batch_sizes if FILLED * num_rows <= remaining <= num_rows)
    return next(fitting, None) or max(
        (num_rows for num_rows in batch_sizes if num_rows <= remaining), default=batch_sizes[0]
    )


def copy_sharing_weights(denoiser: nn.Module) -> nn.Module:
    """Return a copy of the denoiser with its own modules and the same parameters and buffers."""
    shared = {id(weight): weight for weight in (*denoiser.parameters(), *denoiser.buffers())}
    return copy.deepcopy(denoiser, shared)


def give_own_code(modules: Iterable[nn.Module]) -> list[CodeType]:
    """Give each class of modules a copy of its `forward` that no other module runs; return the code objects.

    torch keeps what it compiles with the code object it compiled, which all modules of a class share.
    """
    own: dict[type[nn.Module], FunctionType] = {}
    for module in modules:
        kind = type(module)
        own.setdefault(kind, _copied(cast(FunctionType, kind.forward)))
        module.forward = MethodType(own[kind], module)
    return [function.__code__ for function in own.values()]


def _copied(function: FunctionType) -> FunctionType:
    code, defaults = function.__code__.replace(), function.__defaults__
    copied = FunctionType(code, function.__globals__, function.__name__, defaults, function.__closure__)
    copied.__kwdefaults__ = function.__kwdefaults__
    return copied


def _forget(codes: Iterable[CodeType]) -> None:
    """Free what was compiled from these code objects, with CUDA graphs and their memory."""
    for code in codes:
        reset_code(code)


def compiled(denoiser: nn.Module, parts: Iterable[nn.Module], how: Compilation) -> nn.Module:
    """Return the denoiser so that its first call with each shape of batch compiles it, or these parts of it."""
    settings: dict[str, Any] = {"fullgraph": True, "dynamic": False, "recompile_limit": _MOST_KINDS}
    if how is Compilation.BLOCKS:
        for block in parts:
            block.compile(**settings)
        return denoiser
    mode = "reduce-overhead" if how is Compilation.GRAPHS else None
    return cast(nn.Module, torch.compile(denoiser, mode=mode, **settings))
