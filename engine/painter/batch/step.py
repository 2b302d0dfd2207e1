"""One forward of a mixed batch: every row's texts side by side, split when the device has no room for all of them.

A forward that fails for another reason is split as well, until it is known whose rows are to blame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.contract.errors import EaselError
from engine.models.loading.errors import result_or_error
from engine.painter.batch.rows import Row
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.params import Settings


@dataclass(frozen=True, kw_only=True, eq=False)
class StepFailure:
    """A row that could not be moved, and why.

    error: ModelBroken, or torch.OutOfMemoryError.
    can_retry: whether the row is as it was, so that the same step may be tried once there is more room.
    """

    row: Row
    error: EaselError | torch.OutOfMemoryError
    can_retry: bool


def advance(
    rows: Sequence[Row], model: LoadedModel, settings: Settings, narrow: Callable[[int], None]
) -> list[StepFailure]:
    """Move every row on by one model call, in as few forwards as the device has room for.

    settings: of one of the rows, which have model, size and adapters in common.
    narrow: told the number of rows to keep to when a wider forward had no room.
    Returns: the rows that could not be moved even alone; the others have moved.
    """
    name = settings.model.name
    # Adapters that were loaded before may be gone: the model was let go in between, and they with it.
    worn = result_or_error(name, lambda: model.set_adapters(settings.loras))
    return _advance(rows, model, name, narrow) if worn is None else _failures(rows, worn)


def _failures(rows: Iterable[Row], error: EaselError | torch.OutOfMemoryError) -> list[StepFailure]:
    """Return failures for rows that were not touched."""
    return [StepFailure(row=row, error=error, can_retry=isinstance(error, torch.OutOfMemoryError)) for row in rows]


def _advance(rows: Sequence[Row], model: LoadedModel, name: str, narrow: Callable[[int], None]) -> list[StepFailure]:
    groups = group_by_trajectory(rows)
    outputs = result_or_error(name, lambda: _predicted(groups, model))
    if not isinstance(outputs, Exception):
        moved = [_moved(group, output, model, name) for group, output in zip(groups, outputs, strict=True)]
        return [failure for group in moved for failure in group]
    if len(rows) == 1:
        return _failures(rows, outputs)
    half = (len(rows) + 1) // 2
    if isinstance(outputs, torch.OutOfMemoryError):
        narrow(sum(row.num_rows for row in rows[:half]))
    return [failures for part in (rows[:half], rows[half:]) for failures in _advance(part, model, name, narrow)]


def _predicted(groups: Sequence[Sequence[Row]], model: LoadedModel) -> Sequence[Tensor]:
    """Return the model's output for each group, in one forward: a row for each text of each of its pictures."""
    rows = [row for group in groups for row in group]
    timesteps = torch.cat([row.trajectory.timestep.float().expand(row.num_rows) for row in rows])
    outputs = model.predict(
        torch.cat([shown for group in groups for shown in _shown(group)]),
        timesteps.to(model.device, non_blocking=True),
        [words for row in rows for words in row.active_conditioning.texts],
    )
    return torch.split(outputs, [sum(row.num_rows for row in group) for group in groups])


def group_by_trajectory(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the rows grouped by trajectory; rows whose companions are not in the batch are split off first."""
    groups: dict[int, list[Row]] = {}
    for row in rows:
        groups.setdefault(id(row.trajectory), []).append(row)
    for group in groups.values():
        if len(group) < len(group[0].trajectory.generators):
            trajectory = group[0].trajectory.split([row.place for row in group])
            for place, row in enumerate(group):
                row.trajectory, row.place = trajectory, place
    return list(groups.values())


def _shown(group: Sequence[Row]) -> Iterator[Tensor]:
    """Yield what the model is shown of each picture of a group, once for each of its texts."""
    scaled = group[0].trajectory.scale_model_input(torch.cat([row.latents for row in group]))
    for row, latents in zip(group, scaled, strict=True):
        yield latents.expand(row.num_rows, *latents.shape)


def _moved(group: Sequence[Row], output: Tensor, model: LoadedModel, name: str) -> list[StepFailure]:
    """Move a group on; return its rows when that failed half-way, after which its sampler cannot be asked again."""
    error = result_or_error(name, lambda: _move(group, output, model))
    return [] if error is None else [StepFailure(row=row, error=error, can_retry=False) for row in group]


def _move(group: Sequence[Row], output: Tensor, model: LoadedModel) -> None:
    parts = zip(group, torch.split(output, [row.num_rows for row in group]), strict=True)
    prediction = torch.cat([model.guided(part, row.active_conditioning) for row, part in parts])
    latents, denoised = group[0].trajectory.advance(prediction, torch.cat([row.latents for row in group]))
    for place, row in enumerate(group):
        row.latents, row.denoised = latents[place, None], denoised[place, None]
