"""Finds the files of a registered ControlNet on this machine, downloads them from the Hub, and hashes them."""

from __future__ import annotations

from pathlib import Path

from engine.contract.errors import WeightsMissing
from engine.models.files.folder_hash import hash_of_files
from engine.models.files.locate import missing_from_hub, snapshot
from engine.models.files.weights import check_complete
from engine.models.registry.controls import ControlNet

CONFIG, WEIGHTS = "config.json", "diffusion_pytorch_model.safetensors"


def control_folder(control: ControlNet) -> Path:
    """Return the folder with the ControlNet's configuration and weights.

    Raises: WeightsMissing.
    """
    if control.hub is not None:
        with missing_from_hub(control.hub):
            folder = snapshot(control.hub, control.revision, (CONFIG, WEIGHTS), is_here=True)
    else:
        folder = control.folder or Path()
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise WeightsMissing(path=folder / name if folder.is_dir() else folder)
    return folder


def fetch_control(control: ControlNet) -> Path:
    """Download a ControlNet from the Hub, with progress bars on stderr, and return its folder.

    Raises: WeightsMissing if the Hub cannot be reached or has no such files.
    """
    if control.hub is not None:
        with missing_from_hub(control.hub):
            snapshot(control.hub, control.revision, (CONFIG, WEIGHTS))
    return control_folder(control)


def control_hash(control: ControlNet) -> str:
    """Return the SHA-256 of the names and contents of the ControlNet's files.

    Raises: WeightsMissing, WeightsMismatch for a damaged file or a hash that is not the recorded one.
    """
    folder = control_folder(control)
    check_complete(folder / WEIGHTS)
    return hash_of_files([folder / CONFIG, folder / WEIGHTS], control.sha256, folder)
