"""One forward of a mixed batch: every row's texts side by side, split when the device has no room."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from engine.painter.families.protocol import LoadedModel
from engine.painter.rows import Row


def advance(rows: Sequence[Row], model: LoadedModel) -> None:
    """Move every row on by one model call, in one forward.

    Raises: torch.OutOfMemoryError, with no row moved.
    """
    lanes = lanes_of(rows)
    in_order = [row for lane in lanes for row in lane]
    timesteps = torch.cat([row.course.timestep.float().expand(row.width) for row in in_order])
    outputs = model.predict(
        torch.cat([shown for lane in lanes for shown in _shown(lane)]),
        timesteps.to(model.device, non_blocking=True),
        [words for row in in_order for words in row.told.texts],
    )
    widths = [sum(row.width for row in lane) for lane in lanes]
    for lane, output in zip(lanes, torch.split(outputs, widths), strict=True):
        _move(lane, output, model)


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


def _move(lane: Sequence[Row], output: Tensor, model: LoadedModel) -> None:
    parts = zip(lane, torch.split(output, [row.width for row in lane]), strict=True)
    prediction = torch.cat([model.guided(part, row.told) for row, part in parts])
    latents, guesses = lane[0].course.advance(prediction, torch.cat([row.latents for row in lane]))
    for place, row in enumerate(lane):
        row.latents, row.guess = latents[place, None], guesses[place, None]


def advance_split(rows: Sequence[Row], model: LoadedModel, narrow: Callable[[int], None]) -> list[Row]:
    """Move every row on by one model call, in as few forwards as the device has room for.

    narrow: told the width to keep to when a wider forward had no room.
    Returns: the rows that had no room even alone; they have not moved.
    """
    try:
        advance(rows, model)
    except torch.OutOfMemoryError:
        if len(rows) == 1:
            return list(rows)
    else:
        return []
    half = (len(rows) + 1) // 2
    narrow(sum(row.width for row in rows[:half]))
    return advance_split(rows[:half], model, narrow) + advance_split(rows[half:], model, narrow)
