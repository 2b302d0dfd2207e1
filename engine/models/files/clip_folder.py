"""Where a model's own CLIP is: next to its parts, in a folder that the pipeline's index does not name."""

from __future__ import annotations

from pathlib import Path

from engine.contract.errors import WeightsMissing
from engine.models.files.folder_hash import folder_hash

_FOLDER = "clip"


def clip_folder(model_folder: Path) -> Path | None:
    """Return the folder of the CLIP that comes with a model, or None if there is none."""
    folder = model_folder / _FOLDER
    return folder if (folder / "model.safetensors").is_file() else None


def clip_hash(model_folder: Path, recorded: str | None) -> str | None:
    """Return the SHA-256 of the CLIP that comes with a model, as `folder_hash`, or None if there is none.

    Raises: WeightsMissing if one is recorded and there is none, WeightsMismatch if another one is recorded.
    """
    folder = clip_folder(model_folder)
    if folder is not None:
        return folder_hash(folder, recorded)
    if recorded is not None:
        raise WeightsMissing(path=model_folder / _FOLDER)
    return None
