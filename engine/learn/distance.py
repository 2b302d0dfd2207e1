"""How far an adapter takes a model from its weights: a distance that grows from round to round is over-training."""

from __future__ import annotations

from typing import Any

import torch

from engine.learn.adapter import NAME


@torch.no_grad()
def relative_change(denoiser: Any) -> float:
    """Return the norm of what the LoRA adds to the layers that it is in, divided by the norm of their weights.

    It is the Frobenius norm over all of these layers together, and 0 for a LoRA that is not trained.
    """
    added = weights = 0.0
    for layer in denoiser.modules():
        if NAME in getattr(layer, "lora_A", {}):
            added += layer.get_delta_weight(NAME).float().square().sum().item()
            weights += layer.get_base_layer().weight.float().square().sum().item()
    return float((added / weights) ** 0.5)
