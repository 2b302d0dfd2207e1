"""Whether a ControlNet fits a model, by the configurations of its U-Net and its VAE; no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.contract.errors import EaselError
from engine.models.files.locate import config_path, local_path
from engine.models.files.module_files import CONFIG, module_folder
from engine.models.files.part_settings import settings_in
from engine.models.registry.controls import ControlNet
from engine.models.registry.registry import Model, Registry

_SAME = ("block_out_channels", "layers_per_block", "cross_attention_dim")
_EMBEDDING_CHANNELS = (16, 32, 96, 256)
"""Those of a ControlNet whose configuration does not say them. Source: `ControlNetModel`, diffusers 0.42."""

_UNREADABLE = (EaselError, OSError, ValueError)


def misfit(control: Mapping[str, Any], unet: Mapping[str, Any], factor: int) -> str:
    """Return what in a ControlNet's configuration does not fit a U-Net's, as the end of a sentence, or nothing.

    factor: by how much the model's VAE makes pictures smaller.
    What a ControlNet adds has the shapes of the U-Net's own layers; how deep its attention is, is its own matter.
    """
    wanted = {**{name: unet.get(name) for name in _SAME}, "in_channels": unet.get("out_channels")}
    if control.get("addition_embed_type") is not None:
        wanted |= {name: unet.get(name) for name in ("addition_embed_type", "projection_class_embeddings_input_dim")}
    for name, value in wanted.items():
        if name in control and _listed(control[name]) != _listed(value):
            return f"its {name} is {_listed(control[name])}, and the model needs {_listed(value)}"
    channels = control.get("conditioning_embedding_out_channels") or _EMBEDDING_CHANNELS
    own = 2 ** (len(channels) - 1)
    return "" if own == factor else f"it makes pictures smaller by {own}, and the model by {factor}"


def misfit_of(control: ControlNet, model: Model) -> str | None:
    """Return why the ControlNet does not fit the model; empty if it does, None if the files of either are missing."""
    try:
        place = local_path(model)
        folder = config_path(model) if place.is_file() else place
        settings = settings_in(module_folder(control) / CONFIG)
        vae = settings_in(folder / "vae" / CONFIG)
        factor = 2 ** (len(vae.get("block_out_channels", ())) - 1)
        return misfit(settings, settings_in(folder / "unet" / CONFIG), factor)
    except _UNREADABLE:
        return None


def fitting_controls(model: Model, registry: Registry) -> tuple[str, ...]:
    """Return the names of the ControlNets that are registered for the model and, as far as is known, fit it."""
    return tuple(control.name for control in registry.controls_of(model) if not misfit_of(control, model))


def _listed(value: Any) -> Any:
    """Return what a configuration says, with lists as JSON has them."""
    return list(value) if isinstance(value, tuple) else value
