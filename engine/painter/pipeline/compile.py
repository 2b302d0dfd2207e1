"""Denoisers compiled for the batches that were made ready: the same pictures within rounding, sooner.

Batches that were not prepared (another size, a longer text, adapters) are painted uncompiled, so that no request
ever waits for a compiler.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Iterable, Sequence
from types import CodeType, FunctionType, MethodType
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch._dynamo import config
from torch._dynamo.eval_frame import reset_code  # type: ignore[attr-defined]
from torch._dynamo.exc import FailOnRecompileLimitHit

from engine.models.loading.blocks import repeated_blocks
from engine.models.registry.speed import Compilation
from engine.painter.sampling.guidance import PromptEmbeds

# Share of a batch size that must be there for it to be filled up; else they are painted in two forwards.
FILLED = 0.75
# Every batch size, picture size and kind of block is compiled once more; torch gives up after 8 unless told otherwise.
_MOST_KINDS = 4096

Predict = Callable[[nn.Module, Tensor, Tensor, Sequence[PromptEmbeds]], Tensor]


class NotCompiled(Exception):
    """The compiler gave up; its text is the beginning of what it said."""


class Shape(NamedTuple):
    """What batches must have in common, apart from their number of rows, to be painted by the same compiled code."""

    latents: tuple[int, ...]
    tokens: tuple[int, ...]
    is_masked: bool


def shape_of(latents: Tensor, embeds: Sequence[PromptEmbeds]) -> Shape | None:
    """Return the shape of a batch; None when its texts have more than one."""
    shapes = {Shape(tuple(latents.shape[1:]), tuple(one.tokens.shape[1:]), one.mask is not None) for one in embeds}
    return shapes.pop() if len(shapes) == 1 else None


class CompiledDenoiser:
    """A copy of a denoiser with the same weights, and the batch sizes that it is ready for at each shape of a batch.

    The copy has modules of its own, so that adapters, which change modules, never reach it; and code of its own, so
    that torch's limits count for it alone, and what is compiled goes when it goes.
    """

    def __init__(self, denoiser: nn.Module, how: Compilation) -> None:
        copied = copy_sharing_weights(denoiser)
        parts = repeated_blocks(copied) if how is Compilation.BLOCKS else [copied]
        weakref.finalize(self, _forget, give_own_code(parts))
        self._how, self._denoiser = how, compiled(copied, parts, how)
        self._batch_sizes: dict[Shape, list[int]] = {}

    def batch_sizes(self, latents: Tensor, embeds: Sequence[PromptEmbeds]) -> Sequence[int]:
        """Return the batch sizes that are ready for such a batch, ascending; none when it was not made ready."""
        shape = shape_of(latents, embeds)
        return self._batch_sizes.get(shape, ()) if shape else ()

    def warm_up(self, predict: Predict, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> None:
        """Compile for batches like this one; nothing happens when that was done.

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
        """Return the outputs of a batch, painted in forwards of the batch sizes that are ready; there must be some.

        Raises: torch.OutOfMemoryError; what had no room is not ready any more.
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
        filled = [*some, *some[-1:] * part.num_filled]
        try:
            return self._call(predict, part.taken_of(latents), part.taken_of(timesteps), filled)
        except torch.OutOfMemoryError:
            self._leave_out(latents, embeds, part.num_rows)
            raise

    def _leave_out(self, latents: Tensor, embeds: Sequence[PromptEmbeds], num_rows: int) -> None:
        shape = shape_of(latents, embeds)
        if shape is not None:
            self._batch_sizes[shape] = [ready for ready in self._batch_sizes[shape] if ready < num_rows]

    def _call(self, predict: Predict, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        if self._how is not Compilation.GRAPHS:
            return predict(self._denoiser, latents, timesteps, embeds)
        torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        # A graph's next run writes over its last output.
        return predict(self._denoiser, latents, timesteps, embeds).clone()


class SubBatch(NamedTuple):
    """Rows of a batch that are painted in one forward, padded with copies of the last to a size that is ready."""

    first: int
    last: int
    num_rows: int

    @property
    def num_filled(self) -> int:
        return self.num_rows - (self.last - self.first)

    def taken_of(self, batch: Tensor) -> Tensor:
        """Return its rows of a batch, filled up."""
        rows = batch[self.first : self.last]
        return torch.cat([rows, rows[-1:].expand(self.num_filled, *rows.shape[1:])]) if self.num_filled else rows


def sub_batches_of(num_rows: int, batch_sizes: Sequence[int]) -> list[SubBatch]:
    """Return the sub_batches that so many rows are painted in, in their order.

    batch_sizes: ascending. One that is filled for three quarters is filled up; else rows are split over smaller ones.
    """
    sub_batches: list[SubBatch] = []
    at = 0
    while at < num_rows:
        size = _batch_size_for(num_rows - at, batch_sizes)
        sub_batches.append(SubBatch(first=at, last=min(at + size, num_rows), num_rows=size))
        at += size
    return sub_batches


def _batch_size_for(left: int, batch_sizes: Sequence[int]) -> int:
    snug = (num_rows for num_rows in batch_sizes if FILLED * num_rows <= left <= num_rows)
    return next(snug, None) or max((num_rows for num_rows in batch_sizes if num_rows <= left), default=batch_sizes[0])


def copy_sharing_weights(denoiser: nn.Module) -> nn.Module:
    """Return a denoiser of its own modules and the very same weights."""
    shared = {id(weight): weight for weight in (*denoiser.parameters(), *denoiser.buffers())}
    return copy.deepcopy(denoiser, shared)


def give_own_code(modules: Iterable[nn.Module]) -> list[CodeType]:
    """Give modules a `forward` of code that no other module runs, one for each kind; return those codes.

    torch keeps what it compiles with the code that it was compiled from, for all modules of a class alike.
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
    """Let go of what was compiled from these codes, graphs and their memory with it."""
    for code in codes:
        reset_code(code)


def compiled(denoiser: nn.Module, parts: Iterable[nn.Module], how: Compilation) -> nn.Module:
    """Return the denoiser so that its first call with each kind of batch compiles it, or those parts of it."""
    settings: dict[str, Any] = {"fullgraph": True, "dynamic": False, "recompile_limit": _MOST_KINDS}
    if how is Compilation.BLOCKS:
        for block in parts:
            block.compile(**settings)
        return denoiser
    mode = "reduce-overhead" if how is Compilation.GRAPHS else None
    return cast(nn.Module, torch.compile(denoiser, mode=mode, **settings))
