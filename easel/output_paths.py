"""Checks of the file that a command will write a picture to, made before anything is painted."""

from __future__ import annotations

from pathlib import Path

import typer
from PIL import Image


def check_image(output: Path) -> Path:
    """Return `output` if an image can be written to it.

    Raises: BadParameter when its folder does not exist or its extension is not an image format.
    """
    if Image.registered_extensions().get(output.suffix.lower()) not in Image.SAVE:
        raise typer.BadParameter(f"{output} is not an image file name. Use .png, .jpg or .webp.")
    return _require_folder(output)


def check_png(output: Path) -> Path:
    """Return `output` if a PNG can be written to it.

    Raises: BadParameter when its folder does not exist or its extension is not .png.
    """
    if output.suffix.lower() != ".png":
        raise typer.BadParameter(f"{output} is not a PNG file name. Use .png.")
    return _require_folder(output)


def _require_folder(output: Path) -> Path:
    if not output.parent.is_dir():
        raise typer.BadParameter(f"Folder not found: {output.parent}")
    return output
