"""`--best n`: n pictures are painted, and the four that fit the prompt best are shown, best first."""

from __future__ import annotations

import pytest

from engine.contract.errors import SettingUnsupported
from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import create_painter
from engine.painter.output.recipe import request_from_recipe
from tests.engine.painter.requests import paint_request, painted

PROMPT = "a red heart on a blue background"


async def test_the_best_four_are_shown_with_all_scores() -> None:
    """They are of the pictures of a larger batch, and each repaints from its recipe byte for byte."""
    registry = read_registry()
    async with create_painter(registry, max_rows=64) as painter:
        best = await painted(painter, paint_request(PROMPT, best=6, steps=4))
        every = await painted(painter, paint_request(PROMPT, pictures=6, steps=4))
        third = best.pictures[2].recipe
        again = await painted(painter, request_from_recipe(third, registry))
    (scores,) = {tuple(one.recipe["scores"]) for one in best.pictures}
    slots = [one.recipe["slot"] for one in best.pictures]
    assert len(scores) == 6 and len(set(scores)) > 1 and best.grid is not None
    assert slots == sorted(range(6), key=lambda slot: -scores[slot])[:4]
    assert [one.png for one in best.pictures] == [every.pictures[slot].png for slot in slots]
    assert again.pictures[third["slot"]].png == best.pictures[2].png


async def test_a_model_without_a_clip_cannot_choose(registry: Registry) -> None:
    async with create_painter(registry, max_rows=64) as painter:
        with pytest.raises(SettingUnsupported):
            await painted(painter, paint_request("a cat", best=5, steps=1))
