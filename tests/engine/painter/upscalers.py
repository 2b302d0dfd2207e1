"""Tiny random upscalers in the layouts in which weights are published, and a registry that names one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.models.loading.upscale_network import UpscaleNetwork
from engine.models.registry.registry import Registry
from engine.models.registry.upscalers import Upscaler

_OLD = {
    "conv_first": "model.0",
    "conv_up1": "model.3",
    "conv_up2": "model.6",
    "conv_hr": "model.8",
    "conv_last": "model.10",
}
_EARLY = {"conv_body": "trunk_conv", "conv_up1": "upconv1", "conv_up2": "upconv2", "conv_hr": "HRconv"}
_BLOCK = re.compile(r"body\.(\d)\.rdb(\d)\.conv(\d)\.(.*)")


def tiny_network(*, shuffled: int = 1, seed: int = 0) -> UpscaleNetwork:
    """Return a random network of two blocks that enlarges pictures, much as nearest neighbours would."""
    torch.manual_seed(seed)
    network = UpscaleNetwork(16, growth=8, blocks=2, doublings=2, shuffled=shuffled)
    return network.requires_grad_(False).eval()


def with_old_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights as ESRGAN was first published."""
    return {_old_name(name): weight for name, weight in weights.items()}


def with_early_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights as ESRGAN's own code has them later."""
    blocks = {name: _BLOCK.sub(r"RRDB_trunk.\1.RDB\2.conv\3.\4", name) for name in weights}
    return {_with_part(blocks[name], _EARLY): weight for name, weight in weights.items()}


def _old_name(name: str) -> str:
    block = _BLOCK.sub(r"model.1.sub.\1.RDB\2.conv\3.0.\4", name)
    return _with_part(block, {**_OLD, "conv_body": "model.1.sub.9"})


def _with_part(name: str, parts: Mapping[str, str]) -> str:
    part, _, rest = name.partition(".")
    return f"{parts.get(part, part)}.{rest}"


def registered(registry: Registry, folder: Path, *, shuffled: int = 1, seed: int = 0) -> Registry:
    """Return the registry with a tiny upscaler in the folder."""
    file = folder / f"tiny-{shuffled}-{seed}.safetensors"
    save_file(tiny_network(shuffled=shuffled, seed=seed).state_dict(), file)
    upscaler = Upscaler(name="tiny", file=file, licence="unknown", sha256=None)
    return replace(registry, upscalers=MappingProxyType({"tiny": upscaler}))
