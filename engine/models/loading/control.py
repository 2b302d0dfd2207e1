"""Loads a registered ControlNet for a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import ControlNetModel

from engine.contract.add_ons import AddOn, errors_about
from engine.contract.errors import SettingUnsupported
from engine.models.files.control_fit import misfit
from engine.models.files.json_files import shown
from engine.models.files.module_files import CONFIG, WEIGHTS, module_folder, module_hash
from engine.models.files.part_settings import settings_in, shapes_in
from engine.models.loading.building import bounded_building
from engine.models.loading.errors import UnusableFiles, translated_errors
from engine.models.loading.exclusive import one_at_a_time
from engine.models.loading.parts import check_filled
from engine.models.registry.controls import ControlNet


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedControlNet:
    """A ControlNet on its device; `sha256` is the hash of its files, `size_bytes` the memory of its weights."""

    network: ControlNetModel
    sha256: str
    size_bytes: int


def load_control(
    control: ControlNet, model: str, unet: Mapping[str, Any], factor: int, dtype: torch.dtype, device: torch.device
) -> LoadedControlNet:
    """Return the ControlNet for a model.

    model: the name of the model; unet: the configuration of its U-Net; factor: by how much its VAE makes pictures
    smaller.

    Raises: WeightsMissing, WeightsMismatch, ModelBroken, SettingUnsupported for one that does not fit the model,
    torch.OutOfMemoryError.
    """
    with errors_about(AddOn.CONTROL, control.name), translated_errors(control.name):
        sha256, folder = module_hash(control), module_folder(control)
        network = _network(folder)
        if misfit(network.config, unet, factor):
            raise SettingUnsupported(name="control", value=control.name, model=model)
        for weight in (*network.parameters(), *network.buffers()):
            # Copied out of the mapped file, so that a file changed on disk does not change a loaded one.
            weight.data = weight.data.to(dtype, copy=True)
        network = network.eval().requires_grad_(False).to(device)
    size_bytes = sum(weight.numel() * weight.element_size() for weight in network.parameters())
    return LoadedControlNet(network=network, sha256=sha256, size_bytes=size_bytes)


def try_control(control: ControlNet) -> None:
    """Load the ControlNet without its numbers.

    Raises: WeightsMissing, WeightsMismatch, ModelBroken with what loading would raise.
    """
    with errors_about(AddOn.CONTROL, control.name), translated_errors(control.name):
        _network(module_folder(control), device_map="meta")


def _network(folder: Path, **how: Any) -> ControlNetModel:
    try:
        settings = settings_in(folder / CONFIG)
    except ValueError as error:
        raise UnusableFiles(str(error)) from error
    if (kind := settings.get("_class_name")) != ControlNetModel.__name__:
        raise UnusableFiles(f"its {CONFIG} names {shown(kind)}, and only {ControlNetModel.__name__} is supported")
    if settings.get("global_pool_conditions"):
        raise UnusableFiles(f"its {CONFIG} sets global_pool_conditions, which is not supported")
    with one_at_a_time, bounded_building("ControlNet", ControlNetModel, folder / CONFIG, shapes_in([folder / WEIGHTS])):
        network, report = ControlNetModel.from_pretrained(
            str(folder), use_safetensors=True, local_files_only=True, output_loading_info=True, **how
        )
    check_filled("ControlNet", report["missing_keys"])
    loaded: ControlNetModel = network
    return loaded
