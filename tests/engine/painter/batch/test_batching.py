"""Requests join and leave between steps, and what happens to one does not affect the others."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

from engine.contract.painting import PaintedPictures, Progress
from engine.models.registry.registry import Registry
from engine.painter.batch.options import LoopOptions
from engine.painter.in_process import create_painter
from tests.engine.painter.forward_recorder import ForwardRecorder
from tests.engine.painter.requests import Batches, all_painted, paint_request, painted, pixels


async def test_rows_of_several_requests_share_a_forward(registry: Registry) -> None:
    """Eleven pictures of four requests with other steps, guidance and samplers are rows of one forward."""
    forwards = ForwardRecorder(pause_at=1)
    async with create_painter(registry, max_rows=64, on_forward=forwards) as painter:
        await painter.warm()
        requests = (
            paint_request(steps=30),
            paint_request(steps=20, cfg=1.0, pictures=3),
            paint_request(steps=20, sampler="heun", pictures=2),
            paint_request(steps=20, sampler="unipc", cfg=9.0, pictures=2),
        )
        painting = asyncio.create_task(all_painted(painter, requests))
        await forwards.wait_paused()
        forwards.resume()
        await painting
    assert max(len(rows) for rows in forwards.batches) == 11
    calls = Counter(job for rows in forwards.batches for job, _ in rows)
    assert [calls[one.job_id] for one in requests] == [30 * 4, 20 * 3, 39 * 2, 20 * 2]


async def test_a_cancelled_request_is_removed_at_the_next_step(registry: Registry) -> None:
    """No forward holds its rows once the step that ran at the moment of closing is over."""
    forwards = ForwardRecorder(pause_at=5)
    async with create_painter(registry, max_rows=64, on_forward=forwards) as painter:
        gone, stays = paint_request(steps=40), paint_request(steps=40)
        staying = asyncio.create_task(painted(painter, stays))
        events = painter.paint(gone)
        await anext(events)
        await forwards.wait_paused()
        await events.aclose()
        forwards.resume()
        await staying
    held = [number for number, rows in enumerate(forwards.batches, 1) if any(job == gone.job_id for job, _ in rows)]
    assert held[-1] == 5 < len(forwards.batches)


async def test_a_late_one_picture_request_starts_within_two_steps(registry: Registry) -> None:
    forwards = ForwardRecorder(pause_at=5)
    async with create_painter(registry, max_rows=4, on_forward=forwards) as painter:
        long, late = paint_request(steps=100), paint_request(steps=4, pictures=1)
        events = painter.paint(long)
        await anext(events)
        await forwards.wait_paused()
        painting = asyncio.create_task(painted(painter, late))
        # It joins at its first turn.
        await asyncio.sleep(0)
        forwards.resume()
        await painting
        first = next(number for number, rows in enumerate(forwards.batches, 1) if (late.job_id, 0) in rows)
        await events.aclose()
    assert first <= 5 + 2


async def test_no_forward_has_more_rows_than_pay(registry: Registry) -> None:
    """With room for 6 forward rows, three pictures with guidance are painted at once, and all are painted."""
    batches: Batches = []
    async with create_painter(registry, max_rows=6, on_forward=batches.append) as painter:
        await all_painted(painter, [paint_request(steps=3), paint_request(steps=3)])
    assert max(len(rows) for rows in batches) == 3


async def test_progress_counts_every_step_and_previews_are_small_jpegs(registry: Registry) -> None:
    async with create_painter(registry, max_rows=64, options=LoopOptions(preview_every=timedelta(0))) as painter:
        said = [event async for event in painter.paint(paint_request(steps=5))]
    assert [event.done for event in said[:-1] if isinstance(event, Progress)] == [1, 2, 3, 4, 5]
    previews = [event.preview for event in said[:-1] if isinstance(event, Progress)]
    assert all(preview is not None and pixels(preview).shape == (256, 256, 3) for preview in previews)
    assert isinstance(said[-1], PaintedPictures)
