"""What a community likes, as `easel learn evaluate` has learnt it: a weighted sum of CLIP's features.

A picture of a text becomes its CLIP vector beside the product of its vector with that of the text, float32
[2 * dimensions]. Two pictures of one text differ by what the first part says of taste and the second of how well each
fits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from engine.contract.errors import WeightsMismatch, WeightsMissing

FACTS = "easel"
"""The entry of a file's metadata that says what it was learnt from, as JSON."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RewardModel:
    """The weights of the features, float32 [2 * dimensions].

    The difference of two pictures' rewards is the logit of a member's preferring the one to the other.
    """

    weights: Tensor

    def rewards(self, features: Tensor) -> Tensor:
        """Return the reward of each picture, float32 [pictures], of features float32 [pictures, 2 * dimensions]."""
        return features @ self.weights


def features_of(pictures: Tensor, text: Tensor) -> Tensor:
    """Return the features of pictures of a text, float32 [..., 2 * dimensions], of CLIP's unit vectors."""
    return torch.cat([pictures, pictures * text], dim=-1)


def load_reward_model(file: Path) -> tuple[RewardModel, Mapping[str, str]]:
    """Return a saved model with its facts.

    Raises: WeightsMissing, WeightsMismatch for a file of something else.
    """
    try:
        with safe_open(file, "pt") as saved:
            return RewardModel(weights=saved.get_tensor("weights")), json.loads(saved.metadata()[FACTS])
    except FileNotFoundError as error:
        raise WeightsMissing(path=file) from error
    except (SafetensorError, LookupError, TypeError, ValueError) as error:
        raise WeightsMismatch(path=file) from error
