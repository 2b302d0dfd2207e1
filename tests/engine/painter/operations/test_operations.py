"""A request says what is done; the painter does exactly that, or refuses it by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.contract.edits import Edit
from engine.contract.errors import OperationUnsupported, SourceMismatch
from engine.contract.jobs import Operation
from engine.contract.painting import PaintRequest
from engine.models.registry.registry import Registry
from engine.painter.in_process import create_painter
from engine.painter.operations import OPERATIONS, check_operation
from tests.engine.painter.fakes import FlatModel
from tests.engine.painter.requests import encoded_gradient, paint_request, painted

SOURCE = encoded_gradient(32, 32)
MISMATCHES = {
    "imagine with a source": replace(paint_request(), source=SOURCE, edit=Edit()),
    "imagine with an edit": replace(paint_request(), edit=Edit()),
    "vary without a source": replace(paint_request(source=SOURCE), source=None),
    "vary without an edit": replace(paint_request(source=SOURCE), edit=None),
    "vary with neither": replace(paint_request(), operation=Operation.VARY),
}


@pytest.mark.parametrize("request_", MISMATCHES.values(), ids=MISMATCHES)
async def test_a_request_whose_operation_and_source_disagree_is_refused(
    registry: Registry, request_: PaintRequest
) -> None:
    """The operation is never inferred from the source; the painter goes on."""
    async with create_painter(registry, max_rows=64, load=FlatModel) as painter:
        with pytest.raises(SourceMismatch) as refusal:
            await painted(painter, request_)
        assert refusal.value.operation == request_.operation
        assert refusal.value.needs_source == (request_.operation is Operation.VARY)
        assert len((await painted(painter, paint_request(steps=1))).pictures) == 4


def test_an_operation_outside_the_table_is_refused(registry: Registry) -> None:
    """Although it is in the enumeration, and the model's abilities name it."""
    only_imagine = {Operation.IMAGINE: OPERATIONS[Operation.IMAGINE]}
    with pytest.raises(OperationUnsupported) as refusal:
        check_operation(paint_request(source=SOURCE), registry, only_imagine)
    assert refusal.value.operation == "vary"
    check_operation(paint_request(), registry, only_imagine)
