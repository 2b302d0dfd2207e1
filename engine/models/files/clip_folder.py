"""Where a model's own CLIP is: next to its parts, in a folder that the pipeline's index does not name."""

from __future__ import annotations

from pathlib import Path


def clip_folder(model_folder: Path) -> Path | None:
    """Return the folder of the CLIP that comes with a model, or None if there is none."""
    folder = model_folder / "clip"
    return folder if (folder / "model.safetensors").is_file() else None
