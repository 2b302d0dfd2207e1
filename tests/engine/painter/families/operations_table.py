"""README's table of families and operations, from what tiny checkpoints of each paint.

`python -m tests.engine.painter.families.operations_table` paints them all and writes it.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from engine.contract.edits import CALM, CREATIVE, Box, Canvas, Edit, whole_canvas
from engine.contract.errors import EaselError
from engine.contract.jobs import Operation
from engine.contract.painting import PaintedPictures, Painter, PaintRequest
from engine.error_boundary import result_of
from engine.models.registry.families import FAMILIES
from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import create_painter
from tests.engine.painter.requests import encoded_gradient, paint_request, painted

README = Path(__file__).parents[4] / "README.md"
BEGIN, END = "<!-- operations -->\n", "<!-- end of operations -->\n"
SIDE = 32
# What members call the operations.
COLUMNS: Mapping[Operation, str] = {
    Operation.IMAGINE: "imagine",
    Operation.VARY: "vary",
    Operation.INPAINT: "region",
    Operation.ZOOM: "zoom",
    Operation.PAN: "pan",
    Operation.UPSCALE: "upscale",
    Operation.ANIMATE: "film",
}
# The tiny checkpoint of each family.
MODELS: Mapping[str, str] = {"sd1": "tiny", "pixart": "sigma"}

_MIDDLE = Box(left=8, top=8, width=16, height=16)
_LEFT = Box(left=0, top=0, width=SIDE, height=SIDE)
_EDITS: Mapping[Operation, Edit] = {
    Operation.VARY: Edit(strength=0.5),
    Operation.INPAINT: Edit(strength=1.0, canvas=whole_canvas(SIDE, SIDE, frozenset({5}))),
    Operation.ZOOM: Edit(strength=1.0, canvas=Canvas(width=SIDE, height=SIDE, box=_MIDDLE)),
    Operation.PAN: Edit(strength=1.0, canvas=Canvas(width=2 * SIDE, height=SIDE, box=_LEFT)),
    Operation.UPSCALE: Edit(strength=CREATIVE, canvas=whole_canvas(2 * SIDE, 2 * SIDE)),
    Operation.ANIMATE: Edit(strength=CALM),
}


def request_of(operation: Operation, model: str) -> PaintRequest:
    """Return a small request of the operation for a tiny checkpoint."""
    request = paint_request("a cat", pictures=1, steps=4, model=model)
    if operation is Operation.IMAGINE:
        return request
    return replace(request, operation=operation, source=encoded_gradient(SIDE, SIDE), edit=_EDITS[operation])


async def row(painter: Painter, family: str) -> str:
    """Return the family's row of the table: which operations its checkpoint paints, at the size that was asked for."""
    cells = [await _cell(painter, request_of(one, MODELS.get(family, family))) for one in COLUMNS]
    return f"| `{family}` | {' | '.join(cells)} |\n"


async def _cell(painter: Painter, request: PaintRequest) -> str:
    result = await result_of(_painted(painter, request))
    if isinstance(result, EaselError):
        return "no"
    assert result is None, result
    return "yes"


async def _painted(painter: Painter, request: PaintRequest) -> None:
    result: PaintedPictures = await painted(painter, request)
    canvas = request.edit.canvas if request.edit else None
    wanted = (canvas.width, canvas.height) if canvas else (SIDE, SIDE)
    assert [(one.width, one.height) for one in result.pictures] == [wanted]


def table(rows: Mapping[str, str]) -> str:
    """Return the table of these rows, by family."""
    heading = f"| family | {' | '.join(COLUMNS.values())} |\n|---{'|---' * len(COLUMNS)}|\n"
    return heading + "".join(rows[family] for family in FAMILIES)


def in_readme() -> str:
    """Return the table that README has."""
    (found,) = re.findall(f"{BEGIN}(.*?){END}", README.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


async def rows_of(registry: Registry) -> dict[str, str]:
    """Return the rows of the families that the registry has."""
    families = {model.family.name for model in registry.models.values()}
    async with create_painter(registry, max_rows=64) as painter:
        return {family: await row(painter, family) for family in families}


async def write() -> None:
    """Paint with every family and write the table into README."""
    from tests.engine.painter.conftest import save_checkpoints
    from tests.engine.painter.families.test_svd import save_films
    from tests.engine.painter.families.test_transformers import save_transformers

    rows: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for save in (save_checkpoints, save_transformers, save_films):
            place = Path(folder) / save.__name__
            place.mkdir()
            save(place)
            rows |= await rows_of(read_registry(place / "registry.toml"))
    text = README.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    README.write_text(f"{before}{BEGIN}{table(rows)}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(write())
