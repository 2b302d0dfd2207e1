"""What a community likes, as `easel learn evaluate` has learnt it: a weighted sum of CLIP's features.

A picture of a text becomes its CLIP vector, the product of its vector with that of the text, and the means of its
patches, float32 [2 * dimensions + 2 * width]. Two pictures of one text differ by what the first part says of taste, the
second of how well each fits, and the third of colours and sizes, which a vector made to match texts hardly tells.
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
from engine.models.loading.clip import Seen

FACTS = "easel"
"""The entry of a file's metadata that says what it was learnt from, as JSON."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RewardModel:
    """The weights of the features, float32 [2 * dimensions + 2 * width]; older files have none for the patches.

    The difference of two pictures' rewards is the logit of a member's preferring the one to the other.
    """

    weights: Tensor

    def rewards(self, features: Tensor) -> Tensor:
        """Return the reward of each picture, float32 [pictures], of features float32 [pictures, features]."""
        return features[..., : len(self.weights)] @ self.weights


def features_of(picture: Seen, text: Tensor) -> Tensor:
    """Return the features of a picture of a text, float32 [2 * dimensions + 2 * width]; `text` is a unit vector."""
    return torch.cat([picture.vector, picture.vector * text, picture.patches])


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
