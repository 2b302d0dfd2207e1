"""Finds what is registered as one module of diffusers, a ControlNet or a motion adapter, downloads and hashes it."""

from __future__ import annotations

from pathlib import Path

from engine.contract.errors import WeightsMissing
from engine.models.files.folder_hash import hash_of_files
from engine.models.files.locate import missing_from_hub, snapshot
from engine.models.files.weights import check_complete
from engine.models.registry.controls import ControlNet
from engine.models.registry.motion import MotionAdapter

CONFIG, WEIGHTS = "config.json", "diffusion_pytorch_model.safetensors"

Module = ControlNet | MotionAdapter


def module_folder(module: Module) -> Path:
    """Return the folder with the module's configuration and weights.

    Raises: WeightsMissing.
    """
    if module.hub is not None:
        with missing_from_hub(module.hub):
            folder = snapshot(module.hub, module.revision, (CONFIG, WEIGHTS), is_here=True)
    else:
        folder = module.folder or Path()
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise WeightsMissing(path=folder / name if folder.is_dir() else folder)
    return folder


def fetch_module(module: Module) -> Path:
    """Download a module from the Hub, with progress bars on stderr, and return its folder.

    Raises: WeightsMissing if the Hub cannot be reached or has no such files.
    """
    if module.hub is not None:
        with missing_from_hub(module.hub):
            snapshot(module.hub, module.revision, (CONFIG, WEIGHTS))
    return module_folder(module)


def module_hash(module: Module) -> str:
    """Return the SHA-256 of the names and contents of the module's files.

    Raises: WeightsMissing, WeightsMismatch for a damaged file or a hash that is not the recorded one.
    """
    folder = module_folder(module)
    check_complete(folder / WEIGHTS)
    return hash_of_files([folder / CONFIG, folder / WEIGHTS], module.sha256, folder)
