"""How many rows a model runs at once, measured before its first request, and compilation for those batch sizes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.models.loading.errors import translated_errors
from engine.models.registry.registry import Model
from engine.models.registry.speed import Compilation
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.guidance import PromptEmbeds
from engine.painter.sampling.params import size_of

BATCH_SIZES = (2, 4, 8, 16, 32)

Size = tuple[int, int]
Batch = tuple[Tensor, Tensor, Sequence[PromptEmbeds]]
# One piece of work for each yield, which tells the batch size that pays, or 0 before it is known.
Preparation = Iterator[int]

_RUNS = 3
_LONG_SECONDS = 1.0


def preparation(model: Model, loaded: LoadedModel, known: int | None) -> Preparation:
    """Measure the batch size beyond which a wider forward no longer pays and compile what is to be, a piece at a time.

    Each piece is one batch size at one size: milliseconds to measure, up to a minute to compile for the first time.
    known: that batch size, where it need not be measured.

    Raises: SpeedUnsupported, ModelBroken for what it raises in its first forward.
    """
    own = (model.defaults.width, model.defaults.height)
    batch_sizes = batch_sizes_of(model, loaded)
    max_rows = known
    if max_rows is None:
        max_rows = yield from _measuring(model.name, loaded, own, batch_sizes)
    yield max_rows
    if model.speed.compile is not Compilation.NONE:
        sizes = dict.fromkeys((own, *(size_of(ratio, model) for ratio in model.speed.ratios)))
        for size in sizes:
            for _ in _compiling(model.name, loaded, size, [rows for rows in batch_sizes if rows <= max_rows]):
                yield max_rows


def batch_sizes_of(model: Model, loaded: LoadedModel) -> tuple[int, ...]:
    """Return the batch sizes to measure; 1 only where a picture may take a single row, without guidance."""
    unguided = model.defaults.guidance <= 1.0 or model.speed.guidance_until < 1.0
    takes_one = loaded.has_embedded_guidance or unguided
    return (1, *BATCH_SIZES) if takes_one else BATCH_SIZES


def _measuring(name: str, loaded: LoadedModel, size: Size, batch_sizes: Iterable[int]) -> Generator[int, None, int]:
    """Return the forward rows beyond which a wider forward of this size no longer pays on this device.

    On a CPU it is CPU time that is compared, because other processes stretch the time by the clock. A forward that the
    device has no room for does not pay.
    """
    clock = time.process_time if loaded.device.type == "cpu" else time.perf_counter
    limit: BatchSizeLimit = UNKNOWN_LIMIT
    if loaded.device.type != "cpu":
        # The first forward on a device brings its kernels there.
        _seconds_of(name, loaded, size, 1, clock)
    for rows in batch_sizes:
        yield 0
        limit = next_limit(limit, rows, _seconds_of(name, loaded, size, rows, clock))
        if limit.is_found:
            break
    return limit.num_rows


def _seconds_of(name: str, loaded: LoadedModel, size: Size, rows: int, clock: Callable[[], float]) -> float:
    """Return the seconds of a forward of so many rows of this size; infinitely many where there is no room for it."""
    try:
        with translated_errors(name):
            batch = blank(loaded, size, rows)
            loaded.warm_up(*batch)
            return shortest(lambda: loaded.predict(*batch), clock)
    except torch.OutOfMemoryError:
        return math.inf


def blank(loaded: LoadedModel, size: Size, rows: int) -> Batch:
    """Return an empty batch of this size, with no adapters set; see `LoadedModel.predict`."""
    loaded.set_adapters(())
    latents = torch.zeros(rows, *loaded.latent_shape(*size), dtype=loaded.dtype, device=loaded.device)
    return latents, torch.full((rows,), 500.0, device=loaded.device), [loaded.encode_negative()] * rows


def _compiling(name: str, loaded: LoadedModel, size: Size, batch_sizes: Iterable[int]) -> Iterator[None]:
    """Make every batch size ready; none wider is tried after one that there was no room for."""
    for rows in batch_sizes:
        yield
        try:
            with translated_errors(name):
                loaded.warm_up(*blank(loaded, size, rows))
        except torch.OutOfMemoryError:
            return


def shortest(forward: Callable[[], Tensor], clock: Callable[[], float]) -> float:
    """Return the seconds of the shortest of some runs; after a long one none is repeated, for people wait."""
    best, spent = math.inf, 0.0
    for _ in range(_RUNS):
        seconds = _timed(forward, clock)
        best, spent = min(best, seconds), spent + seconds
        if spent > _LONG_SECONDS:
            break
    return best


def _timed(forward: Callable[[], Tensor], clock: Callable[[], float]) -> float:
    start = clock()
    forward().sum().item()
    return clock() - start


@dataclass(frozen=True, kw_only=True)
class BatchSizeLimit:
    """The number of rows beyond which a wider forward does not pay, as far as it was measured.

    rate: rows per second at that size. idle: larger sizes in a row that did not pay. is_found: whether none larger need
    be measured.
    """

    num_rows: int
    rate: float
    idle: int = 0
    is_found: bool = False


UNKNOWN_LIMIT = BatchSizeLimit(num_rows=1, rate=0.0)


def next_limit(
    limit: BatchSizeLimit, num_rows: int, seconds: float, *, gain: float = 0.1, longest_seconds: float = 2.0
) -> BatchSizeLimit:
    """Return the limit after a forward of so many rows was measured; numbers of rows come in ascending order.

    gain: a wider forward pays when it raises rows per second by more than this share.
    longest_seconds: after a forward that took this long, or two in a row that did not pay, nothing wider is measured.
    The first size counts also when it was not to be measured at all.
    """
    rate = num_rows / seconds
    if rate > limit.rate * (1 + gain) or not limit.rate:
        return BatchSizeLimit(num_rows=num_rows, rate=rate, is_found=seconds > longest_seconds)
    idle = limit.idle + 1
    return replace(limit, idle=idle, is_found=idle == 2 or seconds > longest_seconds)
