"""`python -m tests.engine.painter.contact_sheets`: paints docs/operations/*.webp with the starter, one an operation.

Each sheet has the picture that is started from, and four results; those of upscales have a part of both.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from PIL import Image, ImageDraw

from engine.contract.edits import CREATIVE, FAITHFUL, STRONG, SUBTLE, Edit, whole_canvas
from engine.contract.jobs import Operation, ParameterValue
from engine.contract.painting import PaintedPictures, PaintRequest
from engine.mask_file import mask_file_from_image
from engine.models.prompt_limits import limits_from_registry
from engine.models.registry.registry import read_registry
from engine.painter.in_process import create_painter
from engine.prompt.checks.canvases import PanDirection, panned_canvas, reshaped_canvas, zoomed_canvas
from tests.engine.painter.requests import all_painted, between, paint_request, upscaled, with_images

FOLDER = Path(__file__).parents[3] / "docs" / "operations"
NIGHT = "a blue square at night"
PROMPT, OTHER = "a blue house on the grass", "a yellow star on a black background"
SIZE = (128, 128)
GAP = 8
INTERPOLATED: Mapping[str, ParameterValue] = {"interpolate": True}
FILMS = {"interpolate", "video"}


def sheets(source: bytes) -> dict[str, PaintRequest]:
    """Return the request of each sheet."""
    spec, limits = paint_request(PROMPT).spec, limits_from_registry(read_registry(), None)
    right = panned_canvas(SIZE, PanDirection.RIGHT, spec, limits)
    wide = reshaped_canvas(SIZE, "3:2", Fraction(1), spec, limits)
    region = whole_canvas(*SIZE, frozenset({1, 2, 3}))
    return {
        "vary-subtle": _edited(source, PROMPT, Operation.VARY, Edit(strength=SUBTLE)),
        "vary-strong": _edited(source, PROMPT, Operation.VARY, Edit(strength=STRONG)),
        "vary-region": _edited(source, OTHER, Operation.INPAINT, Edit(strength=1.0, canvas=region)),
        "mask": _masked(source),
        "zoom-out": _edited(
            source, PROMPT, Operation.ZOOM, Edit(strength=None, canvas=zoomed_canvas(SIZE, Fraction(2), spec, limits))
        ),
        "custom-zoom": _edited(source, PROMPT, Operation.ZOOM, Edit(strength=None, canvas=wide)),
        "pan": _edited(source, PROMPT, Operation.PAN, Edit(strength=None, canvas=right)),
        "upscale-subtle": upscaled(source, PROMPT, 4, FAITHFUL),
        "upscale-creative": upscaled(source, PROMPT, 4, CREATIVE),
        "chaos": paint_request(PROMPT, parameters={"chaos": 80}),
        "weird": paint_request(PROMPT, parameters={"weird": 800}),
        "tile": paint_request("red stars", parameters={"tile": True}),
        "image-prompt": _from_images("a green house at night", [source], {"iw": 2.0}),
        "interpolate": paint_request(
            ("a red circle on the grass", 1.0), (NIGHT, 1.0), parameters={"interpolate": True}
        ),
        "video": paint_request(PROMPT, parameters={"video": True}),
    }


def _from_images(prompt: str, sources: Sequence[bytes], parameters: Mapping[str, ParameterValue]) -> PaintRequest:
    request = with_images(paint_request(prompt, seed=77, parameters=parameters), dict.fromkeys(sources, 1.0))
    return request if prompt else replace(request, spec=replace(request.spec, parts=()))


def _edited(source: bytes, prompt: str, operation: Operation, edit: Edit) -> PaintRequest:
    return replace(paint_request(prompt, source=source, seed=77), operation=operation, edit=edit)


def _masked(source: bytes) -> PaintRequest:
    painted = Image.new("L", SIZE)
    ImageDraw.Draw(painted).ellipse((22, 22, 106, 126), fill=255)
    file = mask_file_from_image(painted)
    assert file is not None
    edit = Edit(strength=1.0, canvas=whole_canvas(*SIZE, mask=file.mask))
    return replace(_edited(source, "a red house on the grass", Operation.INPAINT, edit), mask=file.png)


def sheet(images: Sequence[Image.Image]) -> Image.Image:
    """Return the images side by side at one height."""
    height = max(image.height for image in images)
    sized = [image.resize((round(image.width * height / image.height), height)) for image in images]
    width = sum(image.width for image in sized) + GAP * (len(sized) - 1)
    whole, left = Image.new("RGB", (width, height), "white"), 0
    for image in sized:
        whole.paste(image, (left, 0))
        left += image.width + GAP
    return whole


async def paint() -> None:
    """Paint every sheet anew."""
    FOLDER.mkdir(exist_ok=True)
    async with create_painter(max_rows=64) as painter:
        (parent,) = await all_painted(painter, [paint_request(PROMPT, pictures=1)])
        asked = sheets(parent.pictures[0].png)
        painted = await all_painted(painter, list(asked.values()))
        (star,) = await all_painted(painter, [paint_request(OTHER, pictures=1)])
        house, night = (paint_request(text, seed=seed, pictures=1) for text, seed in ((PROMPT, 7), (OTHER, 31)))
        way = await all_painted(painter, [between(house, night, at / 4) for at in range(5)])
        ends = [parent.pictures[0].png, star.pictures[0].png]
        (blended,) = await all_painted(painter, [_from_images("", ends, {})])
    sheet([*_images(parent), *_images(star), *_images(blended)]).save(FOLDER / "blend.webp", quality=80, method=6)
    sheet([image for one in way for image in _images(one)]).save(FOLDER / "between.webp", quality=80, method=6)
    for name, result in zip(asked, painted, strict=True):
        if name in FILMS:
            assert result.grid is not None
            (FOLDER / f"{name}.webp").write_bytes(result.grid)
            continue
        shown = _images(result)
        sheet(_arranged(name, _images(parent)[0], shown)).save(FOLDER / f"{name}.webp", quality=80, method=6)


def _arranged(name: str, parent: Image.Image, shown: list[Image.Image]) -> list[Image.Image]:
    """Return the images of a sheet, from left to right."""
    if name == "tile":
        # Two copies of each side by side show that there is no seam.
        return [_twice(image) for image in shown]
    if name.startswith("upscale"):
        side = shown[0].width
        larger = (one.resize((side, side), Image.Resampling.NEAREST) for one in (parent, *shown))
        return [one.crop((side // 8, side // 8, side * 5 // 8, side * 5 // 8)) for one in larger]
    return [parent, *shown]


def _images(result: PaintedPictures) -> list[Image.Image]:
    return [Image.open(io.BytesIO(picture.png)).convert("RGB") for picture in result.pictures]


def _twice(image: Image.Image) -> Image.Image:
    both = Image.new("RGB", (2 * image.width, 2 * image.height))
    for left in (0, image.width):
        for top in (0, image.height):
            both.paste(image, (left, top))
    return both


if __name__ == "__main__":
    asyncio.run(paint())
