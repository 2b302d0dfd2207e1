"""A reward model: how much a community likes a picture of a text, learnt from its preferences over CLIP's features.

A picture of a text becomes its CLIP vector beside the product of its vector with that of the text, float32
[2 * dimensions], of which a weighted sum is the reward. Two pictures of one text differ by what the first part says of
taste and the second of how well each fits.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from safetensors import safe_open
from torch import Tensor
from torch.nn import functional

from engine.learn.adapter import facts_from_metadata, save_atomically
from engine.learn.preferences import PreferenceRow
from engine.models.loading.clip import LoadedClip

_PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparisons:
    """Preferences as differences of features, winner minus loser: float32 [pairs, 2 * dimensions]; weights [pairs]."""

    differences: Tensor
    weights: Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class RewardModel:
    """The weights of the features, float32 [2 * dimensions].

    The difference of two pictures' rewards is the logit of a member's preferring the one to the other.
    """

    weights: Tensor

    def rewards(self, features: Tensor) -> Tensor:
        """Return the reward of each picture, float32 [pictures], of features float32 [pictures, 2 * dimensions]."""
        return features @ self.weights

    def save(self, file: Path, facts: Mapping[str, str]) -> None:
        """Write the model with some facts; the same ones always make the same bytes."""
        save_atomically(file, {"weights": self.weights}, facts)


def load_reward_model(file: Path) -> tuple[RewardModel, Mapping[str, str]]:
    """Return a saved model with its facts."""
    with safe_open(file, "pt") as saved:
        return RewardModel(weights=saved.get_tensor("weights")), facts_from_metadata(saved.metadata())


class FeatureReader:
    """Reads features with a CLIP; each text and each picture once."""

    def __init__(self, clip: LoadedClip) -> None:
        self._clip = clip
        self._texts: dict[str, Tensor] = {}
        self._pictures: dict[str, Tensor] = {}

    def features_of(self, picture: Image.Image, text: str) -> Tensor:
        """Return the features of a picture of a text, float32 [2 * dimensions]."""
        return _joined(self._clip.embed_image(picture.convert("RGB"))[0], self._text(text))

    def comparisons(self, rows: Iterable[PreferenceRow]) -> Comparisons:
        """Return preferences as a model learns from them; those with a damaged picture are left out."""
        differences, weights = [], []
        for row in rows:
            one, text = row.preference, self._text(row.preference.caption)
            try:
                winner, loser = self._picture(one.winner, row.winner), self._picture(one.loser, row.loser)
            except OSError:
                continue
            differences.append(_joined(winner, text) - _joined(loser, text))
            weights.append(one.weight)
        return Comparisons(differences=torch.stack(differences), weights=torch.tensor(weights))

    def _text(self, text: str) -> Tensor:
        if text not in self._texts:
            self._texts[text] = self._clip.embed_texts([text])[0]
        return self._texts[text]

    def _picture(self, sha256: str, data: bytes) -> Tensor:
        if sha256 not in self._pictures:
            with Image.open(io.BytesIO(data)) as image:
                self._pictures[sha256] = self._clip.embed_image(image.convert("RGB"))[0]
        return self._pictures[sha256]


def train_reward_model(train: Comparisons, validation: Comparisons) -> RewardModel:
    """Return the model under which the preferences are likeliest, with the penalty that fits held-out ones best.

    It is calibrated on the held-out ones: their logits are scaled by one factor.
    Source: Bradley and Terry 1952 with features; Guo et al. 2017 (temperature scaling), section 4.2.
    """
    fitted = [_fitted(train, penalty) for penalty in _PENALTIES]
    best = min(fitted, key=lambda weights: _loss(validation, weights).item())
    return RewardModel(weights=best * _temperature(validation, best))


def accuracy(model: RewardModel, comparisons: Comparisons) -> float:
    """Return of how many preferences the winner has the higher reward, by weight; equal rewards count half. 0 to 1."""
    gains = model.rewards(comparisons.differences)
    hits = (gains > 0).float() + (gains == 0).float() / 2
    return ((hits * comparisons.weights).sum() / comparisons.weights.sum()).item()


def calibration_error(model: RewardModel, comparisons: Comparisons, bins: int = 10) -> float:
    """Return how far stated probabilities are from how often they come true, by weight of their bin; 0 to 1.

    Source: Guo et al. 2017, equation 3 (expected calibration error), over the probability of the likelier picture.
    """
    probabilities = torch.sigmoid(model.rewards(comparisons.differences))
    stated, came_true = torch.maximum(probabilities, 1 - probabilities), (probabilities > 0.5).float()
    found = ((stated - 0.5) * 2 * bins).long().clamp(max=bins - 1)
    gaps = [
        (stated[found == at].mean() - came_true[found == at].mean()).abs() * (found == at).sum()
        for at in range(bins)
        if (found == at).any()
    ]
    return (torch.stack(gaps).sum() / len(stated)).item()


def noise_ceiling(rows: Iterable[PreferenceRow]) -> float | None:
    """Return the accuracy that nothing can exceed, because members disagree; None if no pair has two votes.

    With a the share of two votes on the same pair that agree, it is (1 + sqrt(2a - 1)) / 2: if each vote is the
    common opinion with probability p, two agree with p^2 + (1 - p)^2.
    """
    sides: dict[tuple[str, str, str], list[bool]] = {}
    for row in rows:
        one = row.preference
        first, second = sorted((one.winner, one.loser))
        sides.setdefault((one.caption, first, second), []).append(one.winner == first)
    votes = [(sum(found), len(found)) for found in sides.values() if len(found) > 1]
    if not votes:
        return None
    agreeing = sum(first * (first - 1) + (total - first) * (total - first - 1) for first, total in votes)
    agreement = agreeing / sum(total * (total - 1) for _, total in votes)
    return float((1 + max(0.0, 2 * agreement - 1) ** 0.5) / 2)


def _joined(picture: Tensor, text: Tensor) -> Tensor:
    return torch.cat([picture, picture * text])


def _fitted(comparisons: Comparisons, penalty: float) -> Tensor:
    weights = torch.zeros(comparisons.differences.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = _loss(comparisons, weights) + penalty / 2 * weights.square().sum()
        torch.autograd.backward(loss)
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return weights.detach()


def _loss(comparisons: Comparisons, weights: Tensor) -> Tensor:
    """Return the mean of -log sigmoid(winner's reward - loser's), by weight."""
    losses = functional.softplus(-(comparisons.differences @ weights))
    return (losses * comparisons.weights).sum() / comparisons.weights.sum()


def _temperature(comparisons: Comparisons, weights: Tensor) -> float:
    factors: Sequence[float] = [2 ** (exponent / 8) for exponent in range(-24, 25)]
    return min(factors, key=lambda factor: _loss(comparisons, weights * factor).item())
