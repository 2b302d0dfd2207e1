"""What is done: one file for each operation, and the one table of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.contract.edits import Edit, mask_of
from engine.contract.errors import OperationUnsupported, SourceMismatch
from engine.contract.jobs import Operation
from engine.contract.painting import PaintRequest
from engine.contract.references import pictures_of
from engine.models.registry.registry import Registry
from engine.painter.operations.animate import ANIMATE
from engine.painter.operations.imagine import IMAGINE
from engine.painter.operations.inpaint import INPAINT
from engine.painter.operations.operation import PainterOperation
from engine.painter.operations.text import DESCRIBE, SHORTEN
from engine.painter.operations.upscale import UPSCALE
from engine.painter.operations.vary import VARY

OPERATIONS: Mapping[Operation, PainterOperation] = MappingProxyType(
    {
        Operation.IMAGINE: IMAGINE,
        Operation.VARY: VARY,
        Operation.INPAINT: INPAINT,
        Operation.ZOOM: INPAINT,
        Operation.PAN: INPAINT,
        Operation.UPSCALE: UPSCALE,
        Operation.ANIMATE: ANIMATE,
        Operation.DESCRIBE: DESCRIBE,
        Operation.SHORTEN: SHORTEN,
    }
)


def check_operation(
    request: PaintRequest, registry: Registry, table: Mapping[Operation, PainterOperation] = OPERATIONS
) -> None:
    """Return when the painter has the operation, with a source, an edit, a mask and images where it needs them.

    Raises: OperationUnsupported, SourceMismatch, ModelUnknown.
    """
    operation = table.get(request.operation)
    if operation is None:
        name = request.spec.parameters.get("model")
        raise OperationUnsupported(
            operation=request.operation.value, model=registry.model(None if name is None else str(name)).name
        )
    has_source = request.source is not None
    # Where a picture of the prompt can be what it starts from, it does without another.
    may_lack = operation.may_lack_source or (operation.takes_images and bool(request.images))
    is_whole = has_source == (request.edit is not None) and (operation.needs_source == has_source or may_lack)
    has_mask = (mask_of(request.edit) is not None) == (request.mask is not None)
    lacks_size = operation.has_size and (request.edit is None or request.edit.canvas is None)
    if not (is_whole and has_mask) or lacks_size or operation.keeps_part != _keeps_part(request.edit):
        raise SourceMismatch(operation=request.operation.value, needs_source=operation.needs_source)
    pictures = pictures_of(request.spec)
    if operation.takes_images and len(request.images) != len(pictures):
        raise SourceMismatch(operation=request.operation.value, needs_source=bool(pictures))


def _keeps_part(edit: Edit | None) -> bool:
    return edit is not None and edit.canvas is not None and not edit.canvas.keeps_nothing
