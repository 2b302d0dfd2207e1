"""The reward model on features whose preferences follow a known taste."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.learn.preferences import Preference, read_preferences
from engine.learn.reward import (
    Comparisons,
    FeatureReader,
    accuracy,
    calibration_error,
    noise_ceiling,
    save_reward_model,
    train_reward_model,
)
from engine.learn.trust import key_of, trust_in, weighed
from engine.models.loading.clip import load_clip
from engine.models.loading.reward import RewardModel, load_reward_model
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


def test_votes_that_contradict_the_others_are_trusted_less() -> None:
    """A fifth are turned round, and have little weight in the eyes of those on other prompts."""
    meant = drawn(4000, 0)
    wrong = torch.arange(4000) % 5 == 0
    preferences = [Preference(caption=f"prompt {at}", winner=f"{at}", loser=f"-{at}") for at in range(4000)]
    signs = torch.where(wrong, -1.0, 1.0)[:, None]
    noisy = Comparisons(differences=meant.differences * signs, weights=meant.weights, preferences=preferences)
    found = trust_in(noisy)
    trust = torch.tensor([found[key_of(one)] for one in preferences])
    assert trust[~wrong].mean() > 1.3 and trust[wrong].mean() < 0.7
    assert [one.weight for one in weighed(preferences[:2], {key_of(preferences[0]): 0.5})] == [0.5, 1.0]
    alone = Comparisons(differences=meant.differences[:1], weights=meant.weights[:1], preferences=preferences[:1])
    assert trust_in(alone) == {}


def test_the_ceiling_is_what_members_agree_on(tmp_path: Path) -> None:
    """Three of four votes on each pair agree: of the pairs of votes, half do, as guesses would."""
    one, other = png(1, 2), png(3, 4)
    three_of_four = [row(one, other)] * 3 + [row(other, one)]
    agreed = [row(one, other, "a dog")] * 6
    read = [one.preference for one in read_preferences(save_rows(tmp_path, [*three_of_four, *agreed]))]
    assert noise_ceiling(read[:4]) == pytest.approx(0.5, abs=0.01)
    assert noise_ceiling(read[4:]) == 1.0
    assert noise_ceiling(read[:1]) is None


def test_votes_that_weigh_little_hardly_count_for_the_ceiling() -> None:
    """Those for a picture in a slot that is chosen whatever it shows agree, and their weights say how often."""
    honest = [Preference(caption="a cat", winner="ab"[vote], loser="ab"[1 - vote]) for vote in (0, 0, 0, 1)]
    biased = [Preference(caption="a dog", winner="a", loser="b", weight=0.01) for _ in range(4)]
    assert noise_ceiling([*honest, *biased]) == pytest.approx(0.5, abs=0.02)
    assert noise_ceiling([*honest, *(replace(one, weight=1.0) for one in biased)]) > 0.7  # type: ignore[operator]


def test_the_ceiling_is_the_accuracy_of_the_taste_itself() -> None:
    """Pairs of all kinds, from clear ones to those about which members toss a coin, with three votes each."""
    rng = torch.Generator().manual_seed(0)
    shares = torch.sigmoid(2 * torch.randn(4000, generator=rng))
    votes = torch.rand(4000, 3, generator=rng) < shares[:, None]
    preferences = [
        Preference(caption=str(pair), winner="ab"[1 - vote], loser="ab"[vote])
        for pair, three in enumerate(votes.int().tolist())
        for vote in three
    ]
    best = torch.maximum(shares, 1 - shares).mean().item()
    assert noise_ceiling(preferences) == pytest.approx(best, abs=0.01)


def test_a_model_without_weights_for_patches_reads_the_rest(tmp_path: Path) -> None:
    """Files of older releases judge as they did; those that are trained now see patches as well."""
    reader = FeatureReader(load_clip("starter", WEIGHTS / "clip", torch.device("cpu")))
    seen = reader.comparisons(read_preferences(save_rows(tmp_path, warm_rows(8)))).differences
    weights = torch.cat([torch.ones(seen.shape[1] // 2), torch.zeros(seen.shape[1] // 2)])
    older = RewardModel(weights=weights[: seen.shape[1] // 2])
    assert torch.allclose(older.rewards(seen), RewardModel(weights=weights).rewards(seen))
    assert seen[:, seen.shape[1] // 2 :].abs().mean() > 0.01


def test_pictures_are_judged_by_the_clip_of_the_starter(tmp_path: Path) -> None:
    """Members who like red pictures: unseen ones are told apart, and the file keeps the model with its facts."""
    rows = list(read_preferences(save_rows(tmp_path / "rows", warm_rows(60))))
    reader = FeatureReader(load_clip("starter", WEIGHTS / "clip", torch.device("cpu")))
    model = train_reward_model(reader.comparisons(rows[:40]), reader.comparisons(rows[40:50]))
    assert accuracy(model, reader.comparisons(rows[50:])) == 1.0
    save_reward_model(model, tmp_path / "reward.safetensors", {"clip": "starter"})
    again, facts = load_reward_model(tmp_path / "reward.safetensors")
    assert torch.equal(again.weights, model.weights) and facts == {"clip": "starter"}
