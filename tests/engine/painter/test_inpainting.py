"""Inpainting is what the stock pipeline paints in the part, and the source's own pixels outside it."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from engine.contract.edits import CREATIVE, Box, Canvas, Edit, whole_canvas
from engine.contract.errors import SizeUnsupported, SourceMismatch
from engine.contract.jobs import Operation, ParameterValue
from engine.contract.painting import PaintRequest
from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import create_painter
from engine.painter.operations.inpaint import fading, latent_mask, painted_pixels, place
from engine.painter.output.recipe import request_from_recipe
from tests.engine.painter.checkpoints import save_sd1
from tests.engine.painter.registries import entry
from tests.engine.painter.requests import (
    all_painted,
    encoded_gradient,
    paint_request,
    painted,
    pixels,
    pixels_of,
    psnr,
    upscaled,
)
from tests.engine.painter.stock import EQUAL_DB, SCHEDULERS

SIDE, STEPS = 32, 6
SOURCE = encoded_gradient(SIDE, SIDE)
MIDDLE = frozenset({5})


def edited(operation: Operation, canvas: Canvas, strength: float | None = 1.0, **more: ParameterValue) -> PaintRequest:
    request = paint_request("a cat", source=SOURCE, steps=STEPS, pictures=1, parameters=more)
    return replace(request, operation=operation, edit=Edit(strength=strength, canvas=canvas))


def placed(canvas: Canvas) -> Image.Image:
    return place(Image.open(io.BytesIO(SOURCE)).convert("RGB"), canvas)


def stock_inpainted(folder: Path, sampler: str, canvas: Canvas, strength: float) -> Image.Image:
    """Return what the stock pipeline paints on the canvas, one picture; it blends no pixels afterwards."""
    scheduler, changes = SCHEDULERS[sampler]
    saved = scheduler.from_pretrained(folder, subfolder="scheduler", **changes)
    pipe = diffusers.StableDiffusionInpaintPipeline.from_pretrained(folder, dtype=torch.float32, scheduler=saved)
    pipe.set_progress_bar_config(disable=True)
    mask = Image.fromarray((painted_pixels(canvas)[0, 0] * 255).byte().numpy())
    image: Image.Image = pipe(
        prompt="a cat", image=placed(canvas), mask_image=mask, strength=strength, width=SIDE, height=SIDE,
        num_inference_steps=STEPS, guidance_scale=5.0, generator=torch.Generator().manual_seed(7),
    ).images[0]  # fmt: skip
    return image


async def test_the_part_is_what_the_stock_pipeline_paints(registry: Registry, checkpoints: Path) -> None:
    """With every sampler, from noise and from the source, all in one batch."""
    canvas = Canvas(width=SIDE, height=SIDE, box=Box(left=16, top=0, width=16, height=SIDE))
    share = fading(canvas, painted_pixels(canvas))[..., 0].numpy()
    source = np.asarray(placed(canvas))
    asked = [(sampler, strength) for sampler in SCHEDULERS for strength in (1.0, 0.7)]
    async with create_painter(registry, max_rows=64) as painter:
        requests = [edited(Operation.PAN, canvas, strength, sampler=sampler) for sampler, strength in asked]
        results = await all_painted(painter, requests)
    for result, (sampler, strength) in zip(results, asked, strict=True):
        (own,) = pixels_of(result)
        stock = np.asarray(stock_inpainted(checkpoints / "sd1", sampler, canvas, strength))
        assert psnr(own[share == 1], stock[share == 1]) > EQUAL_DB, (sampler, strength)
        assert (own[share == 0] == source[share == 0]).all()
        assert (stock[share == 0] != source[share == 0]).any()


async def test_a_model_that_takes_masks_paints_what_the_stock_pipeline_paints(tmp_path: Path) -> None:
    """Its U-Net is given the mask and what is kept; new grids share a batch with it, as a mask of all."""
    save_sd1(tmp_path / "masks", in_channels=9, out_channels=4, seed=5)
    (tmp_path / "registry.toml").write_text(entry("masks", "sd1", "masks"))
    canvas = Canvas(width=SIDE, height=SIDE, box=Box(left=16, top=0, width=16, height=SIDE))
    share = fading(canvas, painted_pixels(canvas))[..., 0].numpy()
    asked = [(sampler, strength) for sampler in ("dpmpp-2m", "euler-ancestral") for strength in (1.0, 0.7)]
    async with create_painter(read_registry(tmp_path / "registry.toml"), max_rows=64) as painter:
        requests = [edited(Operation.PAN, canvas, strength, sampler=sampler) for sampler, strength in asked]
        *results, grid, _ = await all_painted(
            painter, [*requests, paint_request("a cat", steps=STEPS), upscaled(SOURCE, "a cat", 2, CREATIVE)]
        )
    for result, (sampler, strength) in zip(results, asked, strict=True):
        (own,) = pixels_of(result)
        stock = np.asarray(stock_inpainted(tmp_path / "masks", sampler, canvas, strength))
        assert psnr(own[share == 1], stock[share == 1]) > EQUAL_DB, (sampler, strength)
        assert (own[share == 0] == np.asarray(placed(canvas))[share == 0]).all()
    assert len({picture.png for picture in grid.pictures}) == 4


async def test_a_region_changes_and_nothing_else(registry: Registry) -> None:
    async with create_painter(registry, max_rows=64) as painter:
        (own,) = pixels_of(await painted(painter, edited(Operation.INPAINT, whole_canvas(SIDE, SIDE, MIDDLE))))
    is_changed = (own != pixels(SOURCE)).any(axis=-1)
    assert is_changed[10:21, 10:21].mean() > 0.5
    is_changed[10:21, 10:21] = False
    assert not is_changed.any()


async def test_zoomed_and_panned_pictures_keep_the_source(registry: Registry) -> None:
    """But for the band over which what was painted fades into it; sizes may differ within one batch of requests."""
    zoomed = Canvas(width=32, height=32, box=Box(left=8, top=8, width=16, height=16))
    panned = Canvas(width=48, height=32, box=Box(left=16, top=0, width=32, height=32))
    asked = [(Operation.ZOOM, zoomed), (Operation.PAN, panned)]
    async with create_painter(registry, max_rows=64) as painter:
        results = await all_painted(painter, [edited(*one) for one in asked])
    for result, (_, canvas) in zip(results, asked, strict=True):
        (own,) = pixels_of(result)
        assert own.shape == (canvas.height, canvas.width, 3)
        source = np.asarray(placed(canvas))
        share = fading(canvas, painted_pixels(canvas))[..., 0].numpy()
        assert (own[share == 0] == source[share == 0]).all()
        assert (share == 0).sum() > canvas.box.width * canvas.box.height / 2
        assert (own[share == 1] != source[share == 1]).any()


async def test_an_edit_repaints_from_its_recipe(registry: Registry) -> None:
    canvas = Canvas(width=48, height=32, box=Box(left=16, top=0, width=32, height=32))
    async with create_painter(registry, max_rows=64) as painter:
        (first,) = (await painted(painter, edited(Operation.PAN, canvas, 0.9))).pictures
        assert (first.recipe["operation"], first.recipe["strength"]) == ("pan", 0.9)
        again = request_from_recipe(first.recipe, registry, SOURCE)
        assert again.operation is Operation.PAN and again.edit == Edit(strength=0.9, canvas=canvas)
        (second,) = (await painted(painter, again)).pictures
    assert second.png == first.png


@pytest.mark.parametrize("operation", [Operation.INPAINT, Operation.ZOOM, Operation.PAN])
async def test_an_edit_without_a_part_is_refused(registry: Registry, operation: Operation) -> None:
    async with create_painter(registry, max_rows=64) as painter:
        with pytest.raises(SourceMismatch):
            await painted(painter, edited(operation, whole_canvas(SIDE, SIDE)))
        with pytest.raises(SizeUnsupported):
            await painted(painter, edited(operation, whole_canvas(SIDE + 1, SIDE, MIDDLE)))


def test_a_thin_part_does_not_vanish_among_latents() -> None:
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 33, 20:30] = 1
    assert latent_mask(mask, torch.zeros(1, 4, 8, 8))[0, 0].nonzero().tolist() == [[4, 2], [4, 3]]


def test_cells_are_the_thirds_of_a_picture() -> None:
    mask = painted_pixels(whole_canvas(50, 40, frozenset({1, 9})))[0, 0]
    assert mask[:13, :16].all() and mask[26:, 33:].all()
    assert mask.sum() == 13 * 16 + 14 * 17
