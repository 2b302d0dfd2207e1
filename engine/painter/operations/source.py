"""The picture that an operation starts from, as pixels."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from engine.contract.errors import PictureCorrupt


def open_source(encoded: bytes) -> Image.Image:
    """Return an encoded image in RGB.

    Raises: PictureCorrupt when it is no image, or an incomplete one.
    """
    try:
        with Image.open(io.BytesIO(encoded)) as image:
            return image.convert("RGB")
    except (OSError, Image.DecompressionBombError) as error:
        raise PictureCorrupt(cause=str(error)) from error


def pixels_from_image(encoded: bytes, width: int, height: int) -> Tensor:
    """Return an encoded image as float32 [1, 3, height, width] in -1 to 1 on the CPU, resized to fit.

    Raises: PictureCorrupt when it is no image, or an incomplete one.
    """
    return unit_pixels(open_source(encoded).resize((width, height), Image.Resampling.LANCZOS))


def cropped_pixels(encoded: bytes, width: int, height: int) -> Tensor:
    """Return the middle of an encoded image as float32 [1, 3, height, width] in -1 to 1 on the CPU.

    It has its proportions, and nothing of it is left out along one of its sides.

    Raises: PictureCorrupt when it is no image, or an incomplete one.
    """
    return unit_pixels(cropped(encoded, width, height))


def cropped(encoded: bytes, width: int, height: int) -> Image.Image:
    """Return the middle of an encoded image in RGB, of that size; raises as `cropped_pixels`."""
    return ImageOps.fit(open_source(encoded), (width, height), Image.Resampling.LANCZOS)


def unit_pixels(image: Image.Image) -> Tensor:
    """Return an image in RGB as float32 [1, 3, height, width] in -1 to 1 on the CPU.

    Source: `VaeImageProcessor.preprocess`, diffusers 0.42.
    """
    pixels = torch.from_numpy(np.asarray(image, dtype=np.float32) / 255.0)
    return pixels.movedim(-1, 0)[None] * 2 - 1
