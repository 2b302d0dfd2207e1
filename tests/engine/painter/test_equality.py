"""The painter's pictures are those of stock diffusers, alone and in any batch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest

from engine.contract.painting import PaintedPictures, PaintRequest
from engine.models.registry.registry import Registry
from engine.painter.in_process import LocalPainter, create_painter
from tests.engine.painter.forward_recorder import ForwardRecorder
from tests.engine.painter.requests import Batches, Pixels, all_painted, paint_request, painted, pixels_of, psnr
from tests.engine.painter.stock import EQUAL_DB, OTHER_DB, SCHEDULERS, stock_pictures


@pytest.fixture
async def painter(registry: Registry) -> AsyncIterator[LocalPainter]:
    async with create_painter(registry, max_rows=64) as opened:
        yield opened


@pytest.mark.parametrize("sampler", sorted(SCHEDULERS))
async def test_every_sampler_paints_what_the_stock_pipeline_paints(
    painter: LocalPainter, checkpoints: Path, sampler: str
) -> None:
    """Requests of one, two and five steps, each with its own text and guidance, at once: each equals its stock call."""
    asked = ((1, "a red cat", 9.0), (2, "fog", 1.0), (5, "a tree by the river", 5.0))
    requests = [paint_request(text, sampler=sampler, steps=steps, cfg=cfg, pictures=2) for steps, text, cfg in asked]
    for result, (steps, text, guidance) in zip(await all_painted(painter, requests), asked, strict=True):
        stock = stock_pictures(
            checkpoints / "sd1", sampler=sampler, pictures=2, prompt=text, num_inference_steps=steps,
            guidance_scale=guidance, height=32, width=32,
        )  # fmt: skip
        assert min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True)) > EQUAL_DB


async def test_picture_3_of_a_mixed_batch_of_11_is_the_picture_it_is_alone(
    registry: Registry, checkpoints: Path
) -> None:
    """Rows of other steps, guidance, samplers and texts in the same forward change nothing; one forward holds all."""
    forwards = ForwardRecorder(pause_at=1)
    wanted = paint_request("a blue house", sampler="dpmpp-2m", steps=7, cfg=6.5, seed=3)
    others = (
        paint_request("a red cat", sampler="euler-ancestral", steps=4, cfg=1.0, pictures=3),
        paint_request(("a", 2.0), ("b", 1.0), sampler="unipc", steps=9, cfg=9.0, pictures=2),
        paint_request("(loud:1.4) tree", ("fog", -0.5), sampler="heun", steps=5, pictures=2),
    )
    async with create_painter(registry, max_rows=64, on_forward=forwards) as painter:
        await painter.warm()
        painting = asyncio.create_task(all_painted(painter, (wanted, *others)))
        await forwards.wait_paused()
        forwards.resume()
        mixed, *_ = await painting
        alone = await painted(
            painter, paint_request("a blue house", sampler="dpmpp-2m", steps=7, cfg=6.5, seed=5, pictures=1)
        )
    stock = stock_pictures(
        checkpoints / "sd1", sampler="dpmpp-2m", seed=5, pictures=1, prompt="a blue house", num_inference_steps=7,
        guidance_scale=6.5, height=32, width=32,
    )  # fmt: skip
    assert max(len(rows) for rows in forwards.batches) == 11
    third = pixels_of(mixed)[2]
    assert psnr(third, pixels_of(alone)[0]) > EQUAL_DB
    assert psnr(third, stock[0]) > EQUAL_DB


@pytest.mark.parametrize("sampler", ["heun", "unipc", "dpmpp-2m-sde"])
async def test_pictures_of_one_request_that_are_split_on_the_way_are_the_same(registry: Registry, sampler: str) -> None:
    """Room for three of four pictures: they part, with samplers that remember, and equal those of one batch."""
    asked = paint_request("a red cat", sampler=sampler, steps=6)
    async with create_painter(registry, max_rows=6) as narrow:
        split = await painted(narrow, asked)
    async with create_painter(registry, max_rows=8) as wide:
        together = await painted(wide, asked)
    assert min(psnr(*pair) for pair in pairs(split, together)) > EQUAL_DB


async def test_a_negative_part_is_the_negative_prompt_of_the_stock_pipeline(
    painter: LocalPainter, checkpoints: Path
) -> None:
    result = await painted(painter, paint_request("a cat", ("red", -0.5), sampler="euler", steps=4))
    stock = stock_pictures(
        checkpoints / "sd1", sampler="euler", prompt="a cat", negative_prompt="red", num_inference_steps=4,
        guidance_scale=5.0, height=32, width=32,
    )  # fmt: skip
    assert min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True)) > EQUAL_DB


async def test_the_same_seed_gives_the_same_bytes(registry: Registry) -> None:
    """Whatever else its forwards hold, before or behind its rows, as long as they are as wide.

    Beside one long request its rows come first, beside four short ones last.
    """
    one, again = (paint_request("a red cat", sampler="euler-ancestral", steps=30) for _ in range(2))
    long = [paint_request("a blue house", seed=1, sampler="dpmpp-2m", steps=100, cfg=3.0)]
    short = [
        paint_request("fog", ("red", -0.5), seed=2, sampler="heun", steps=50, cfg=9.0, pictures=1),
        paint_request("xyz 123 lots of words", seed=3, sampler="unipc", steps=100, cfg=1.5, pictures=1),
        paint_request("(loud:1.4) tree", seed=4, sampler="ddim", steps=100, cfg=4.0, pictures=1),
        paint_request("a red cat", seed=5, sampler="euler", steps=100, cfg=7.0, pictures=1),
    ]
    forwards = ForwardRecorder(pause_at=1)
    async with create_painter(registry, max_rows=64, on_forward=forwards) as painter:
        first = await painted_beside(painter, forwards, one, long)
        forwards.pause_at(1)
        second = await painted_beside(painter, forwards, again, short)
    ours, theirs = held_with(one, forwards.batches), held_with(again, forwards.batches)
    assert [len(rows) for rows in ours] == [len(rows) for rows in theirs] == [8] * 30
    assert (ours[0][0], theirs[0][-1]) == ((one.job_id, 0), (again.job_id, 3))
    assert [picture.png for picture in first.pictures] == [picture.png for picture in second.pictures]


async def painted_beside(
    painter: LocalPainter, forwards: ForwardRecorder, wanted: PaintRequest, others: Sequence[PaintRequest]
) -> PaintedPictures:
    """Return the pictures of a request that comes while others are painted, and that they outlast."""
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(aclosing(painter.paint(other))) for other in others]
        begun = asyncio.gather(*(anext(stream) for stream in streams))
        await forwards.wait_paused()
        painting = asyncio.create_task(painted(painter, wanted))
        # It joins at its first turn.
        await asyncio.sleep(0)
        forwards.resume()
        await begun
        return await painting


def held_with(wanted: PaintRequest, batches: Batches) -> Batches:
    """Return what each forward held that held some of this request."""
    return [rows for rows in batches if any(job == wanted.job_id for job, _ in rows)]


async def test_pictures_of_other_seeds_and_texts_differ(painter: LocalPainter) -> None:
    """Equality above is no accident of a model that always paints the same."""
    result, other = await asyncio.gather(
        painted(painter, paint_request("a red cat")), painted(painter, paint_request("xyz 123 lots of words"))
    )
    ours = pixels_of(result)
    assert psnr(ours[0], ours[1]) < 40
    assert psnr(ours[0], pixels_of(other)[0]) < OTHER_DB


async def test_a_long_text_beside_short_ones_is_what_it_is_alone(painter: LocalPainter) -> None:
    """Rows of 77 and 154 tokens in one forward: the shorter are masked, and nothing of it shows."""
    long = paint_request("many words " * 12, steps=5)
    mixed, short = await all_painted(painter, (long, paint_request("a cat", steps=5)))
    assert min(psnr(*pair) for pair in pairs(mixed, await painted(painter, long))) > EQUAL_DB
    assert min(psnr(*pair) for pair in pairs(short, await painted(painter, paint_request("a cat", steps=5)))) > EQUAL_DB


def pairs(one: PaintedPictures, other: PaintedPictures) -> Iterator[tuple[Pixels, Pixels]]:
    return zip(pixels_of(one), pixels_of(other), strict=True)
