"""Where a command may write a picture, told before anything is painted."""

from __future__ import annotations

from pathlib import Path

import typer
from PIL import Image


def check_image(output: Path) -> Path:
    """Return `output` where an image can be written to it.

    Raises: BadParameter when it has no folder, or names no kind of image.
    """
    if Image.registered_extensions().get(output.suffix.lower()) not in Image.SAVE:
        raise typer.BadParameter(f"{output} names no kind of image: end it with .png, .jpg or .webp.")
    return _in_a_folder(output)


def check_png(output: Path) -> Path:
    """Return `output` where a PNG can be written to it as it is.

    Raises: BadParameter when it has no folder, or names another kind of file.
    """
    if output.suffix.lower() != ".png":
        raise typer.BadParameter(f"{output} names no PNG: end it with .png.")
    return _in_a_folder(output)


def _in_a_folder(output: Path) -> Path:
    if not output.parent.is_dir():
        raise typer.BadParameter(f"There is no folder {output.parent}: make it first.")
    return output
