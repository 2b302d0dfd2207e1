"""What an operation does to the picture it starts from: how far it may leave it, and which part is painted anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SUBTLE, STRONG = 0.45, 0.75
"""How far a variation may leave its source: a little, or as far as one that does not say."""

FAITHFUL, CREATIVE = 0.0, 0.3
"""How far an upscaled picture may leave its source: not at all, or as far as new detail takes."""

CALM, LIVELY = 0.6, 0.8
"""How far the frames of a film may leave the picture that it starts from: with little motion, or with much."""

CELLS = range(1, 10)
"""The cells of the 3 x 3 grid over a picture, from left to right and top to bottom."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle of pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Mask:
    """Any pixels of a canvas, as a file: a PNG of the canvas's size, one bit a pixel, 1 for those in the mask.

    sha256: hash of the file. box: the smallest rectangle that has all of them.
    """

    sha256: str
    box: Box


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """The new picture: its size in pixels, and what of it is kept.

    box: where the source lies, scaled to the box's size; all outside it is painted anew.
    cells: of `CELLS`; if there are any, only these are painted anew, and the box is the whole canvas.
    mask: if there is one, only its pixels are painted anew, and the box is the whole canvas; there are no cells then.
    words: what in the source is painted anew, such as "the hat"; the engine finds the mask, if there is none yet.
    """

    width: int
    height: int
    box: Box
    cells: frozenset[int] = frozenset()
    mask: Mask | None = None
    words: str | None = None

    @property
    def keeps_nothing(self) -> bool:
        """Whether all of it is painted anew, starting from the source."""
        return not (self.cells or self.mask or self.words) and (self.box.width, self.box.height) == (
            self.width,
            self.height,
        )


@dataclass(frozen=True, kw_only=True)
class Edit:
    """How an operation changes its source.

    strength: how far what is painted anew may leave the source, 0 to 1, and 0 only for an upscale; None for as far as
        the model needs to paint what lies around a picture.
    canvas: None for a picture of the size that the spec has, all of it painted anew.
    """

    strength: float | None = STRONG
    canvas: Canvas | None = None


def whole_canvas(
    width: int,
    height: int,
    cells: frozenset[int] = frozenset(),
    *,
    mask: Mask | None = None,
    words: str | None = None,
) -> Canvas:
    """Return a canvas that the source fills."""
    box = Box(left=0, top=0, width=width, height=height)
    return Canvas(width=width, height=height, box=box, cells=cells, mask=mask, words=words)


def mask_of(edit: Edit | None) -> Mask | None:
    """Return the mask of the edit, or None where it has none."""
    return edit.canvas.mask if edit and edit.canvas else None


def cell_box(canvas: Canvas, cell: int) -> Box:
    """Return where on the canvas a cell of `CELLS` lies."""
    row, column = divmod(cell - CELLS[0], 3)
    left, right = (canvas.width * edge // 3 for edge in (column, column + 1))
    top, bottom = (canvas.height * edge // 3 for edge in (row, row + 1))
    return Box(left=left, top=top, width=right - left, height=bottom - top)


def json_from_edit(edit: Edit) -> dict[str, Any]:
    """Return the edit as JSON data."""
    canvas = edit.canvas
    if canvas is None:
        return {"strength": edit.strength}
    mask = canvas.mask
    return {
        "strength": edit.strength,
        "size": [canvas.width, canvas.height],
        "box": _numbers(canvas.box),
        "cells": sorted(canvas.cells),
        **({"words": canvas.words} if canvas.words else {}),
        **({"mask": {"sha256": mask.sha256, "box": _numbers(mask.box)}} if mask else {}),
    }


def edit_from_json(data: Mapping[str, Any]) -> Edit:
    """Return the edit that `json_from_edit` wrote."""
    if "size" not in data:
        return Edit(strength=data["strength"])
    (width, height), mask = data["size"], data.get("mask")
    canvas = Canvas(
        width=width,
        height=height,
        box=_box(data["box"]),
        cells=frozenset(data["cells"]),
        words=data.get("words"),
        mask=mask and Mask(sha256=mask["sha256"], box=_box(mask["box"])),
    )
    return Edit(strength=data["strength"], canvas=canvas)


def _numbers(box: Box) -> list[int]:
    return [box.left, box.top, box.width, box.height]


def _box(numbers: Sequence[int]) -> Box:
    left, top, width, height = numbers
    return Box(left=left, top=top, width=width, height=height)
