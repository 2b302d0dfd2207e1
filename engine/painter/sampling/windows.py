"""Where on the canvas of a new picture its model paints; no torch."""

from __future__ import annotations

from engine.contract.edits import Box, Canvas
from engine.contract.errors import SizeUnsupported
from engine.contract.jobs import Operation
from engine.models.registry.registry import Model
from engine.prompt import is_paintable
from engine.prompt.checks.upscales import MAX_UPSCALED_PIXELS
from engine.prompt.checks.windows import window_of


def window_on(canvas: Canvas, model: Model, operation: Operation) -> Box:
    """Return the part of the canvas that the model paints; for an upscale, the first tile.

    Raises: SizeUnsupported.
    """
    if operation is Operation.UPSCALE:
        return _tile(canvas, model)
    window = window_of(canvas, model.size_limits)
    if window is None:
        raise SizeUnsupported(width=canvas.width, height=canvas.height, model=model.name)
    return window


def _tile(canvas: Canvas, model: Model) -> Box:
    """Return the first tile of an upscaled picture: as large as the square that the model was trained on."""
    limits, size = model.size_limits, (canvas.width, canvas.height)
    width, height = (min(limits.square, side) for side in size)
    is_whole = all(side % limits.multiple == 0 for side in size)
    if not (is_whole and canvas.width * canvas.height <= MAX_UPSCALED_PIXELS and is_paintable(width, height, limits)):
        raise SizeUnsupported(width=canvas.width, height=canvas.height, model=model.name)
    return Box(left=0, top=0, width=width, height=height)
