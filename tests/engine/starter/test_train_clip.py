"""The CLIP model beside the pipeline: it opens as any other, shares the text encoder, and knows red from blue."""

from __future__ import annotations

import pytest
import torch
from transformers import CLIPModel, CLIPProcessor, CLIPTextModel

from engine.starter import WEIGHTS
from engine.starter.world import picture_from_scene, scene_from_seed


@pytest.fixture(scope="module")
def model() -> CLIPModel:
    """The shipped CLIP model."""
    return CLIPModel.from_pretrained(WEIGHTS / "clip").eval()


def test_the_text_tower_is_the_pipelines(model: CLIPModel) -> None:
    """Ranking by it is ranking by what the denoiser was told."""
    encoder = CLIPTextModel.from_pretrained(WEIGHTS / "text_encoder").eval()
    tokens = torch.tensor([[915, 320, 572, 668, 916]])
    ours = model.text_model(input_ids=tokens).last_hidden_state
    assert torch.allclose(ours, encoder(input_ids=tokens).last_hidden_state, atol=1e-5)
    assert model.dtype == torch.float32


def test_pictures_are_nearer_to_their_own_colour(model: CLIPModel) -> None:
    """Of rendered single objects, most are matched to their colour rather than to another."""
    processor = CLIPProcessor.from_pretrained(WEIGHTS / "clip")
    scenes = [scene_from_seed(60_000_000 + at, side=(128, 128), composition="one") for at in range(60)]
    chosen = [scene for scene in scenes if scene.kinds[0][1] in ("red", "blue")]
    inputs = processor(
        text=["a red object", "a blue object"],
        images=[picture_from_scene(scene) for scene in chosen],
        return_tensors="pt",
        padding=True,
    )
    with torch.no_grad():
        said = model(**inputs).logits_per_image.argmax(1).tolist()
    hits = sum(("red", "blue")[index] == scene.kinds[0][1] for index, scene in zip(said, chosen, strict=True))
    assert hits > 0.7 * len(chosen)
