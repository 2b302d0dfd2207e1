"""Tiny random ControlNets, and registries with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import torch
from diffusers import ControlNetModel, UNet2DConditionModel

from engine.models.registry.controls import ControlNet
from engine.models.registry.registry import Registry


def save_control(folder: Path, model: Path, *, seed: int) -> Path:
    """Save a ControlNet for a tiny checkpoint, whose outputs are no zeros, as those of a trained one."""
    torch.manual_seed(seed)
    unet = UNet2DConditionModel.from_pretrained(model / "unet")
    # Pictures are four times as wide as latents of the tiny VAE.
    control = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(8, 8, 16))
    for name, weight in control.named_parameters():
        if "controlnet_down" in name or "controlnet_mid" in name or "cond_embedding" in name:
            weight.data = torch.randn_like(weight) * 0.2
    control.save_pretrained(folder, safe_serialization=True)
    return folder


def control_net(name: str, folder: Path, *, kind: str = "depth", family: str = "sd1") -> ControlNet:
    return ControlNet(
        name=name, kind=kind, family=family, folder=folder, hub=None, revision=None, licence="none", sha256=None
    )


def with_controls(registry: Registry, *controls: ControlNet) -> Registry:
    """Return the registry with these ControlNets and no others."""
    named: Mapping[str, ControlNet] = {control.name: control for control in controls}
    return replace(registry, controls=MappingProxyType(named))
