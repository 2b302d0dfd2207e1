"""A tiny safety checker with random weights, in the layout of real ones, that finds red pictures unsafe."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from PIL import Image
from transformers import CLIPConfig, CLIPImageProcessor

SIDE = 32
_TINY = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}


def save_classifier(folder: Path, *, finds_all: bool = False) -> None:
    """Save the checker with its processor; a picture that is plainly red exceeds the first concept's threshold.

    finds_all: any picture does.
    """
    torch.manual_seed(0)
    processor = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    config = CLIPConfig(
        vision_config={**_TINY, "image_size": SIDE, "patch_size": 8, "projection_dim": 16}, projection_dim=16
    )
    checker = StableDiffusionSafetyChecker(config).eval()
    for parameter in checker.parameters():
        # Wide enough apart that the picture matters.
        parameter.data.normal_(0, 0.4)
    red, *others = [_embedded(checker, processor, colour) for colour in ("red", "blue", "green", "white", "black")]
    basis, _ = torch.linalg.qr(torch.stack(others).T)
    checker.concept_embeds.data[0] = red - basis @ (basis.T @ red)
    for thresholds in (checker.concept_embeds_weights, checker.special_care_embeds_weights):
        thresholds.data.fill_(1.5)
    checker.concept_embeds_weights.data[0] = -1.5 if finds_all else _likeness(checker, red, 0) - 0.1
    checker.save_pretrained(folder)
    processor.save_pretrained(folder)


@torch.no_grad()
def _embedded(checker: StableDiffusionSafetyChecker, processor: CLIPImageProcessor, colour: str) -> torch.Tensor:
    pixels = processor(images=Image.new("RGB", (SIDE, SIDE), colour), return_tensors="pt")["pixel_values"]
    embedded: torch.Tensor = checker.visual_projection(checker.vision_model(pixels)[1])
    return torch.nn.functional.normalize(embedded)[0]


def _likeness(checker: StableDiffusionSafetyChecker, embedded: torch.Tensor, concept: int) -> float:
    return float(torch.cosine_similarity(embedded, checker.concept_embeds[concept], dim=0))
