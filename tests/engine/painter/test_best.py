"""`--best n`: n pictures are painted, and the four that fit the prompt best are shown, best first."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from engine.contract.add_ons import AddOn
from engine.contract.errors import ModelBroken, SettingUnsupported, WeightsMismatch
from engine.learn.reward import save_reward_model
from engine.models.loading.reward import RewardModel
from engine.models.loading.scorer import load_scorer
from engine.models.prompt_limits import limits_from_registry
from engine.models.registry.adapters import Adapter
from engine.models.registry.folders import ModelFolder
from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import create_painter
from engine.painter.output.recipe import request_from_recipe
from engine.starter import WEIGHTS
from tests.engine.painter.checkpoints import save_lora
from tests.engine.painter.requests import paint_request, painted
from tests.engine.painter.scorers import save_scorer

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


async def test_a_registered_scorer_chooses_for_every_model(registry: Registry, tmp_path: Path) -> None:
    """Also for one without a CLIP; what a community likes goes before it, over its features if it was learnt so."""
    save_scorer(tmp_path / "pick")
    pick = ModelFolder(kind=AddOn.SCORER, name="pick", folder=tmp_path / "pick", licence="none", sha256=None)
    scorer = load_scorer(pick, torch.device("cpu"))
    scored = replace(registry, folders=MappingProxyType({AddOn.SCORER: MappingProxyType({"pick": pick})}))
    request = paint_request("a cat", best=6, steps=1)
    async with create_painter(scored, max_rows=64) as painter:
        best = await painted(painter, request)
        every = await painted(painter, paint_request("a cat", pictures=6, steps=1))
    images = [Image.open(io.BytesIO(one.png)).convert("RGB") for one in every.pictures]
    (words,) = scorer.clip.embed_texts(["a cat"])
    seen = torch.cat([scorer.clip.embed_image(image) for image in images])
    # PickScore: the scaled cosine.
    expected = (math.exp(3) * seen @ words).tolist()
    slots = [one.recipe["slot"] for one in best.pictures]
    assert slots == sorted(range(6), key=lambda slot: -expected[slot])[:4]
    scores = best.pictures[0].recipe["scores"]
    assert scores == pytest.approx(torch.sigmoid(torch.tensor(expected) - sum(expected) / 6).tolist(), abs=1e-3)
    models = limits_from_registry(scored, None, without_clip=[*scored.models]).models
    assert any("best" in (one.abilities or ()) for one in models)

    save_reward_model(RewardModel(weights=-scorer.reward.weights), tmp_path / "likes", {"clip_sha256": scorer.sha256})
    liked = replace(scored.adapters["ink"], is_style=True, reward=tmp_path / "likes")
    async with create_painter(replace(scored, adapters={"ink": liked}), max_rows=64) as painter:
        contrary = await painted(painter, paint_request("a cat", best=6, steps=1, stylize=0))
    assert [one.recipe["slot"] for one in contrary.pictures] == sorted(range(6), key=lambda slot: expected[slot])[:4]


async def test_a_scorer_that_is_none_is_refused(tmp_path: Path) -> None:
    """One of another architecture, and one whose weights are not whole, which transformers would fill by chance."""
    save_scorer(tmp_path)
    pick = ModelFolder(kind=AddOn.SCORER, name="pick", folder=tmp_path, licence="none", sha256=None)
    weights = load_file(tmp_path / "model.safetensors")
    save_file({name: one for name, one in weights.items() if name != "logit_scale"}, tmp_path / "model.safetensors")
    with pytest.raises(ModelBroken, match="logit_scale"):
        load_scorer(pick, torch.device("cpu"))
    config = tmp_path / "config.json"
    config.write_text(config.read_text().replace('"CLIPModel"', '"BlipModel"'))
    with pytest.raises(ModelBroken, match="CLIPModel") as refused:
        load_scorer(pick, torch.device("cpu"))
    assert refused.value.facts["add_on_name"] == "pick"


async def test_a_model_without_a_clip_cannot_choose(registry: Registry) -> None:
    async with create_painter(registry, max_rows=64) as painter:
        with pytest.raises(SettingUnsupported):
            await painted(painter, paint_request("a cat", best=5, steps=1))
