"""Loads a registered upscaler."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from safetensors.torch import load_file

from engine.contract.add_ons import AddOn, errors_about
from engine.contract.errors import ModelBroken, WeightsMismatch
from engine.models.files.weights import check_complete, hash_of
from engine.models.loading.upscale_network import UpscaleNetwork, network_from_weights
from engine.models.registry.upscalers import Upscaler


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedUpscaler:
    """A network on its device, in float32, with the name it is registered under and the hash of its file."""

    name: str
    sha256: str
    network: UpscaleNetwork
    device: torch.device


def verified_upscaler(upscaler: Upscaler) -> str:
    """Return the hash of the upscaler's file.

    Raises: WeightsMissing, WeightsMismatch for a damaged file or a hash that is not the recorded one.
    """
    check_complete(upscaler.file)
    sha256 = hash_of(upscaler.file)
    if upscaler.sha256 not in (None, sha256):
        raise WeightsMismatch(path=upscaler.file)
    return sha256


def load_upscaler(upscaler: Upscaler, device: torch.device) -> LoadedUpscaler:
    """Return the upscaler on the device.

    Raises: WeightsMissing, WeightsMismatch, ModelBroken for weights that are no ESRGAN's.
    """
    with errors_about(AddOn.UPSCALER, upscaler.name):
        sha256 = verified_upscaler(upscaler)
        try:
            network = network_from_weights(load_file(upscaler.file)).to(device)
        except ValueError as error:
            raise ModelBroken(name=upscaler.name, cause=str(error)) from error
    return LoadedUpscaler(name=upscaler.name, sha256=sha256, network=network, device=device)
