"""A reward model: how much a community likes a picture of a text, learnt from its preferences over CLIP's features."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from engine.learn.adapter import save_atomically
from engine.learn.examples import DAMAGED
from engine.learn.preferences import Preference, PreferenceRow, PreferencesUnusable
from engine.models.loading.clip import LoadedClip, Seen
from engine.models.loading.reward import RewardModel, features_of

_PENALTIES = (1e-3, 1e-2, 3e-2, 1e-1)
# Features that hardly differ are not blown up.
_LEAST_SCALE = 1e-6
# A standard deviation of logits with which hardly a vote is by chance.
_CERTAIN = 1000.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparisons:
    """Preferences as differences of features, winner minus loser: float32 [pairs, features]; weights [pairs].

    preferences: those that they are of, in the same order, where they are of pictures.
    """

    differences: Tensor
    weights: Tensor
    preferences: Sequence[Preference] = ()


def save_reward_model(model: RewardModel, file: Path, facts: Mapping[str, str]) -> None:
    """Write a model with some facts; the same ones always make the same bytes.

    Raises: OSError, which names the file; the previous one is then intact.
    """
    save_atomically(file, {"weights": model.weights}, facts)


class FeatureReader:
    """Reads features with a CLIP; each text and each picture once."""

    def __init__(self, clip: LoadedClip) -> None:
        self._clip = clip
        self._texts: dict[str, Tensor] = {}
        self._pictures: dict[str, Seen] = {}

    def features_of(self, picture: Image.Image, text: str) -> Tensor:
        """Return the features of a picture of a text, float32 [features]."""
        return features_of(self._clip.look_at(picture.convert("RGB")), self._text(text))

    def comparisons(self, rows: Iterable[PreferenceRow]) -> Comparisons:
        """Return preferences as a model learns from them; those with a damaged picture are left out.

        Raises: PreferencesUnusable if none is left.
        """
        differences, preferences = list[Tensor](), list[Preference]()
        for row in rows:
            one, text = row.preference, self._text(row.preference.caption)
            try:
                winner, loser = self._picture(one.winner, row.read), self._picture(one.loser, row.read)
            except DAMAGED:
                continue
            differences.append(features_of(winner, text) - features_of(loser, text))
            preferences.append(one)
        if not preferences:
            raise PreferencesUnusable("No votes are held out to judge with yet. Evaluate when there are more.")
        weights = torch.tensor([one.weight for one in preferences])
        return Comparisons(differences=torch.stack(differences), weights=weights, preferences=preferences)

    def _text(self, text: str) -> Tensor:
        if text not in self._texts:
            self._texts[text] = self._clip.embed_texts([text])[0]
        return self._texts[text]

    def _picture(self, sha256: str, read: Callable[[str], bytes]) -> Seen:
        if sha256 not in self._pictures:
            with Image.open(io.BytesIO(read(sha256))) as image:
                self._pictures[sha256] = self._clip.look_at(image.convert("RGB"))
        return self._pictures[sha256]


def train_reward_model(train: Comparisons, validation: Comparisons) -> RewardModel:
    """Return the model under which the preferences are likeliest, with the penalty that fits held-out ones best.

    The penalty is the same for all features, whatever their scale, as their differences are divided by how large they
    usually are. The model is calibrated on the held-out ones: their logits are scaled by one factor.
    Source: Bradley and Terry 1952 with features; Guo et al. 2017 (temperature scaling), section 4.2.
    """
    scale = train.differences.square().mean(dim=0).sqrt().clamp(min=_LEAST_SCALE)
    scaled = replace(train, differences=train.differences / scale)
    fitted = [_fitted(scaled, penalty) / scale for penalty in _PENALTIES]
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


def noise_ceiling(preferences: Iterable[Preference]) -> float | None:
    """Return how often the best of all judges would be right, as members disagree; None if no pair has two votes.

    It follows from how often two votes on the same pair agree, by their weights, if the logits of the pairs are
    normally distributed around 0: a pair of which a share p prefers the one picture gives p^2 + (1 - p)^2 of agreement,
    and max(p, 1 - p) to the best judge. A bias that votes on a pair share, as that for a slot, makes it too high;
    weights that even the bias out mend most of that.
    """
    agreeing = compared = 0.0
    weights = defaultdict[tuple[str, str, str], float](float)
    for one in preferences:
        same = weights[one.caption, one.winner, one.loser]
        opposite = weights[one.caption, one.loser, one.winner]
        agreeing += one.weight * same
        compared += one.weight * (same + opposite)
        weights[one.caption, one.winner, one.loser] += one.weight
    return _best_accuracy(agreeing / compared) if compared else None


def _best_accuracy(agreement: float) -> float:
    """Return the accuracy of the best judge where two votes agree so often, 0.5 to 1, by bisection."""
    low, high = 0.0, _CERTAIN
    for _ in range(40):
        middle = (low + high) / 2
        shares = _shares(middle)
        low, high = (middle, high) if (shares**2 + (1 - shares) ** 2).mean() < agreement else (low, middle)
    shares = _shares(low)
    return 1.0 if low > 0.99 * _CERTAIN else torch.maximum(shares, 1 - shares).mean().item()


def _shares(deviation: float) -> Tensor:
    """Return shares of votes whose logits are normally distributed, float64 [1000], each as likely as the other."""
    return torch.sigmoid(deviation * torch.special.ndtri((torch.arange(1000, dtype=torch.float64) + 0.5) / 1000))


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
