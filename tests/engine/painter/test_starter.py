"""The model that ships, through the shipped registry."""

from __future__ import annotations

from engine.models.registry.registry import read_registry
from engine.painter.in_process import create_painter
from tests.engine.painter.requests import paint_request, painted, pixels_of, psnr
from tests.engine.painter.stock import stock_pictures


async def test_the_starter_paints_what_its_stock_pipeline_paints() -> None:
    """Its latents have other channels and another scale than those of its family, which no code may assume."""
    model = read_registry().model("starter")
    assert model.source.folder is not None
    async with create_painter(max_rows=8) as painter:
        result = await painted(painter, paint_request("a red circle", steps=3, sampler="dpmpp-2m", cfg=4.0, pictures=2))
    stock = stock_pictures(
        model.source.folder, sampler="dpmpp-2m", pictures=2, prompt="a red circle", num_inference_steps=3,
        guidance_scale=4.0, width=model.defaults.width, height=model.defaults.height,
    )  # fmt: skip
    assert min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True)) > 50
