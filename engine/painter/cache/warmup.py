"""Measures how many forward rows pay before a model's first request, and compiles it for those batch sizes.

A batch size pays when it raises the rows per second of a forward; see `next_limit`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.models.loading.errors import translated_errors
from engine.models.registry.registry import Model
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.guidance import PromptEmbeds
from engine.painter.sampling.params import size_of

BATCH_SIZES = (2, 4, 8, 16, 32)

Size = tuple[int, int]
Batch = tuple[Tensor, Tensor, Sequence[PromptEmbeds]]
# Yields once for each piece of work: the largest batch size that pays, or 0 before it is known.
Preparation = Iterator[int]

_RUNS = 3
_LONG_SECONDS = 1.0


def preparation(model: Model, loaded: LoadedModel, known: int | None) -> Preparation:
    """Measure the largest batch size that pays, then compile the model as its `speed` says, a piece at a time.

    A piece is one batch size at one picture size: milliseconds to measure, up to a minute to compile the first time.
    known: the largest batch size that pays, if it need not be measured.

    Raises: SpeedUnsupported, ModelBroken when the first forward fails.
    """
    own = (model.defaults.width, model.defaults.height)
    batch_sizes = batch_sizes_of(model, loaded)
    max_rows = known
    if max_rows is None:
        max_rows = yield from _measuring(model.name, loaded, own, batch_sizes)
    yield max_rows
    if model.speed.compile.is_by_torch:
        sizes = dict.fromkeys((own, *(size_of(ratio, model) for ratio in model.speed.ratios)))
        for size in sizes:
            for _ in _compiling(model.name, loaded, size, [rows for rows in batch_sizes if rows <= max_rows]):
                yield max_rows


def batch_sizes_of(model: Model, loaded: LoadedModel) -> tuple[int, ...]:
    """Return the batch sizes to measure, ascending; 1 only for models whose pictures may take a single forward row."""
    unguided = model.defaults.guidance <= 1.0 or model.speed.guidance_until < 1.0
    takes_one = loaded.has_embedded_guidance or unguided
    return (1, *BATCH_SIZES) if takes_one else BATCH_SIZES


def _measuring(name: str, loaded: LoadedModel, size: Size, batch_sizes: Iterable[int]) -> Generator[int, None, int]:
    """Return the largest batch size that pays at this picture size (width, height) on this device.

    On a CPU it compares CPU time, because other processes prolong wall time. A batch size that does not fit in memory
    does not pay.
    """
    clock = time.process_time if loaded.device.type == "cpu" else time.perf_counter
    limit: BatchSizeLimit = UNKNOWN_LIMIT
    if loaded.device.type != "cpu":
        # The first forward on a device loads its kernels.
        _seconds_of(name, loaded, size, 1, clock)
    for rows in batch_sizes:
        yield 0
        limit = next_limit(limit, rows, _seconds_of(name, loaded, size, rows, clock))
        if limit.is_found:
            break
    return limit.num_rows


def _seconds_of(name: str, loaded: LoadedModel, size: Size, rows: int, clock: Callable[[], float]) -> float:
    """Return the seconds of a forward of `rows` rows; infinity when it does not fit in memory."""
    try:
        with translated_errors(name):
            batch = blank(loaded, size, rows)
            loaded.warm_up(*batch)
            return shortest(lambda: loaded.predict(*batch), clock)
    except torch.OutOfMemoryError:
        return math.inf


def blank(loaded: LoadedModel, size: Size, rows: int) -> Batch:
    """Return a batch of zeros at timestep 500, as `LoadedModel.predict` takes it; no adapters are set.

    size: width and height in pixels.
    """
    loaded.set_adapters(())
    latents = torch.zeros(rows, *loaded.latent_shape(*size), dtype=loaded.dtype, device=loaded.device)
    return latents, torch.full((rows,), 500.0, device=loaded.device), [loaded.encode_negative()] * rows


def _compiling(name: str, loaded: LoadedModel, size: Size, batch_sizes: Iterable[int]) -> Iterator[None]:
    """Compile for each batch size, ascending; stop at one that does not fit in memory."""
    for rows in batch_sizes:
        yield
        try:
            with translated_errors(name):
                loaded.warm_up(*blank(loaded, size, rows))
        except torch.OutOfMemoryError:
            return


def shortest(forward: Callable[[], Tensor], clock: Callable[[], float]) -> float:
    """Return the seconds of the shortest of three runs; long ones are not repeated, because requests wait."""
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
    """The largest batch size that pays, as far as it has been measured.

    rate: rows per second at that size. idle: number of larger sizes in a row that did not pay. is_found: whether no
    larger size need be measured.
    """

    num_rows: int
    rate: float
    idle: int = 0
    is_found: bool = False


UNKNOWN_LIMIT = BatchSizeLimit(num_rows=1, rate=0.0)


def next_limit(
    limit: BatchSizeLimit, num_rows: int, seconds: float, *, gain: float = 0.1, longest_seconds: float = 2.0
) -> BatchSizeLimit:
    """Return the limit after a forward of `num_rows` took `seconds`; batch sizes come in ascending order.

    gain: a batch size pays when it raises rows per second by more than this share.
    longest_seconds: after a forward that took longer, or two in a row that did not pay, no larger size is measured.
    The first size counts even if its forward did not fit in memory.
    """
    rate = num_rows / seconds
    if rate > limit.rate * (1 + gain) or not limit.rate:
        return BatchSizeLimit(num_rows=num_rows, rate=rate, is_found=seconds > longest_seconds)
    idle = limit.idle + 1
    return replace(limit, idle=idle, is_found=idle == 2 or seconds > longest_seconds)
