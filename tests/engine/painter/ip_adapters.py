"""Tiny random IP-Adapters with their image encoders, in the layout of real ones."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from tests.engine.painter.checkpoints import save_sd1, save_sdxl
from tests.engine.painter.registries import entry

SIDE, HIDDEN, PROJECTED, TOKENS = 32, 32, 24, 4


def save_image_encoder(folder: Path, *, seed: int) -> None:
    """Save a random CLIP vision model that reads pictures of 32 x 32 pixels."""
    torch.manual_seed(seed)
    config = CLIPVisionConfig(
        hidden_size=HIDDEN, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4,
        image_size=SIDE, patch_size=8, projection_dim=PROJECTED,
    )  # fmt: skip
    CLIPVisionModelWithProjection(config).save_pretrained(folder)


def save_ip_adapter(file: Path, model: Path, *, seed: int) -> None:
    """Save an IP-Adapter with random weights for the UNet of a checkpoint, strong enough to be seen."""
    unet = UNet2DConditionModel.from_pretrained(model / "unet")
    width = unet.config.cross_attention_dim
    torch.manual_seed(seed)
    weights: dict[str, Tensor] = {
        "image_proj.proj.weight": torch.randn(TOKENS * width, PROJECTED),
        "image_proj.proj.bias": torch.randn(TOKENS * width),
        "image_proj.norm.weight": torch.ones(width),
        "image_proj.norm.bias": torch.randn(width) * 0.3,
    }
    crossing = [part for name, part in unet.named_modules() if isinstance(part, Attention) and name.endswith("attn2")]
    for at, part in enumerate(crossing):
        for kind in ("k", "v"):
            weights[f"ip_adapter.{2 * at + 1}.to_{kind}_ip.weight"] = torch.randn(part.inner_dim, width)
    save_file(weights, file)


def entry_of(name: str, family: str, use: str = "image", more: str = "") -> str:
    """Return the IP-Adapter's entry in the models file."""
    return (
        f'[ip_adapters.{name}]\nfamily = "{family}"\nfile = "{name}.safetensors"\n'
        f'image_encoder = "image-encoder"\nuse = "{use}"\n{more}\n'
    )


def save_all(folder: Path) -> None:
    """Save two checkpoints, their IP-Adapters for each use, and the `registry.toml` of them all."""
    save_sd1(folder / "sd1")
    save_sdxl(folder / "sdxl", seed=3)
    save_image_encoder(folder / "image-encoder", seed=1)
    for name, model, seed in (("look", "sd1", 2), ("ink", "sd1", 3), ("hero", "sd1", 4), ("xl", "sdxl", 5)):
        save_ip_adapter(folder / f"{name}.safetensors", folder / model, seed=seed)
    parts = (
        entry("tiny", "sd1", "sd1"),
        entry("sdxl", "sdxl", "sdxl"),
        entry_of("look", "sd1"),
        entry_of("ink", "sd1", "style", 'blocks = ["up_blocks"]'),
        entry_of("hero", "sd1", "character"),
        entry_of("xl", "sdxl"),
    )
    (folder / "registry.toml").write_text("".join(('default = "tiny"', *parts)))
