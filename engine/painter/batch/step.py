"""One forward of a mixed batch: every row's texts side by side, split when the device has no room for all of them.

A forward that fails for another reason is split as well, until it is known whose rows are to blame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.contract.errors import EaselError
from engine.models.loading.errors import outcome_of
from engine.painter.batch.rows import Row
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.params import Settings


@dataclass(frozen=True, kw_only=True, eq=False)
class Stuck:
    """A row that could not be moved, and why.

    error: ModelBroken, or torch.OutOfMemoryError.
    may_try_again: whether the row is as it was, so that the same step may be tried once there is more room.
    """

    row: Row
    error: EaselError | torch.OutOfMemoryError
    may_try_again: bool


def advance(rows: Sequence[Row], model: LoadedModel, settings: Settings, narrow: Callable[[int], None]) -> list[Stuck]:
    """Move every row on by one model call, in as few forwards as the device has room for.

    settings: of one of the rows, which have model, size and adapters in common.
    narrow: told the width to keep to when a wider forward had no room.
    Returns: the rows that could not be moved even alone; the others have moved.
    """
    name = settings.model.name
    # Adapters that were loaded before may be gone: the model was let go in between, and they with it.
    worn = outcome_of(name, lambda: model.wear(settings.loras))
    return _advance(rows, model, name, narrow) if worn is None else _stuck(rows, worn)


def _stuck(rows: Iterable[Row], error: EaselError | torch.OutOfMemoryError) -> list[Stuck]:
    """Return rows as stuck before they were touched."""
    return [Stuck(row=row, error=error, may_try_again=isinstance(error, torch.OutOfMemoryError)) for row in rows]


def _advance(rows: Sequence[Row], model: LoadedModel, name: str, narrow: Callable[[int], None]) -> list[Stuck]:
    lanes = lanes_of(rows)
    outputs = outcome_of(name, lambda: _predicted(lanes, model))
    if not isinstance(outputs, Exception):
        moved = [_moved(lane, output, model, name) for lane, output in zip(lanes, outputs, strict=True)]
        return [stuck for lane in moved for stuck in lane]
    if len(rows) == 1:
        return _stuck(rows, outputs)
    half = (len(rows) + 1) // 2
    if isinstance(outputs, torch.OutOfMemoryError):
        narrow(sum(row.width for row in rows[:half]))
    return [stuck for part in (rows[:half], rows[half:]) for stuck in _advance(part, model, name, narrow)]


def _predicted(lanes: Sequence[Sequence[Row]], model: LoadedModel) -> Sequence[Tensor]:
    """Return the model's output for each lane, in one forward: a row for each text of each of its pictures."""
    rows = [row for lane in lanes for row in lane]
    timesteps = torch.cat([row.course.timestep.float().expand(row.width) for row in rows])
    outputs = model.predict(
        torch.cat([shown for lane in lanes for shown in _shown(lane)]),
        timesteps.to(model.device, non_blocking=True),
        [words for row in rows for words in row.told.texts],
    )
    return torch.split(outputs, [sum(row.width for row in lane) for lane in lanes])


def lanes_of(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the rows by the course that they share; rows whose companions stay behind part from them first."""
    lanes: dict[int, list[Row]] = {}
    for row in rows:
        lanes.setdefault(id(row.course), []).append(row)
    for lane in lanes.values():
        if len(lane) < len(lane[0].course.generators):
            course = lane[0].course.parted([row.place for row in lane])
            for place, row in enumerate(lane):
                row.course, row.place = course, place
    return list(lanes.values())


def _shown(lane: Sequence[Row]) -> Iterator[Tensor]:
    """Yield what the model is shown of each picture of a lane, once for each of its texts."""
    scaled = lane[0].course.scaled(torch.cat([row.latents for row in lane]))
    for row, latents in zip(lane, scaled, strict=True):
        yield latents.expand(row.width, *latents.shape)


def _moved(lane: Sequence[Row], output: Tensor, model: LoadedModel, name: str) -> list[Stuck]:
    """Move a lane on; return its rows when that failed half-way, after which its sampler cannot be asked again."""
    error = outcome_of(name, lambda: _move(lane, output, model))
    return [] if error is None else [Stuck(row=row, error=error, may_try_again=False) for row in lane]


def _move(lane: Sequence[Row], output: Tensor, model: LoadedModel) -> None:
    parts = zip(lane, torch.split(output, [row.width for row in lane]), strict=True)
    prediction = torch.cat([model.guided(part, row.told) for row, part in parts])
    latents, guesses = lane[0].course.advance(prediction, torch.cat([row.latents for row in lane]))
    for place, row in enumerate(lane):
        row.latents, row.guess = latents[place, None], guesses[place, None]
