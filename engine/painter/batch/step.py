"""One denoising step of a mixed batch; below it, how a batch that fails is split until it is known which rows fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from engine.contract.errors import EaselError
from engine.models.loading.errors import result_or_error
from engine.painter.batch.rows import Row
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.guidance import PromptEmbeds
from engine.painter.sampling.params import SamplingParams
from engine.painter.sampling.steering import steered

# Rows that share a trajectory.
Group = Sequence[Row]


@dataclass(frozen=True, kw_only=True, eq=False)
class StepFailure:
    """A row that could not be moved on, and why.

    error: ModelBroken, or torch.OutOfMemoryError.
    can_retry: whether the row is unchanged, so that the same step may be tried again once there is more memory.
    """

    row: Row
    error: EaselError | torch.OutOfMemoryError
    can_retry: bool


def denoise(rows: Sequence[Row], model: LoadedModel, name: str) -> list[StepFailure]:
    """Move every row on by one model call: scale the input, predict, guide, take the sampler's step.

    One forward for all rows, one forward row for each text of each picture; a model call is a function of noisy
    latents and a timestep, as in Karras et al. 2022, and what it predicts (noise, v or velocity) is the sampler's
    concern. Guarantees: until the prediction is there, no row is changed.

    Returns: the rows of each trajectory whose guidance or sampler failed.
    Raises: what the model raises.
    """
    groups = group_by_trajectory(rows)
    latents = [torch.cat([row.latents for row in group]) for group in groups]
    scaled = [group[0].trajectory.scale_model_input(noisy) for group, noisy in zip(groups, latents, strict=True)]
    outputs = model.predict(_repeated(groups, scaled), _timesteps(groups, model), _texts(groups))
    failures: list[StepFailure] = []
    sizes = [sum(row.num_rows for row in group) for group in groups]
    for group, noisy, output in zip(groups, latents, torch.split(outputs, sizes), strict=True):
        error = result_or_error(name, partial(_guide_and_step, group, noisy, output, model))
        # The sampler may have moved on already: it cannot be asked again.
        failures += [] if error is None else [StepFailure(row=row, error=error, can_retry=False) for row in group]
    return failures


def _guide_and_step(group: Group, noisy: Tensor, output: Tensor, model: LoadedModel) -> None:
    """Guide each picture of one trajectory and take its sampler's step; output is float [forward rows, ...]."""
    prediction = _guided(group, output, model)
    trajectory, mosaic, steering = group[0].trajectory, group[0].mosaic, group[0].steering
    if steering is not None and group[0].is_steered:
        prediction = steered(prediction, noisy, trajectory, steering, model.clip_gradient)
    if mosaic is not None:
        mosaic.add({row.slot: one for row, one in zip(group, torch.split(prediction, 1), strict=True)}, trajectory)
        return
    latents, denoised = trajectory.step(prediction, noisy)
    for index, row in enumerate(group):
        row.latents, row.denoised = latents[index, None], denoised[index, None]
        if row.kept is not None:
            row.latents = row.kept.blend(row.latents, trajectory)


def _guided(group: Group, output: Tensor, model: LoadedModel) -> Tensor:
    """Return the guided prediction of each picture, float [pictures, channels, height, width].

    output: float [forward rows, ...], the texts of a picture one after the other.
    """
    conditioning = group[0].active_conditioning
    if all(row.active_conditioning is conditioning and row.shift is None for row in group):
        by_picture = output.view(len(group), -1, *output.shape[1:])
        return model.guide(by_picture.transpose(0, 1).reshape(output.shape), conditioning)
    parts = zip(group, torch.split(output, [row.num_rows for row in group]), strict=True)
    return torch.cat([_in_place(row, model.guide(part, row.active_conditioning)) for row, part in parts])


def group_by_trajectory(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the rows by trajectory; where only some rows of a trajectory are given, they get one of their own."""
    groups: dict[int, list[Row]] = {}
    for row in rows:
        groups.setdefault(id(row.trajectory), []).append(row)
    for group in groups.values():
        if len(group) < len(group[0].trajectory.generators):
            trajectory = group[0].trajectory.split([row.index for row in group])
            for index, row in enumerate(group):
                row.trajectory, row.index = trajectory, index
    return list(groups.values())


def _repeated(groups: Sequence[Group], scaled: Sequence[Tensor]) -> Tensor:
    """Return the model's input, float [forward rows, channels, height, width]: each picture once for each text."""
    return torch.cat([_inputs_of(group, batch) for group, batch in zip(groups, scaled, strict=True)])


def _inputs_of(group: Group, scaled: Tensor) -> Tensor:
    num_rows = {row.num_rows for row in group}
    if len(num_rows) == 1 and all(row.shift is None and row.inputs is None for row in group):
        return scaled.repeat_interleave(num_rows.pop(), dim=0)
    pictures = zip(group, scaled, strict=True)
    return torch.cat([_moved(row, one).expand(row.num_rows, -1, -1, -1) for row, one in pictures])


def _moved(row: Row, latents: Tensor) -> Tensor:
    """Return what the model is given of a picture, float [channels, height, width]."""
    moved = latents if row.shift is None else row.shift.apply(latents)
    return moved if row.inputs is None else torch.cat([moved, row.inputs[0]])


def _in_place(row: Row, prediction: Tensor) -> Tensor:
    return prediction if row.shift is None else row.shift.undo(prediction)


def _timesteps(groups: Sequence[Group], model: LoadedModel) -> Tensor:
    """Return the timestep of each forward row, float32 [forward rows] on the model's device."""
    timesteps = [group[0].trajectory.timestep.float().expand(sum(row.num_rows for row in group)) for group in groups]
    return torch.cat(timesteps).to(model.device, non_blocking=True)


def _texts(groups: Sequence[Group]) -> list[PromptEmbeds]:
    return [text for group in groups for row in group for text in row.next_texts]


def _cost(rows: Iterable[Row]) -> int:
    return sum(row.cost for row in rows)


def step_or_split(
    rows: Sequence[Row], model: LoadedModel, params: SamplingParams, limit_rows: Callable[[int], None]
) -> list[StepFailure]:
    """Move every row on by one model call, in as few forwards as fit the device's memory.

    A forward that fails is split in halves: one that ran out of memory to make it fit, any other to find out whose rows
    fail.

    params: of any of the rows, which have model, size and adapters in common.
    limit_rows: called with the number of forward rows to keep to, when more did not fit.
    Returns: the rows that could not be moved even alone; the others have moved.
    """
    name = params.model.name
    # Adapters that were loaded before may be gone: the model may have been evicted since, and they with it.
    error = result_or_error(name, partial(model.set_adapters, params.loras))
    return _split(rows, model, name, limit_rows) if error is None else _failures(rows, error)


def _split(rows: Sequence[Row], model: LoadedModel, name: str, limit_rows: Callable[[int], None]) -> list[StepFailure]:
    result = result_or_error(name, partial(denoise, rows, model, name))
    if not isinstance(result, Exception):
        return result
    if len(rows) == 1:
        return _failures(rows, result)
    half = (len(rows) + 1) // 2
    if isinstance(result, torch.OutOfMemoryError):
        limit_rows(_cost(rows[:half]))
    return [failure for part in (rows[:half], rows[half:]) for failure in _split(part, model, name, limit_rows)]


def _failures(rows: Iterable[Row], error: EaselError | torch.OutOfMemoryError) -> list[StepFailure]:
    """Return failures of rows that are unchanged."""
    can_retry = isinstance(error, torch.OutOfMemoryError)
    return [StepFailure(row=row, error=error, can_retry=can_retry) for row in rows]
