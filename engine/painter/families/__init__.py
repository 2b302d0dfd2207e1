"""Model families adapted at the edge to one protocol; the loop never learns that families exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from engine.models.registry import Model
from engine.painter.families.protocol import LoadedModel
from engine.painter.families.text import Fragments
from engine.painter.families.transformers import FluxModel, SD3Model
from engine.painter.families.unet import UNetModel


def adapted(
    pipe: Any, model: Model, *, device: torch.device, sha256: str, fragments_of: Callable[[str], Fragments]
) -> LoadedModel:
    """Return the pipeline's parts behind the protocol of the painter."""
    kinds: dict[str, Callable[..., LoadedModel]] = {"sd3": SD3Model, "flux": FluxModel}
    kind = kinds.get(model.family.name, UNetModel)
    return kind(pipe, model, device=device, sha256=sha256, fragments_of=fragments_of)
