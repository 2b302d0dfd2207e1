"""Loads a scorer, which says how much people would like a picture of a text."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from engine.contract.add_ons import AddOn, errors_about
from engine.models.files.folder_hash import folder_hash
from engine.models.files.json_files import object_in
from engine.models.loading.clip import LoadedClip, load_clip
from engine.models.loading.errors import UnusableFiles, translated_errors
from engine.models.loading.reward import RewardModel
from engine.models.registry.folders import ModelFolder

ARCHITECTURE = "CLIPModel"


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedScorer:
    """A CLIP that was trained on what people prefer, on its device; `sha256` is the hash of its files.

    reward: its score as a reward of its own features: exp(t) cos(e(picture), e(text)) with the trained scale t.
    Source: Kirstain et al. 2023 (PickScore), equation 1.
    """

    scorer: ModelFolder
    sha256: str
    clip: LoadedClip
    reward: RewardModel


def load_scorer(scorer: ModelFolder, device: torch.device) -> LoadedScorer:
    """Return the scorer on the device, its files checked against the recorded hash; code beside them is not run.

    Raises: WeightsMissing, WeightsMismatch, ModelBroken.
    """
    with errors_about(AddOn.SCORER, scorer.name):
        with translated_errors(scorer.name):
            sha256 = folder_hash(scorer.folder, scorer.sha256)
            _check_architecture(scorer)
        clip = load_clip(scorer.name, scorer.folder, device)
        return LoadedScorer(scorer=scorer, sha256=sha256, clip=clip, reward=_reward(clip))


def _check_architecture(scorer: ModelFolder) -> None:
    path = scorer.folder / "config.json"
    kinds = object_in(path).get("architectures") if path.is_file() else None
    if not isinstance(kinds, list) or ARCHITECTURE not in kinds:
        raise UnusableFiles(f"its config.json does not name {ARCHITECTURE} as its architecture")


def _reward(clip: LoadedClip) -> RewardModel:
    dimensions, scale = clip.model.config.projection_dim, float(clip.model.logit_scale.detach().exp())
    return RewardModel(weights=torch.cat([torch.zeros(dimensions), torch.full((dimensions,), scale)]))
