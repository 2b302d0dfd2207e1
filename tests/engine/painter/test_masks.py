"""A mask of any shape: the stock pipeline's pixels within it, the source's own outside, however thin it is."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from engine.contract.edits import Box, Edit, whole_canvas
from engine.contract.errors import PictureCorrupt, RecipeUnreadable, SourceMismatch
from engine.contract.jobs import Operation
from engine.contract.painting import PaintRequest
from engine.mask_file import MaskFile, mask_file_from_image
from engine.models.registry.registry import Registry
from engine.painter.in_process import create_painter
from engine.painter.operations.inpaint import fading_within, painted_pixels
from engine.painter.output.recipe import request_from_recipe
from engine.painter.process.messages import frame_from_request, request_from_frame
from tests.engine.painter.requests import all_painted, encoded_gradient, paint_request, painted, pixels, pixels_of, psnr
from tests.engine.painter.stock import EQUAL_DB, SCHEDULERS

SIDE, STEPS = 32, 6
SOURCE = encoded_gradient(SIDE, SIDE)


def mask_file(*shapes: tuple[int, int, int, int], side: int = SIDE) -> MaskFile:
    """Return a mask of rectangles, each left, top, right and bottom, without the last two."""
    image = Image.new("L", (side, side))
    for left, top, right, bottom in shapes:
        ImageDraw.Draw(image).rectangle((left, top, right - 1, bottom - 1), fill=255)
    file = mask_file_from_image(image)
    assert file is not None
    return file


# Two corners, in whole blocks of latents: the stock pipeline looks at one pixel of each block.
CORNERS = mask_file((0, 0, 16, 16), (16, 16, 32, 32))


def masked(file: MaskFile = CORNERS, sampler: str = "euler", strength: float = 1.0) -> PaintRequest:
    request = paint_request("a cat", source=SOURCE, steps=STEPS, pictures=1, parameters={"sampler": sampler})
    edit = Edit(strength=strength, canvas=whole_canvas(SIDE, SIDE, mask=file.mask))
    return replace(request, operation=Operation.INPAINT, edit=edit, mask=file.png)


def stock_masked(folder: Path, sampler: str, strength: float) -> np.ndarray:
    scheduler, changes = SCHEDULERS[sampler]
    saved = scheduler.from_pretrained(folder, subfolder="scheduler", **changes)
    pipe = diffusers.StableDiffusionInpaintPipeline.from_pretrained(folder, dtype=torch.float32, scheduler=saved)
    pipe.set_progress_bar_config(disable=True)
    result = pipe(
        prompt="a cat", image=Image.open(io.BytesIO(SOURCE)), mask_image=Image.open(io.BytesIO(CORNERS.png)),
        strength=strength, width=SIDE, height=SIDE, num_inference_steps=STEPS, guidance_scale=5.0,
        generator=torch.Generator().manual_seed(7),
    )  # fmt: skip
    return np.asarray(result.images[0])


async def test_a_mask_is_painted_as_the_stock_pipeline_does(registry: Registry, checkpoints: Path) -> None:
    """And nothing outside it changes, by a single value."""
    asked = [("euler", 1.0), ("dpmpp-2m", 0.7)]
    inside = np.asarray(Image.open(io.BytesIO(CORNERS.png)))
    share = fading_within(painted_pixels(whole_canvas(SIDE, SIDE), CORNERS.png), 1)[..., 0].numpy()
    async with create_painter(registry, max_rows=64) as painter:
        results = await all_painted(painter, [masked(CORNERS, *one) for one in asked])
    for result, (sampler, strength) in zip(results, asked, strict=True):
        (own,) = pixels_of(result)
        stock = stock_masked(checkpoints / "sd1", sampler, strength)
        assert psnr(own[share == 1], stock[share == 1]) > EQUAL_DB, (sampler, strength)
        assert (own[~inside] == pixels(SOURCE)[~inside]).all()
        assert (own[inside] != pixels(SOURCE)[inside]).any(axis=-1).mean() > 0.5


async def test_a_masked_picture_repaints_from_its_recipe(registry: Registry) -> None:
    """With its mask; without it, or with another, it is refused."""
    async with create_painter(registry, max_rows=64) as painter:
        (first,) = (await painted(painter, masked())).pictures
        assert first.recipe["edit"]["mask"] == {"sha256": CORNERS.mask.sha256, "box": [0, 0, SIDE, SIDE]}
        again = request_from_recipe(first.recipe, registry, SOURCE, CORNERS.png)
        assert again.edit == masked().edit
        assert (await painted(painter, again)).pictures[0].png == first.png
    for wrong in (None, mask_file((0, 0, 8, 8)).png):
        with pytest.raises(PictureCorrupt):
            request_from_recipe(first.recipe, registry, SOURCE, wrong)
    edit = first.recipe["edit"]
    for wrong_edit in ({**edit, "cells": [5]}, {**edit, "mask": {**edit["mask"], "box": [0, 0, 33, 32]}}):
        with pytest.raises(RecipeUnreadable):
            request_from_recipe({**first.recipe, "edit": wrong_edit}, registry, SOURCE, CORNERS.png)


@pytest.mark.parametrize("wrong", [None, b"no image", mask_file((0, 0, 8, 8), side=40).png])
async def test_a_mask_that_is_lost_or_of_another_size_is_refused(registry: Registry, wrong: bytes | None) -> None:
    async with create_painter(registry, max_rows=64) as painter:
        with pytest.raises(SourceMismatch if wrong is None else PictureCorrupt):
            await painted(painter, replace(masked(), mask=wrong))


def test_a_request_keeps_its_mask_on_the_way_to_the_painting_process() -> None:
    for request in (masked(), paint_request("a cat"), paint_request("a cat", source=SOURCE)):
        assert request_from_frame(frame_from_request("1", request)) == request


def test_thin_strokes_are_painted_whole_and_wide_ones_fade() -> None:
    """A stroke thinner than the fade stays; within a wide part the share grows from the edge to 1 at its depth."""
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 4, :] = 1
    mask[..., 20:60, :] = 1
    share = fading_within(mask, 4)[:, 32, 0]
    assert share[4] == 1 and not share[[3, 5, 19, 60]].any()
    assert share[20] < 0.3 and share[24] == share[40] == 1
    assert (share[20:25].diff() > 0).all()


def test_masks_of_the_same_pixels_are_the_same_bytes() -> None:
    """In whatever mode they come; grey counts from the middle on."""
    image = Image.new("L", (40, 20))
    image.paste(128, (5, 6, 11, 9))
    image.paste(127, (30, 10, 35, 15))
    files = [mask_file_from_image(one) for one in (image, image.convert("RGB"), image.convert("RGBA"))]
    assert files[0] is not None and files[0].mask.box == Box(left=5, top=6, width=6, height=3)
    assert files == [files[0]] * 3
    with Image.open(io.BytesIO(files[0].png)) as kept:
        assert (kept.mode, kept.size, int(np.asarray(kept).sum())) == ("1", (40, 20), 18)
    assert mask_file_from_image(Image.new("L", (4, 4), 127)) is None
