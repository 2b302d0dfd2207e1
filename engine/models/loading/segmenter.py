"""Loads a segmenter and finds with it what words name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate, max_pool2d
from transformers import CLIPSegForImageSegmentation, CLIPSegProcessor

from engine.contract.add_ons import AddOn, errors_about
from engine.mask_file import MaskFile, mask_file_from_image
from engine.models.files.folder_hash import folder_hash
from engine.models.loading.errors import UnusableFiles, translated_errors
from engine.models.loading.exclusive import one_at_a_time
from engine.models.registry.folders import ModelFolder

_GROWTH = 1 / 32
"""Of the shorter side: by so much a mask is larger than what was found, so that no edge of it stays."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedSegmenter:
    """A segmenter on its device, in float32, with what prepares its inputs; `sha256` is the hash of its files."""

    segmenter: ModelFolder
    sha256: str
    model: Any
    processor: Any

    @torch.inference_mode()
    def find(self, image: Image.Image, words: str) -> MaskFile | None:
        """Return the mask of what the words name in an image in RGB; None if there is nothing.

        The mask is where the probability is over a half, the logits being enlarged bilinearly, and a little around it.
        Source: Luddecke and Ecker 2022 (CLIPSeg), section 3; the stock `CLIPSegForImageSegmentation`.

        Raises: ModelBroken.
        """
        with errors_about(AddOn.SEGMENTER, self.segmenter.name), translated_errors(self.segmenter.name):
            asked = {"text": [words], "images": [image], "return_tensors": "pt", "padding": True, "truncation": True}
            inputs = self.processor(**asked).to(self.model.device)
            found = _enlarged(self.model(**inputs).logits.float(), image) > 0
        grown = grow(found.float(), max(1, round(min(image.size) * _GROWTH)))
        return mask_file_from_image(Image.fromarray((grown[0, 0] * 255).byte().cpu().numpy()))


def load_segmenter(segmenter: ModelFolder, device: torch.device) -> LoadedSegmenter:
    """Return the segmenter on the device, its files checked against the recorded hash.

    Raises: WeightsMissing, WeightsMismatch, ModelBroken.
    """
    with one_at_a_time, errors_about(AddOn.SEGMENTER, segmenter.name), translated_errors(segmenter.name):
        sha256 = folder_hash(segmenter.folder, segmenter.sha256)
        processor = CLIPSegProcessor.from_pretrained(segmenter.folder, local_files_only=True)
        model = CLIPSegForImageSegmentation.from_pretrained(
            segmenter.folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
        # transformers 5.23 makes a tokenizer of nothing but special tokens where its vocabulary is missing.
        if len(processor.tokenizer) < model.config.text_config.vocab_size:
            raise UnusableFiles("its tokenizer lacks most of the vocabulary of its text encoder")
        return LoadedSegmenter(segmenter=segmenter, sha256=sha256, model=model.eval().to(device), processor=processor)


def grow(mask: Tensor, radius: int) -> Tensor:
    """Return the mask, float [1, 1, height, width], with all that is within a square of `radius` pixels of it."""
    side = 2 * radius + 1
    across = max_pool2d(mask, (1, side), stride=1, padding=(0, radius))
    return max_pool2d(across, (side, 1), stride=1, padding=(radius, 0))


def _enlarged(logits: Tensor, image: Image.Image) -> Tensor:
    # One picture comes without its batch dimension.
    square = logits.reshape(1, 1, *logits.shape[-2:])
    return interpolate(square, size=(image.height, image.width), mode="bilinear", align_corners=False)
