"""The window of a picture in which a part is painted: the part, with as much around it as a model wants to see."""

from __future__ import annotations

from engine.contract.edits import Box, Canvas, cell_box


def window_of(canvas: Canvas, side: int, multiple: int) -> Box:
    """Return where on the canvas the model paints: all that is painted anew, and at least the square of its training.

    side: of that square, in pixels; the part has half of it around it where there is room. multiple: the width and
        height of the result are multiples of it, as the canvas's.
    What lies farther away is kept as it is and costs nothing; the model sees a picture of a size that it knows.
    """
    part = _bounds(painted_boxes(canvas), canvas)
    left, width = _span(part.left, part.width, canvas.width, side, multiple)
    top, height = _span(part.top, part.height, canvas.height, side, multiple)
    return Box(left=left, top=top, width=width, height=height)


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


def _span(start: int, length: int, whole: int, side: int, multiple: int) -> tuple[int, int]:
    """Return the start and length of a stretch around another one, as much to both sides as there is room for."""
    wanted = min(whole, -(-max(length + side // 2, side) // multiple) * multiple)
    centred = start - (wanted - length) // 2
    return max(0, min(centred, whole - wanted)), wanted
