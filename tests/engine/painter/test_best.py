"""`--best n`: n pictures are painted, and the four that fit the prompt best are shown, best first."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.contract.errors import SettingUnsupported, WeightsMismatch
from engine.learn.reward import save_reward_model
from engine.models.loading.reward import RewardModel
from engine.models.registry.adapters import Adapter
from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import create_painter
from engine.painter.output.recipe import request_from_recipe
from engine.starter import WEIGHTS
from tests.engine.painter.checkpoints import save_lora
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


async def test_what_the_community_likes_decides_where_that_was_learnt(tmp_path: Path) -> None:
    """Here members like what is far from the words: the worst four by CLIP are shown, the worst first.

    A file of another CLIP is refused.
    """
    registry, reward = read_registry(), tmp_path / "reward.safetensors"
    save_lora(tmp_path / "style.safetensors", WEIGHTS, seed=0)
    style = Adapter(
        name="style", file=tmp_path / "style.safetensors", family="sd1", model=None, sha256=None, is_style=True
    )
    dimensions = json.loads((WEIGHTS / "clip" / "config.json").read_text())["projection_dim"]
    contrary = torch.cat([torch.zeros(dimensions), -torch.ones(dimensions)])
    shown = list[list[int]]()
    for likes, weights in ((None, contrary), (reward, contrary), (reward, contrary[1:])):
        save_reward_model(RewardModel(weights=weights), reward, {})
        adapters = {"style": replace(style, reward=likes)}
        async with create_painter(replace(registry, adapters=adapters), max_rows=64) as painter:
            if len(weights) < len(contrary):
                with pytest.raises(WeightsMismatch):
                    await painted(painter, paint_request(PROMPT, best=8, steps=4))
                break
            best = await painted(painter, paint_request(PROMPT, best=8, steps=4))
        shown.append([one.recipe["slot"] for one in best.pictures])
        scores = best.pictures[0].recipe["scores"]
    by_words, by_likes = shown
    assert not set(by_words) & set(by_likes)
    assert by_likes == sorted(range(8), key=lambda slot: -scores[slot])[:4]
    assert 0.0 < min(scores) < 0.5 < max(scores) < 1.0


async def test_a_model_without_a_clip_cannot_choose(registry: Registry) -> None:
    async with create_painter(registry, max_rows=64) as painter:
        with pytest.raises(SettingUnsupported):
            await painted(painter, paint_request("a cat", best=5, steps=1))
