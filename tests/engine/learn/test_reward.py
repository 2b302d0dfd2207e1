"""The reward model on features whose preferences follow a known taste."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.learn.preferences import read_preferences
from engine.learn.reward import (
    Comparisons,
    FeatureReader,
    RewardModel,
    accuracy,
    calibration_error,
    load_reward_model,
    noise_ceiling,
    train_reward_model,
)
from engine.models.loading.clip import load_clip
from engine.starter import WEIGHTS
from tests.engine.learn.pickapic_folder import png, row, save_rows, warm_rows

TASTE = torch.linspace(-2, 2, 12)


def drawn(count: int, seed: int) -> Comparisons:
    """Return preferences that follow TASTE by the model's own probability."""
    rng = torch.Generator().manual_seed(seed)
    differences = torch.randn(count, len(TASTE), generator=rng)
    wins = torch.rand(count, generator=rng) < torch.sigmoid(differences @ TASTE)
    signs = torch.where(wins, 1.0, -1.0)[:, None]
    return Comparisons(differences=differences * signs, weights=torch.ones(count))


def test_a_known_taste_is_found_as_well_as_anything_could() -> None:
    """Within two points of the accuracy of the taste itself, and calibrated."""
    model = train_reward_model(drawn(4000, 0), drawn(500, 1))
    test = drawn(4000, 2)
    assert accuracy(model, test) > accuracy(RewardModel(weights=TASTE), test) - 0.02
    assert torch.nn.functional.cosine_similarity(model.weights, TASTE, dim=0) > 0.98
    assert calibration_error(model, test) < 0.03
    assert calibration_error(RewardModel(weights=TASTE * 5), test) > 0.05


def test_weights_decide_whom_the_model_believes() -> None:
    """Votes of one kind against the same votes turned round: the heavier ones win."""
    some = drawn(500, 0)
    turned = Comparisons(
        differences=torch.cat([some.differences, -some.differences]),
        weights=torch.cat([some.weights, some.weights * 3]),
    )
    assert train_reward_model(turned, turned).weights @ TASTE < 0 < train_reward_model(some, some).weights @ TASTE


def test_the_ceiling_is_what_members_agree_on(tmp_path: Path) -> None:
    """Three of four votes on each pair agree: of the pairs of votes, half do, as guesses would."""
    one, other = png(1, 2), png(3, 4)
    three_of_four = [row(one, other)] * 3 + [row(other, one)]
    agreed = [row(one, other, "a dog")] * 6
    read = list(read_preferences(save_rows(tmp_path, [*three_of_four, *agreed])))
    assert noise_ceiling(read[:4]) == pytest.approx(0.5)
    assert noise_ceiling(read[4:]) == 1.0
    assert noise_ceiling(read[:1]) is None
    # 6 of 12 ordered pairs of votes agree, and 30 of 30.
    assert noise_ceiling(read) == pytest.approx((1 + (2 * 36 / 42 - 1) ** 0.5) / 2)


def test_pictures_are_judged_by_the_clip_of_the_starter(tmp_path: Path) -> None:
    """Members who like red pictures: unseen ones are told apart, and the file keeps the model with its facts."""
    rows = list(read_preferences(save_rows(tmp_path / "rows", warm_rows(60))))
    reader = FeatureReader(load_clip("starter", WEIGHTS / "clip", torch.device("cpu")))
    model = train_reward_model(reader.comparisons(rows[:40]), reader.comparisons(rows[40:50]))
    assert accuracy(model, reader.comparisons(rows[50:])) == 1.0
    model.save(tmp_path / "reward.safetensors", {"clip": "starter"})
    again, facts = load_reward_model(tmp_path / "reward.safetensors")
    assert torch.equal(again.weights, model.weights) and facts == {"clip": "starter"}
