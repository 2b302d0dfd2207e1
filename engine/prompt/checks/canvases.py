"""The canvas of a new picture around an old one: zoomed out, extended to one side, made square."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import StrEnum
from fractions import Fraction
from functools import partial
from math import isqrt
from types import MappingProxyType

from engine.contract.edits import Box, Canvas, whole_canvas
from engine.contract.errors import SizeUnsupported
from engine.contract.jobs import Job, JobSpec, Operation, Picture
from engine.prompt.checks.outdated import model_of
from engine.prompt.checks.sizes import painted_size, ratio_of, size_for
from engine.prompt.checks.windows import window_of
from engine.prompt.limits import Limits, SizeLimits

PAN_SHARE = Fraction(1, 2)
"""How much of its side a picture grows by when it is panned."""

ZOOMS: Mapping[str, Fraction] = MappingProxyType({"2x": Fraction(2), "1.5x": Fraction(3, 2)})
"""By how much a picture is zoomed out, by the name of each way."""

SQUARE = "square"
_UNKNOWN_MULTIPLE = 8


class PanDirection(StrEnum):
    """The side to which a picture is extended."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


def zoomed_canvas(size: tuple[int, int], factor: Fraction, spec: JobSpec, limits: Limits) -> Canvas:
    """Return a canvas of the picture's own size in which the picture lies in the middle, smaller by `factor` > 1.

    Raises: SizeUnsupported when the model paints no such picture as a whole, ModelUnknown.
    """
    width, height = size
    inner_width, inner_height = round(width / factor), round(height / factor)
    box = Box(left=(width - inner_width) // 2, top=(height - inner_height) // 2, width=inner_width, height=inner_height)
    return checked_canvas(Canvas(width=width, height=height, box=box), spec, limits)


def reshaped_canvas(
    size: tuple[int, int], shape: str, factor: Fraction, spec: JobSpec, limits: Limits
) -> Canvas | None:
    """Return a canvas of that shape with the picture in its middle, smaller by `factor` >= 1 than would fit.

    shape: a ratio such as "3:2"; that of the picture keeps its size. None if nothing is left to paint around it.

    Raises: SizeUnsupported when the model paints no picture of that shape, ModelUnknown.
    """
    width, height = size
    new_width, new_height = size if shape == ratio_of(size) else _size_of(shape, size, spec, limits)
    scale = min(Fraction(new_width, width), Fraction(new_height, height), Fraction(1)) / factor
    inner_width, inner_height = round(width * scale), round(height * scale)
    if (inner_width, inner_height) == (new_width, new_height):
        return None
    left, top = (new_width - inner_width) // 2, (new_height - inner_height) // 2
    box = Box(left=left, top=top, width=inner_width, height=inner_height)
    return checked_canvas(Canvas(width=new_width, height=new_height, box=box), spec, limits)


def panned_canvas(size: tuple[int, int], direction: PanDirection, spec: JobSpec, limits: Limits) -> Canvas:
    """Return a canvas that has half as much again on one side of the picture.

    Raises: SizeUnsupported when the model paints no picture so large, ModelUnknown.
    """
    width, height = size
    is_wider = direction in (PanDirection.LEFT, PanDirection.RIGHT)
    multiple = _multiple(_size_limits(spec, limits))
    added = max(multiple, round((width if is_wider else height) * PAN_SHARE / multiple) * multiple)
    box = Box(
        left=added if direction is PanDirection.LEFT else 0,
        top=added if direction is PanDirection.UP else 0,
        width=width,
        height=height,
    )
    canvas = Canvas(width=width + added * is_wider, height=height + added * (not is_wider), box=box)
    return checked_canvas(canvas, spec, limits)


def squared_canvas(size: tuple[int, int], spec: JobSpec, limits: Limits) -> Canvas:
    """Return a square canvas with the picture in its middle.

    Raises: SizeUnsupported when the model paints no picture so large, ModelUnknown.
    """
    width, height = size
    side = max(size)
    box = Box(left=(side - width) // 2, top=(side - height) // 2, width=width, height=height)
    return checked_canvas(Canvas(width=side, height=side, box=box), spec, limits)


def painted_canvas(size: tuple[int, int], spec: JobSpec, limits: Limits) -> Canvas:
    """Return a canvas of the picture's shape in the size that the spec's model paints, all of it painted anew.

    Raises: SizeUnsupported, ModelUnknown.
    """
    return whole_canvas(*_size_of(ratio_of(size), size, spec, limits))


def varied_canvas(picture: Picture, job: Job, limits: Limits) -> Canvas | None:
    """Return the size in which a picture of the job is varied, where the prompt does not say it; None where it does.

    An upscaled picture is varied in its shape and the size of its model, one that was extended in its own.

    Raises: SizeUnsupported, ModelUnknown.
    """
    size = picture.width, picture.height
    if job.operation is Operation.UPSCALE:
        return painted_canvas(size, job.spec, limits)
    is_extended = job.edit is not None and job.edit.canvas is not None
    return checked_canvas(whole_canvas(*size), job.spec, limits) if is_extended else None


def animated_canvas(picture: Picture, job: Job, limits: Limits) -> Canvas | None:
    """Return the size of a film of a picture of the job, where the prompt does not say it; None where it does.

    job: with the spec of the film. A model that makes films of any model's pictures has sizes of its own.

    Raises: SizeUnsupported, ModelUnknown.
    """
    if limits.animator and job.spec.parameters.get("model") == limits.animator:
        return painted_canvas((picture.width, picture.height), job.spec, limits)
    return varied_canvas(picture, job, limits)


def checked_canvas(canvas: Canvas, spec: JobSpec, limits: Limits) -> Canvas:
    """Return the canvas.

    Raises: SizeUnsupported when the spec's model cannot paint what is new on it, ModelUnknown.
    """
    size_limits = _size_limits(spec, limits)
    if size_limits is not None and window_of(canvas, size_limits) is None:
        raise SizeUnsupported(width=canvas.width, height=canvas.height, model=model_of(spec, limits).name)
    return canvas


def can_be_panned(size: tuple[int, int], spec: JobSpec, limits: Limits) -> bool:
    """Return whether a picture of this size can be extended to any side.

    Raises: ModelUnknown.
    """
    for direction in PanDirection:
        with suppress(SizeUnsupported):
            panned_canvas(size, direction, spec, limits)
            return True
    return False


def unpaintable_extensions(size: tuple[int, int], spec: JobSpec, limits: Limits) -> frozenset[str]:
    """Return which of `ZOOMS`, "square" and the directions the spec's model cannot paint around a picture of this size.

    Raises: ModelUnknown.
    """
    zooms = {name: partial(zoomed_canvas, size, factor, spec, limits) for name, factor in ZOOMS.items()}
    pans = {one.value: partial(panned_canvas, size, one, spec, limits) for one in PanDirection}
    made = {**zooms, **pans, SQUARE: partial(squared_canvas, size, spec, limits)}
    return frozenset(name for name, make in made.items() if not _is_supported(make))


def _is_supported(make: Callable[[], Canvas]) -> bool:
    try:
        make()
    except SizeUnsupported:
        return False
    return True


def _size_of(shape: str, size: tuple[int, int], spec: JobSpec, limits: Limits) -> tuple[int, int]:
    """Return the size in which the spec's model paints that shape; where it is not known, about as large as `size`."""
    size_limits = _size_limits(spec, limits)
    if size_limits is None:
        return size_for(shape, side=isqrt(size[0] * size[1]), step=_UNKNOWN_MULTIPLE)
    painted = painted_size(shape, size_limits)
    if painted is None:
        width, height = size_for(shape, side=size_limits.square, step=size_limits.multiple)
        raise SizeUnsupported(width=width, height=height, model=model_of(spec, limits).name)
    return painted


def _size_limits(spec: JobSpec, limits: Limits) -> SizeLimits | None:
    return model_of(spec, limits).size_limits if limits.models else None


def _multiple(size_limits: SizeLimits | None) -> int:
    return _UNKNOWN_MULTIPLE if size_limits is None else size_limits.multiple
