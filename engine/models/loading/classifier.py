"""Loads a safety classifier and says with it how unsafe pictures are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from PIL import Image
from torch import Tensor
from torch.nn.functional import normalize
from transformers import CLIPImageProcessor

from engine.contract.add_ons import AddOn, errors_about
from engine.models.files.folder_hash import folder_hash
from engine.models.files.json_files import object_in
from engine.models.loading.errors import UnusableFiles, translated_errors
from engine.models.loading.exclusive import one_at_a_time
from engine.models.registry.folders import ModelFolder

ARCHITECTURE = "StableDiffusionSafetyChecker"

_SPECIAL_CARE = 0.01
"""How much nearer to every concept a picture counts that shows what needs special care."""

_DIGITS = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedClassifier:
    """A classifier on its device, in float32, with what prepares its input; `sha256` is the hash of its files."""

    classifier: ModelFolder
    sha256: str
    model: Any
    processor: Any

    @torch.inference_mode()
    def scores(self, images: Sequence[Image.Image]) -> list[float]:
        """Return by how much each image in RGB exceeds the threshold of the concept that it exceeds most, -2 to 2.

        Over 0, the checker itself finds it unsafe: the cosine of its embedding and the concept's, less the concept's
        threshold, to three digits.
        Source: the stock `StableDiffusionSafetyChecker`; Rando et al. 2022, section 2.

        Raises: ModelBroken, also for scores that are no numbers.
        """
        with errors_about(AddOn.CLASSIFIER, self.classifier.name), translated_errors(self.classifier.name):
            pixels = self.processor(images=list(images), return_tensors="pt")["pixel_values"].to(self.model.device)
            seen = normalize(self.model.visual_projection(self.model.vision_model(pixels)[1]).float())
            special = _excess(seen, self.model.special_care_embeds, self.model.special_care_embeds_weights)
            excess = _excess(seen, self.model.concept_embeds, self.model.concept_embeds_weights)
            needs_care = (special.round(decimals=_DIGITS) > 0).any(1, keepdim=True)
            found = (excess + _SPECIAL_CARE * needs_care).amax(1)
            if not torch.isfinite(found).all():
                raise UnusableFiles("it scored a picture with what is no number")
        return [round(float(score), _DIGITS) for score in found]


def load_classifier(classifier: ModelFolder, device: torch.device) -> LoadedClassifier:
    """Return the classifier on the device, its files checked against the recorded hash; code beside them is not run.

    Raises: WeightsMissing, WeightsMismatch, ModelBroken.
    """
    with one_at_a_time, errors_about(AddOn.CLASSIFIER, classifier.name), translated_errors(classifier.name):
        sha256 = folder_hash(classifier.folder, classifier.sha256)
        _check_architecture(classifier)
        processor = CLIPImageProcessor.from_pretrained(classifier.folder, local_files_only=True)
        model, info = StableDiffusionSafetyChecker.from_pretrained(
            classifier.folder, local_files_only=True, use_safetensors=True, dtype=torch.float32,
            output_loading_info=True,
        )  # fmt: skip
        # transformers 5.23 fills what is missing with random numbers, which would find nothing unsafe.
        if missing := sorted(info["missing_keys"]):
            raise UnusableFiles(f"its weights lack {len(missing)} tensors, such as {missing[0]}")
        return LoadedClassifier(
            classifier=classifier, sha256=sha256, model=model.eval().to(device), processor=processor
        )


def _check_architecture(classifier: ModelFolder) -> None:
    path = classifier.folder / "config.json"
    kinds = object_in(path).get("architectures") if path.is_file() else None
    if not isinstance(kinds, list) or ARCHITECTURE not in kinds:
        raise UnusableFiles(f"its config.json does not name {ARCHITECTURE} as its architecture")


def _excess(seen: Tensor, concepts: Tensor, thresholds: Tensor) -> Tensor:
    """Return by how much each picture is nearer to each concept than its threshold: [pictures, concepts]."""
    return seen @ normalize(concepts.float()).T - thresholds.float()
