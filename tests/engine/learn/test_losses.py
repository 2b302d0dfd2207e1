"""The losses against their equations, written out for single pairs."""

from __future__ import annotations

import math

import pytest
import torch

from engine.learn.losses import PairErrors, dpo_loss, kto_loss

ERRORS = PairErrors(
    winner=torch.tensor([0.50, 0.40]),
    loser=torch.tensor([0.52, 0.30]),
    reference_winner=torch.tensor([0.51, 0.39]),
    reference_loser=torch.tensor([0.51, 0.33]),
)
BETA = 100.0


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def test_dpo_is_its_equation() -> None:
    """Of the first pair the winner has become likelier and the loser less likely; of the second it is the opposite."""
    gains = [-50 * ((0.50 - 0.51) - (0.52 - 0.51)), -50 * ((0.40 - 0.39) - (0.30 - 0.33))]
    loss = dpo_loss(ERRORS, BETA)
    wanted = sum(-math.log(sigmoid(gain)) for gain in gains) / 2
    assert loss.value.item() == pytest.approx(wanted, rel=1e-4)
    assert loss.accuracy == 0.5


def test_kto_is_its_equation() -> None:
    rewards = [-50 * (a - b) for a, b in ((0.50, 0.51), (0.40, 0.39), (0.52, 0.51), (0.30, 0.33))]
    gone = max(0.0, sum(rewards) / 4)
    liked, disliked = rewards[:2], rewards[2:]
    wanted = sum(
        (1 - sigmoid(good - gone) + 1 - sigmoid(gone - bad)) / 2 for good, bad in zip(liked, disliked, strict=True)
    )
    loss = kto_loss(ERRORS, BETA)
    assert loss.value.item() == pytest.approx(wanted / 2, rel=1e-4)


@pytest.mark.parametrize("loss", [dpo_loss, kto_loss])
def test_a_step_down_makes_winners_likelier_and_losers_less(loss: object) -> None:
    winner, loser = torch.tensor([0.5], requires_grad=True), torch.tensor([0.5], requires_grad=True)
    errors = PairErrors(
        winner=winner, loser=loser, reference_winner=torch.tensor([0.5]), reference_loser=torch.tensor([0.5])
    )
    torch.autograd.backward(loss(errors, BETA).value)  # type: ignore[operator]
    assert winner.grad is not None and loser.grad is not None
    assert winner.grad.item() > 0 > loser.grad.item()
