"""Loads the weights of IP-Adapters and the CLIPs that read pictures for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor
from transformers import CLIPImageProcessor, CLIPVisionModelWithProjection

from engine.contract.errors import WeightsMismatch
from engine.models.files.folder_hash import ip_adapter_hash
from engine.models.files.locate import ip_adapter_files
from engine.models.files.weights import check_complete
from engine.models.loading.errors import UnusableFiles
from engine.models.loading.exclusive import one_at_a_time
from engine.models.registry.ip_adapters import IPAdapter

# What those have that read pictures: plain ones, those of whole faces, and "plus"; others read a face's identity.
_OF_PICTURES = frozenset({"proj.weight", "proj.3.weight", "latents"})


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageEncoder:
    """A CLIP's vision model on its device, and what prepares pictures for it."""

    model: Any
    processor: Any

    def embed(self, image: Image.Image, *, is_pooled: bool) -> tuple[Tensor, Tensor]:
        """Return the embeddings of an image in RGB and of no image, as an IP-Adapter reads them.

        is_pooled: whether they are the projected ones, float [1, features], and zeros for no image; else the
            last hidden state but one, float [1, patches + 1, features], and that of a black image.
        Source: `encode_image` of `StableDiffusionPipeline`, diffusers 0.42.
        """
        pixels = self.processor(image, return_tensors="pt").pixel_values.to(self.model.device, self.model.dtype)
        if is_pooled:
            pooled = self.model(pixels).image_embeds
            return pooled, torch.zeros_like(pooled)
        read = self.model(torch.cat([pixels, torch.zeros_like(pixels)]), output_hidden_states=True).hidden_states[-2]
        return read[:1], read[1:]


def load_image_encoder(folder: Path, dtype: torch.dtype, device: torch.device) -> ImageEncoder:
    """Return the image encoder in a folder as `save_pretrained` of transformers writes it, in safetensors.

    Raises: what transformers raises.
    """
    with one_at_a_time:
        model = CLIPVisionModelWithProjection.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=dtype
        )
    side = model.config.image_size
    processor = CLIPImageProcessor(size=side, crop_size=side)
    return ImageEncoder(model=model.eval().requires_grad_(False).to(device), processor=processor)


def read_ip_adapter(adapter: IPAdapter) -> tuple[dict[str, dict[str, Tensor]], str]:
    """Return the weights of an IP-Adapter as diffusers loads them, and the hash of all its files.

    Raises: WeightsMissing, WeightsMismatch, UnusableFiles for another kind of file.
    """
    file, encoder = ip_adapter_files(adapter)
    check_complete(file)
    sha256 = ip_adapter_hash(file, encoder)
    if adapter.sha256 not in (None, sha256):
        raise WeightsMismatch(path=file)
    parts: dict[str, dict[str, Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    for name, weight in load_file(file).items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = weight
    if not (parts["image_proj"] and parts["ip_adapter"]):
        raise UnusableFiles("its file lacks image_proj or ip_adapter, so it is no IP-Adapter")
    if not _OF_PICTURES & parts["image_proj"].keys():
        raise UnusableFiles("it is a FaceID adapter, which needs a face detector. Register one that reads pictures")
    return parts, sha256
