"""How wide a model paints, measured before it paints for anybody, and what is compiled for those widths."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from engine.models.registry import Model
from engine.models.speed import Compilation
from engine.painter.families.protocol import LoadedModel
from engine.painter.rows import Words
from engine.painter.settings import size_of
from engine.painter.turns import knee

WIDTHS = (2, 4, 8, 16, 32)

Batch = tuple[Tensor, Tensor, Sequence[Words]]

_RUNS = 3
_LONG_SECONDS = 1.0


def prepared_width(model: Model, loaded: LoadedModel, known: int | None, beat: Callable[[], None]) -> int:
    """Return the forward rows beyond which a wider forward no longer pays, everything compiled that is to be.

    known: that width, where it need not be measured. beat: called after each width, for compiling takes minutes.

    Raises: SpeedUnsupported.
    """
    own = (model.defaults.width, model.defaults.height)
    widths = widths_of(model, loaded)
    width = known or measured_width(loaded, own, widths, beat)
    if model.speed.compile is not Compilation.NONE:
        sizes = dict.fromkeys((own, *(size_of(ratio, model) for ratio in model.speed.ratios)))
        _compile(loaded, [(size, rows) for size in sizes for rows in widths if rows <= width], beat)
    return width


def widths_of(model: Model, loaded: LoadedModel) -> tuple[int, ...]:
    """Return the widths that come into question; one row is one only where a picture takes one, without guidance."""
    takes_one = loaded.has_embedded_guidance or model.defaults.guidance <= 1.0
    return (1, *WIDTHS) if takes_one else WIDTHS


def measured_width(
    loaded: LoadedModel, size: tuple[int, int], widths: Sequence[int] = WIDTHS, beat: Callable[[], None] = lambda: None
) -> int:
    """Return the forward rows beyond which a wider forward of this size no longer pays on this device.

    On a CPU it is CPU time that is compared, because other processes stretch the time by the clock. A forward that the
    device has no room for does not pay.
    """
    clock = time.process_time if loaded.device.type == "cpu" else time.perf_counter

    def seconds_of(rows: int) -> float:
        batch = blank(loaded, size, rows)
        try:
            loaded.make_ready(*batch)
            return shortest(lambda: loaded.predict(*batch), clock)
        except torch.OutOfMemoryError:
            return math.inf
        finally:
            beat()

    if loaded.device.type != "cpu":
        # The first forward on a device brings its kernels there.
        seconds_of(widths[0])
    return knee(seconds_of, widths)


def blank(loaded: LoadedModel, size: tuple[int, int], rows: int) -> Batch:
    """Return a batch of this size that shows nothing; see `LoadedModel.predict`."""
    latents = torch.zeros(rows, *loaded.latent_shape(*size), dtype=loaded.dtype, device=loaded.device)
    return latents, torch.full((rows,), 500.0, device=loaded.device), [loaded.away()] * rows


def _compile(loaded: LoadedModel, wanted: Sequence[tuple[tuple[int, int], int]], beat: Callable[[], None]) -> None:
    """Make ready what there is room for; wider batches of a size are not tried after one that had none."""
    crowded: set[tuple[int, int]] = set()
    for size, rows in wanted:
        if size in crowded:
            continue
        try:
            loaded.make_ready(*blank(loaded, size, rows))
        except torch.OutOfMemoryError:
            crowded.add(size)
        beat()


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
