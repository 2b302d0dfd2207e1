"""Model families adapted at the edge to one protocol; the loop never learns that families exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch

from engine.models.registry.registry import Model
from engine.painter.families.flux import FluxModel
from engine.painter.families.pixart import PixArtModel
from engine.painter.families.qwen import QwenImageModel
from engine.painter.families.sana import SanaModel
from engine.painter.families.sd3 import SD3Model
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
        "pixart": PixArtModel,
        "sana": SanaModel,
        "qwen-image": QwenImageModel,
        "z-image": ZImageModel,
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
    """Return the pipeline's parts behind the protocol of the painter."""
    common = {"device": device, "sha256": sha256, "fragments_of": fragments_of, "fit_preview": fit_preview}
    return KINDS[model.family.name](pipe, model, **common)
