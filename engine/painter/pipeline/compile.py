"""Denoisers compiled for the batches that were made ready: the same pictures within rounding, sooner.

Whatever was not made ready (another size, a longer text, adapters) is painted uncompiled, so that nobody who paints
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
from engine.painter.batch.rows import Words

# Share of a width's rows that must be there for it to be filled up; else they are painted in two forwards.
FILLED = 0.75
# Every width, size and kind of block is compiled once more; torch gives up after 8 unless told otherwise.
_MOST_KINDS = 4096

Predict = Callable[[nn.Module, Tensor, Tensor, Sequence[Words]], Tensor]


class NotCompiled(Exception):
    """The compiler gave up; its text is the beginning of what it said."""


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

    The twin has modules of its own, so that adapters, which change modules, never reach it; and code of its own, so
    that torch's limits count for it alone, and what is compiled goes when it goes.
    """

    def __init__(self, denoiser: nn.Module, how: Compilation) -> None:
        twin = twin_of(denoiser)
        parts = repeated_blocks(twin) if how is Compilation.BLOCKS else [twin]
        weakref.finalize(self, _forget, give_own_code(parts))
        self._how, self._denoiser = how, compiled(twin, parts, how)
        self._widths: dict[Shape, list[int]] = {}

    def widths(self, latents: Tensor, words: Sequence[Words]) -> Sequence[int]:
        """Return the widths that are ready for such a batch, ascending; none when it was not made ready."""
        shape = shape_of(latents, words)
        return self._widths.get(shape, ()) if shape else ()

    def make_ready(self, predict: Predict, latents: Tensor, timesteps: Tensor, words: Sequence[Words]) -> None:
        """Compile for batches like this one; nothing happens when that was done.

        Raises: NotCompiled, torch.OutOfMemoryError.
        """
        shape = shape_of(latents, words)
        if shape is None or len(latents) in self._widths.get(shape, ()):
            return
        try:
            with config.patch(accumulated_recompile_limit=_MOST_KINDS):
                # The second call records the graph, where there is one.
                for _ in range(2):
                    self._call(predict, latents, timesteps, words)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, FailOnRecompileLimitHit) as error:
            raise NotCompiled(str(error).strip().partition("\n")[0] or type(error).__name__) from error
        self._widths[shape] = sorted({*self._widths.get(shape, ()), len(latents)})

    def predict(self, predict: Predict, latents: Tensor, timesteps: Tensor, words: Sequence[Words]) -> Tensor:
        """Return the outputs of a batch, painted in forwards of the widths that are ready; there must be some.

        Raises: torch.OutOfMemoryError; what had no room is not ready any more.
        """
        pieces = pieces_of(len(latents), self.widths(latents, words))
        # A batch that differs in a way that nobody thought of is painted uncompiled, too.
        with torch.compiler.set_stance("eager_on_recompile"):
            outputs = [self._painted(predict, piece, latents, timesteps, words) for piece in pieces]
        return torch.cat(outputs)[: len(latents)]

    def _painted(
        self, predict: Predict, piece: Piece, latents: Tensor, timesteps: Tensor, words: Sequence[Words]
    ) -> Tensor:
        some = list(words[piece.first : piece.last])
        filled = [*some, *some[-1:] * piece.num_filled]
        try:
            return self._call(predict, piece.taken_of(latents), piece.taken_of(timesteps), filled)
        except torch.OutOfMemoryError:
            self._leave_out(latents, words, piece.width)
            raise

    def _leave_out(self, latents: Tensor, words: Sequence[Words], width: int) -> None:
        shape = shape_of(latents, words)
        if shape is not None:
            self._widths[shape] = [ready for ready in self._widths[shape] if ready < width]

    def _call(self, predict: Predict, latents: Tensor, timesteps: Tensor, words: Sequence[Words]) -> Tensor:
        if self._how is not Compilation.GRAPHS:
            return predict(self._denoiser, latents, timesteps, words)
        torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        # A graph's next run writes over its last output.
        return predict(self._denoiser, latents, timesteps, words).clone()


class Piece(NamedTuple):
    """Rows of a batch that are painted in one forward, filled up with copies of the last to a width that is ready."""

    first: int
    last: int
    width: int

    @property
    def num_filled(self) -> int:
        return self.width - (self.last - self.first)

    def taken_of(self, batch: Tensor) -> Tensor:
        """Return its rows of a batch, filled up."""
        rows = batch[self.first : self.last]
        return torch.cat([rows, rows[-1:].expand(self.num_filled, *rows.shape[1:])]) if self.num_filled else rows


def pieces_of(num_rows: int, widths: Sequence[int]) -> list[Piece]:
    """Return the pieces that so many rows are painted in, in their order.

    widths: ascending. One that is filled for three quarters is filled up; else rows are split over smaller ones.
    """
    pieces: list[Piece] = []
    at = 0
    while at < num_rows:
        width = _width_for(num_rows - at, widths)
        pieces.append(Piece(first=at, last=min(at + width, num_rows), width=width))
        at += width
    return pieces


def _width_for(left: int, widths: Sequence[int]) -> int:
    snug = (width for width in widths if FILLED * width <= left <= width)
    return next(snug, None) or max((width for width in widths if width <= left), default=widths[0])


def twin_of(denoiser: nn.Module) -> nn.Module:
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
