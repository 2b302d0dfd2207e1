"""Whether a motion adapter fits a model, by the configurations of both; no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.contract.errors import EaselError
from engine.models.files.locate import config_path, local_path
from engine.models.files.module_files import CONFIG, module_folder
from engine.models.files.part_settings import settings_in
from engine.models.registry.motion import MotionAdapter
from engine.models.registry.registry import Model

_WIDTHS, _LAYERS = [320, 640, 1280, 1280], 2
"""Those of a configuration that does not say them. Source: `MotionAdapter`, diffusers 0.42."""

_BLOCKS = frozenset({"CrossAttnDownBlock2D", "DownBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"})
_MIDDLE = "UNetMidBlock2DCrossAttn"
_UNREADABLE = (EaselError, OSError, ValueError)


def motion_misfit(adapter: Mapping[str, Any], unet: Mapping[str, Any]) -> str:
    """Return what in a motion adapter's configuration does not fit a U-Net's, as the end of a sentence, or nothing.

    Source: `UNetMotionModel.from_unet2d`, diffusers 0.42, which reads the same settings.
    """
    widths = list(unet.get("block_out_channels", ()))
    own = list(adapter.get("block_out_channels", _WIDTHS))
    if own != widths:
        return f"its block_out_channels is {own}, and the model needs {widths}"
    layers = _each(unet.get("layers_per_block", _LAYERS), len(widths))
    own_layers = _each(adapter.get("motion_layers_per_block", _LAYERS), len(widths))
    if own_layers != layers:
        return f"its motion_layers_per_block is {own_layers}, and the model needs {layers}"
    if adapter.get("conv_in_channels"):
        return "it takes a picture beside the latents, which is not supported"
    return _unsuitable(unet)


def _unsuitable(unet: Mapping[str, Any]) -> str:
    """Return why no motion adapter fits a U-Net, as the end of a sentence, or nothing."""
    if unet.get("in_channels") != unet.get("out_channels"):
        return "the model was trained to inpaint, and paints no films"
    others = {*unet.get("down_block_types", ()), *unet.get("up_block_types", ())} - _BLOCKS
    if others or unet.get("mid_block_type", _MIDDLE) != _MIDDLE:
        return f"the model has blocks without a place for motion: {', '.join(sorted(others)) or 'its middle'}"
    return ""


def motion_misfit_of(adapter: MotionAdapter, model: Model) -> str | None:
    """Return why the adapter does not fit the model; empty if it does, None if the files of either are missing."""
    try:
        place = local_path(model)
        folder = config_path(model) if place.is_file() else place
        settings = settings_in(module_folder(adapter) / CONFIG)
        return motion_misfit(settings, settings_in(folder / "unet" / CONFIG))
    except _UNREADABLE:
        return None


def _each(layers: Any, blocks: int) -> list[int]:
    return [layers] * blocks if isinstance(layers, int) else list(layers)
