"""Every model family behind one protocol, so that the denoising loop is the same for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch

from engine.models.registry.registry import Model
from engine.painter.families.auraflow import AuraFlowModel
from engine.painter.families.chroma import ChromaModel
from engine.painter.families.flux import FluxModel
from engine.painter.families.flux2_klein import Flux2KleinModel
from engine.painter.families.lumina2 import Lumina2Model
from engine.painter.families.pixart import PixArtModel
from engine.painter.families.qwen import QwenImageModel
from engine.painter.families.sana import SanaModel
from engine.painter.families.sd3 import SD3Model
from engine.painter.families.svd import StableVideoModel
from engine.painter.families.unet import UNetModel
from engine.painter.families.zimage import ZImageModel
from engine.painter.pipeline.prompt_weighting import Fragments
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.pipeline.vae import PreviewFit, fit_preview_weights

KINDS: Mapping[str, Callable[..., LoadedModel]] = MappingProxyType(
    {
        "sd1": UNetModel,
        "sd2": UNetModel,
        "sdxl": UNetModel,
        "sd3": SD3Model,
        "flux": FluxModel,
        "flux2-klein": Flux2KleinModel,
        "chroma": ChromaModel,
        "auraflow": AuraFlowModel,
        "lumina2": Lumina2Model,
        "pixart": PixArtModel,
        "sana": SanaModel,
        "qwen-image": QwenImageModel,
        "z-image": ZImageModel,
        "svd": StableVideoModel,
    }
)


def adapted(
    pipe: Any,
    model: Model,
    *,
    device: torch.device,
    sha256: str,
    fragments_of: Callable[[str], Fragments],
    fit_preview: PreviewFit = fit_preview_weights,
) -> LoadedModel:
    """Return the pipeline as a `LoadedModel` of its family.

    pipe: a diffusers pipeline of `model.family`, its parts on the device and in their final dtype.
    sha256: hash of the model's files.
    fragments_of: splits a text into pieces with their attention weights, such as `parse_attention`.
    fit_preview: returns the weights of `preview_from_latents` for a VAE.
    """
    common = {"device": device, "sha256": sha256, "fragments_of": fragments_of, "fit_preview": fit_preview}
    return KINDS[model.family.name](pipe, model, **common)
