"""Loads a registered motion adapter for a model, as a U-Net of films that has the model's own layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import MotionAdapter as MotionModules
from diffusers import UNetMotionModel
from torch import nn

from engine.contract.add_ons import AddOn, errors_about
from engine.models.files.json_files import shown
from engine.models.files.module_files import CONFIG, WEIGHTS, module_folder, module_hash
from engine.models.files.motion_fit import motion_misfit
from engine.models.files.part_settings import settings_in, shapes_in
from engine.models.loading.building import bounded_building
from engine.models.loading.errors import UnusableFiles, translated_errors
from engine.models.loading.exclusive import one_at_a_time
from engine.models.loading.parts import check_filled
from engine.models.registry.motion import MotionAdapter

_SHARED = ("resnets", "attentions", "downsamplers", "upsamplers")


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedMotion:
    """A U-Net of films on its device: the layers of a model's own U-Net, and those of a motion adapter between them.

    max_frames: the most frames of a film. sha256: hash of the adapter's files. size_bytes: memory of its weights alone.
    """

    network: UNetMotionModel
    max_frames: int
    sha256: str
    size_bytes: int


def load_motion(adapter: MotionAdapter, unet: Any, dtype: torch.dtype, device: torch.device) -> LoadedMotion:
    """Return the U-Net of films that a motion adapter makes of a model's U-Net.

    Guarantees: its layers are those of `unet`, not copies, so that adapters that are set there have effect here.

    Raises: WeightsMissing, WeightsMismatch, ModelBroken also for one that does not fit the model,
    torch.OutOfMemoryError.
    """
    with errors_about(AddOn.MOTION, adapter.name), translated_errors(adapter.name):
        sha256, folder = module_hash(adapter), module_folder(adapter)
        if told := motion_misfit(settings_in(folder / CONFIG), unet.config):
            raise UnusableFiles(told)
        modules = _modules(folder)
        for weight in (*modules.parameters(), *modules.buffers()):
            # Copied out of the mapped file, so that a file changed on disk does not change a loaded one.
            weight.data = weight.data.to(dtype, copy=True)
        modules = modules.eval().requires_grad_(False)
        network = _joined(unet, modules)
        # Only now: joining moves them to where the U-Net is, which may be offloaded.
        modules.to(device)
    return LoadedMotion(
        network=network,
        max_frames=modules.config.motion_max_seq_length,
        sha256=sha256,
        size_bytes=sum(weight.numel() * weight.element_size() for weight in modules.parameters()),
    )


def try_motion(adapter: MotionAdapter) -> None:
    """Load the motion adapter without its numbers.

    Raises: WeightsMissing, WeightsMismatch, ModelBroken with what loading would raise.
    """
    with errors_about(AddOn.MOTION, adapter.name), translated_errors(adapter.name):
        _modules(module_folder(adapter), device_map="meta")


def _modules(folder: Path, **how: Any) -> MotionModules:
    try:
        settings = settings_in(folder / CONFIG)
    except ValueError as error:
        raise UnusableFiles(str(error)) from error
    if (kind := settings.get("_class_name")) != MotionModules.__name__:
        raise UnusableFiles(f"its {CONFIG} names {shown(kind)}, and only {MotionModules.__name__} is supported")
    building = bounded_building("motion adapter", MotionModules, folder / CONFIG, shapes_in([folder / WEIGHTS]))
    with one_at_a_time, building:
        modules, report = MotionModules.from_pretrained(
            str(folder), use_safetensors=True, local_files_only=True, output_loading_info=True, **how
        )
    check_filled("motion adapter", report["missing_keys"])
    loaded: MotionModules = modules
    return loaded


def _joined(unet: Any, modules: MotionModules) -> UNetMotionModel:
    """Return the U-Net of films with the layers of both; only its skeleton is built, without weights of its own.

    Source: `UNetMotionModel.from_unet2d`, diffusers 0.42, which copies the same layers.
    """
    with one_at_a_time, torch.device("meta"):
        network: UNetMotionModel = UNetMotionModel.from_unet2d(unet, modules, load_weights=False)
    for name in ("conv_in", "time_proj", "time_embedding", "conv_norm_out", "conv_act", "conv_out"):
        setattr(network, name, getattr(unet, name))
    for block, plain, motion in _blocks(network, unet, modules):
        for name in _SHARED:
            if getattr(block, name, None) is not None:
                setattr(block, name, getattr(plain, name))
        if motion is not None:
            block.motion_modules = motion.motion_modules
    if empty := [name for name, weight in network.named_parameters() if weight.is_meta]:
        raise UnusableFiles(f"the model lacks {empty[0]}")
    return network.eval()


def _blocks(
    network: UNetMotionModel, unet: Any, modules: MotionModules
) -> Iterator[tuple[nn.Module, nn.Module, nn.Module | None]]:
    """Yield each block of a U-Net of films with that of the plain one and that of the motion adapter."""
    yield from zip(network.down_blocks, unet.down_blocks, modules.down_blocks, strict=True)
    yield from zip(network.up_blocks, unet.up_blocks, modules.up_blocks, strict=True)
    yield network.mid_block, unet.mid_block, modules.mid_block
