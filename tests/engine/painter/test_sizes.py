"""Pictures of other sizes take turns: only those of one size share a forward."""

from __future__ import annotations

from pathlib import Path

from engine.models.registry.registry import Registry
from engine.painter.in_process import create_painter
from tests.engine.painter.requests import Batches, all_painted, paint_request, pixels_of, psnr
from tests.engine.painter.stock import EQUAL_DB, stock_pictures

SIZES = {"1:1": (32, 32), "2:1": (48, 24), "1:2": (24, 48)}


async def test_sizes_at_once_are_what_the_stock_pipeline_paints_at_each(registry: Registry, checkpoints: Path) -> None:
    """Two of them have as many pixels, and none is in a forward with another."""
    batches: Batches = []
    requests = {ratio: paint_request("a red cat", ar=ratio, sampler="euler", steps=4, pictures=2) for ratio in SIZES}
    async with create_painter(registry, max_rows=64, on_forward=batches.append) as painter:
        results = await all_painted(painter, list(requests.values()))
    assert all(len({job for job, _ in rows}) == 1 for rows in batches)
    for result, (width, height) in zip(results, SIZES.values(), strict=True):
        stock = stock_pictures(
            checkpoints / "sd1", sampler="euler", pictures=2, prompt="a red cat", num_inference_steps=4,
            guidance_scale=5.0, width=width, height=height,
        )  # fmt: skip
        assert [picture.size for picture in stock] == [(width, height)] * 2
        assert min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True)) > EQUAL_DB
