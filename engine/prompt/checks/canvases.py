"""The canvas of a new picture around an old one: zoomed out, extended to one side, made square."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction

from engine.contract.edits import Box, Canvas
from engine.contract.errors import SizeUnsupported
from engine.contract.jobs import JobSpec
from engine.prompt.checks.outdated import model_of
from engine.prompt.checks.sizes import is_canvas
from engine.prompt.limits import Limits, SizeLimits

PAN_SHARE = Fraction(1, 2)
"""How much of its side a picture grows by when it is panned."""

_UNKNOWN_MULTIPLE = 8


class PanDirection(StrEnum):
    """The side to which a picture is extended."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


def zoomed_canvas(size: tuple[int, int], factor: Fraction) -> Canvas:
    """Return a canvas of the picture's own size in which the picture lies in the middle, smaller by `factor` > 1."""
    width, height = size
    inner_width, inner_height = round(width / factor), round(height / factor)
    box = Box(left=(width - inner_width) // 2, top=(height - inner_height) // 2, width=inner_width, height=inner_height)
    return Canvas(width=width, height=height, box=box)


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
    return _checked(canvas, spec, limits)


def squared_canvas(size: tuple[int, int], spec: JobSpec, limits: Limits) -> Canvas:
    """Return a square canvas with the picture in its middle.

    Raises: SizeUnsupported when the model paints no picture so large, ModelUnknown.
    """
    width, height = size
    side = max(size)
    box = Box(left=(side - width) // 2, top=(side - height) // 2, width=width, height=height)
    return _checked(Canvas(width=side, height=side, box=box), spec, limits)


def _checked(canvas: Canvas, spec: JobSpec, limits: Limits) -> Canvas:
    size_limits = _size_limits(spec, limits)
    if size_limits is not None and not is_canvas(canvas.width, canvas.height, size_limits):
        raise SizeUnsupported(width=canvas.width, height=canvas.height, model=model_of(spec, limits).name)
    return canvas


def _size_limits(spec: JobSpec, limits: Limits) -> SizeLimits | None:
    return model_of(spec, limits).size_limits if limits.models else None


def _multiple(size_limits: SizeLimits | None) -> int:
    return _UNKNOWN_MULTIPLE if size_limits is None else size_limits.multiple
