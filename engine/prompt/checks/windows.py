"""The window of a picture in which a part is painted: the part, with as much around it as a model wants to see."""

from __future__ import annotations

from engine.contract.edits import Box, Canvas, cell_box
from engine.prompt.checks.sizes import is_canvas, is_paintable
from engine.prompt.limits import SizeLimits


def window_of(canvas: Canvas, size_limits: SizeLimits) -> Box | None:
    """Return where on the canvas the model paints: all that is painted anew, and at least the square of its training.

    The part has half of that square around it where there is room. A model with a list of sizes paints one of them; if
    that window is none, it is the smallest that has the part. What lies farther away is kept as it is and costs
    nothing; the model sees a picture of a size that it knows.

    Returns: None if the model paints no such canvas, or no size that has the part and fits on it.
    """
    if not is_canvas(canvas.width, canvas.height, size_limits):
        return None
    part = _bounds(painted_boxes(canvas), canvas)
    side, multiple = size_limits.square, size_limits.multiple
    size = _wanted(part.width, canvas.width, side, multiple), _wanted(part.height, canvas.height, side, multiple)
    if not is_paintable(*size, size_limits):
        fitting = [one for one in size_limits.sizes if _holds((canvas.width, canvas.height), one, part)]
        if not fitting:
            return None
        size = min(fitting, key=lambda one: one[0] * one[1])
    left = _start(part.left, part.width, canvas.width, size[0])
    top = _start(part.top, part.height, canvas.height, size[1])
    return Box(left=left, top=top, width=size[0], height=size[1])


def painted_boxes(canvas: Canvas) -> list[Box]:
    """Return rectangles with all that is painted anew: that of the mask, the cells, or what lies around the box."""
    if canvas.mask:
        return [canvas.mask.box]
    if canvas.cells:
        return [cell_box(canvas, cell) for cell in sorted(canvas.cells)]
    box = canvas.box
    right, bottom = box.left + box.width, box.top + box.height
    around = (
        Box(left=0, top=0, width=box.left, height=canvas.height),
        Box(left=right, top=0, width=canvas.width - right, height=canvas.height),
        Box(left=0, top=0, width=canvas.width, height=box.top),
        Box(left=0, top=bottom, width=canvas.width, height=canvas.height - bottom),
    )
    return [one for one in around if one.width and one.height]


def _bounds(boxes: list[Box], canvas: Canvas) -> Box:
    if not boxes:
        return Box(left=0, top=0, width=canvas.width, height=canvas.height)
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    right = max(box.left + box.width for box in boxes)
    bottom = max(box.top + box.height for box in boxes)
    return Box(left=left, top=top, width=right - left, height=bottom - top)


def _wanted(length: int, whole: int, side: int, multiple: int) -> int:
    """Return the length of the window along one side, where there is room for it."""
    return min(whole, -(-max(length + side // 2, side) // multiple) * multiple)


def _holds(whole: tuple[int, int], size: tuple[int, int], part: Box) -> bool:
    return part.width <= size[0] <= whole[0] and part.height <= size[1] <= whole[1]


def _start(start: int, length: int, whole: int, wanted: int) -> int:
    """Return where a stretch begins that has as much to both sides of another one as there is room for."""
    centred = start - (wanted - length) // 2
    return max(0, min(centred, whole - wanted))
