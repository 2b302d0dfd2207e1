"""Loads the CLIP that comes with a model, and compares pictures and texts with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import normalize
from transformers import CLIPModel, CLIPProcessor

from engine.models.files.folder_hash import folder_hash
from engine.models.loading.errors import UnusableFiles, translated_errors
from engine.models.loading.exclusive import one_at_a_time

_TEXTS_AT_ONCE = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What a CLIP sees in an image, float32 on the CPU.

    vector: the image as a unit vector [dimensions]: what it shows.
    patches: the mean over all patches of what the first layer reads of them and of what the last one makes of them
        [2 * width]: of which colours it is, and how much of it is what.
    """

    vector: Tensor
    patches: Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedClip:
    """A CLIP on its device, in float32; `name` is that of its model, for errors."""

    name: str
    model: Any
    processor: Any

    @torch.inference_mode()
    def embed_image(self, image: Image.Image) -> Tensor:
        """Return the image, in RGB, as a unit vector, float32 [1, dimensions] on the CPU.

        Raises: ModelBroken.
        """
        with translated_errors(self.name):
            inputs = self.processor(images=[image], return_tensors="pt").to(self.model.device)
            return _unit(self.model.get_image_features(**inputs))

    @torch.inference_mode()
    def look_at(self, image: Image.Image) -> Seen:
        """Return what the CLIP sees in the image, in RGB.

        Raises: ModelBroken.
        """
        with translated_errors(self.name):
            inputs = self.processor(images=[image], return_tensors="pt").to(self.model.device)
            features = self.model.get_image_features(**inputs, output_hidden_states=True)
            layers = (features.hidden_states[0], features.hidden_states[-1])
            # The first token stands for the whole image, and the others each for a patch.
            patches = torch.cat([layer[0, 1:].mean(dim=0) for layer in layers])
            return Seen(vector=_unit(features)[0], patches=patches.float().cpu())

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Return the texts as unit vectors, float32 [texts, dimensions] on the CPU; what does not fit is cut off.

        Raises: ModelBroken.
        """
        with translated_errors(self.name):
            parts = [texts[at : at + _TEXTS_AT_ONCE] for at in range(0, len(texts), _TEXTS_AT_ONCE)]
            return torch.cat([self._embed(part) for part in parts])

    def _embed(self, texts: Sequence[str]) -> Tensor:
        limit = self.model.config.text_config.max_position_embeddings
        asked = {"return_tensors": "pt", "padding": True, "truncation": True, "max_length": limit}
        inputs = self.processor.tokenizer(list(texts), **asked).to(self.model.device)
        return _unit(self.model.get_text_features(**inputs))


def load_clip(name: str, folder: Path, device: torch.device, recorded: str | None = None) -> LoadedClip:
    """Return the CLIP in a folder, in safetensors, on the device, its files checked against the recorded hash.

    Raises: WeightsMismatch, ModelBroken.
    """
    folder_hash(folder, recorded)
    with one_at_a_time, translated_errors(name):
        processor = CLIPProcessor.from_pretrained(folder, local_files_only=True)
        model, info = CLIPModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
        # transformers 5.23 fills what is missing with random numbers.
        if missing := sorted(info["missing_keys"]):
            raise UnusableFiles(f"the weights of its CLIP lack {len(missing)} tensors, such as {missing[0]}")
        # transformers 5.23 makes a tokenizer of nothing but special tokens where its vocabulary is missing.
        if len(processor.tokenizer) < model.config.text_config.vocab_size:
            raise UnusableFiles("the tokenizer of its CLIP lacks most of the vocabulary")
        return LoadedClip(name=name, model=model.eval().to(device), processor=processor)


def _unit(features: Any) -> Tensor:
    # transformers 5 wraps them; earlier releases return the tensor.
    vectors: Tensor = getattr(features, "pooler_output", features)
    return normalize(vectors.float(), dim=-1).cpu()
