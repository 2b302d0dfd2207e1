"""The picture in the prompt as a ControlNet reads it."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from engine.contract.painting import PaintRequest
from engine.models.registry.controls import EDGES
from engine.painter.operations.canny import canny
from engine.painter.operations.source import cropped
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.guidance import ControlPicture
from engine.painter.sampling.params import SamplingParams


def control_picture(request: PaintRequest, params: SamplingParams, model: LoadedModel) -> ControlPicture | None:
    """Return what steers the pictures of a request, with its ControlNet loaded; None without one.

    Raises: PictureCorrupt, and what `load_control` raises.
    """
    if params.control is None:
        return None
    model.load_control(params.control)
    # The one in the prompt comes before those of `--sref` and `--cref`.
    encoded = request.images[0]
    image = control_image(cropped(encoded, params.width, params.height), params.control.kind)
    pixels = torch.from_numpy(np.asarray(image, dtype=np.float32) / 255).movedim(-1, 0)[None]
    return ControlPicture(
        control=params.control, pixels=pixels.to(model.device, model.dtype), weight=params.control_weight
    )


def control_image(image: Image.Image, kind: str) -> Image.Image:
    """Return what a ControlNet of that kind reads of an image in RGB: its edges, or itself as the map that it is."""
    return Image.fromarray(canny(np.asarray(image))).convert("RGB") if kind == EDGES else image
