"""PixArt and Sana paint a ratio as their stock pipelines do with the binning that they have by default."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from diffusers import PixArtSigmaPipeline

from engine.contract.edits import Edit
from engine.contract.errors import SizeUnsupported
from engine.contract.jobs import Operation
from engine.models.prompt_limits import limits_from_registry
from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import create_painter
from engine.painter.sampling.params import params_from_request
from engine.prompt.checks.canvases import PanDirection, panned_canvas
from tests.engine.painter.gemma_checkpoints import save_sana
from tests.engine.painter.requests import paint_request, painted, pixels_of, psnr
from tests.engine.painter.stock import EQUAL_DB, stock_pictures
from tests.engine.painter.t5_checkpoints import save_pixart

ENTRY = """
[models.{name}]
family = "{name}"
folder = "{name}"
[models.{name}.defaults]
width = {side}
height = {side}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PixArt of the class of 256 pixels and a Sana of that of 512, the smallest that their pipelines know."""
    folder = tmp_path_factory.mktemp("trained")
    save_pixart(folder / "pixart", PixArtSigmaPipeline, sample_size=32, seed=1)
    save_sana(folder / "sana", sample_size=16, seed=2)
    entries = ENTRY.format(name="pixart", side=256), ENTRY.format(name="sana", side=512)
    (folder / "registry.toml").write_text("".join(entries))
    return folder


@pytest.fixture(scope="module")
def registry(folder: Path) -> Registry:
    return read_registry(folder / "registry.toml")


@pytest.mark.parametrize(
    ("model", "pipeline", "sampler", "ar", "size"),
    [
        ("pixart", "PixArtSigmaPipeline", "dpmpp-2m", "16:9", (336, 192)),
        ("sana", "SanaPipeline", "flow-dpmpp-2m", "1:4", (256, 1024)),
    ],
)
async def test_a_ratio_is_painted_as_the_stock_pipeline_paints_its_bin(
    registry: Registry, folder: Path, model: str, pipeline: str, sampler: str, ar: str, size: tuple[int, int]
) -> None:
    wanted = paint_request("a red cat", model=model, ar=ar, steps=2, cfg=4.5, pictures=1)
    async with create_painter(registry, max_rows=2) as painter:
        result = await painted(painter, wanted)
    stock = stock_pictures(
        folder / model, kind=pipeline, sampler=sampler, pictures=1, prompt="a red cat", num_inference_steps=2,
        guidance_scale=4.5, width=size[0], height=size[1],
    )  # fmt: skip
    assert stock[0].size == size
    assert psnr(pixels_of(result)[0], stock[0]) > EQUAL_DB


@pytest.mark.parametrize(("model", "ar"), [("pixart", "5:1"), ("sana", "1:5")])
def test_a_ratio_beyond_the_trained_sizes_is_refused(registry: Registry, model: str, ar: str) -> None:
    with pytest.raises(SizeUnsupported):
        params_from_request(paint_request(model=model, ar=ar), registry)


async def test_a_wide_picture_is_panned_in_a_trained_size(registry: Registry) -> None:
    """The window that other models would have is none of its sizes; far from what is new, no pixel changes."""
    wanted = paint_request("a red cat", model="pixart", ar="16:9", steps=2, pictures=1)
    limits = limits_from_registry(registry, "pixart")
    async with create_painter(registry, max_rows=2) as painter:
        result = await painted(painter, wanted)
        canvas = panned_canvas((336, 192), PanDirection.RIGHT, wanted.spec, limits)
        edit = Edit(strength=None, canvas=canvas)
        pan = replace(wanted, operation=Operation.PAN, source=result.pictures[0].png, edit=edit)
        panned = pixels_of(await painted(painter, pan))[0]
    assert params_from_request(pan, registry).pixels in registry.model("pixart").size_limits.sizes
    assert panned.shape == (192, canvas.width, 3)
    assert (panned[:, :176] == pixels_of(result)[0][:, :176]).all()
