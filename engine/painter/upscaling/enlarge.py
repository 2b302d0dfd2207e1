"""A picture made larger, tile by tile: by a network as often as it takes, then by a filter to the exact size."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import pad

from engine.contract.edits import Box
from engine.contract.painting import Progress
from engine.models.loading.upscaler import LoadedUpscaler
from engine.painter.sampling.overlap import blend, cut, scaled
from engine.prompt.checks.upscales import tile_boxes

FILTER = "lanczos"
"""What makes pictures larger where no upscaler is registered."""

TILE = 192
"""The most pixels of a side that the network is shown at once, for which one of 64 channels takes about 1 GB."""

_MULTIPLE = 4
"""Networks that shuffle pixels take only multiples of so many."""


@dataclass(frozen=True, kw_only=True)
class Enlarged:
    """The larger picture, and what made it: the name of the upscaler and the hash of its file, or the filter's name."""

    image: Image.Image
    upscaler: Mapping[str, str]


def enlarge(
    image: Image.Image, size: tuple[int, int], upscaler: LoadedUpscaler | None
) -> Iterator[Progress | Enlarged]:
    """Yield progress after each tile, then the picture in that size, which is larger in both directions.

    Raises: FloatingPointError for pixels that are not finite, torch.OutOfMemoryError.
    """
    if upscaler is None:
        yield Enlarged(image=_resized(image, size), upscaler={"name": FILTER})
        return
    done, passes = 0, _sizes_before(image.size, size, upscaler.network.scale)
    total = sum(len(_boxes(width, height)) for width, height in passes)
    pixels = _pixels_from_image(image)
    for width, height in passes:
        tiles: list[tuple[Box, Tensor]] = []
        for box in _boxes(width, height):
            tiles.append((scaled(box, upscaler.network.scale), upscale_tile(cut(pixels, box), upscaler)))
            done += 1
            yield Progress(done=done, total=total)
        pixels = blend(tiles, width * upscaler.network.scale, height * upscaler.network.scale)
    about = {"name": upscaler.name, "sha256": upscaler.sha256}
    yield Enlarged(image=_resized(_image_from_pixels(pixels), size), upscaler=about)


@torch.inference_mode()
def upscale_tile(tile: Tensor, upscaler: LoadedUpscaler) -> Tensor:
    """Return the tile as the network enlarges it, float32 [3, height * scale, width * scale] in 0 to 1 on the CPU.

    tile: float32 [3, height, width] in 0 to 1, on the CPU.

    Raises: FloatingPointError, torch.OutOfMemoryError.
    """
    height, width = tile.shape[-2:]
    margins = (0, -width % _MULTIPLE, 0, -height % _MULTIPLE)
    padded = pad(tile[None], margins, mode="replicate")
    larger: Tensor = upscaler.network(padded.to(upscaler.device))[0].clamp(0, 1).cpu()
    if not torch.isfinite(larger).all():
        raise FloatingPointError("its pictures are not numbers")
    scale = upscaler.network.scale
    return larger[:, : height * scale, : width * scale]


def bytes_from_image(image: Image.Image) -> bytes:
    """Return the image as a file that takes no time to write."""
    out = io.BytesIO()
    image.save(out, "BMP")
    return out.getvalue()


def _sizes_before(size: tuple[int, int], wanted: tuple[int, int], scale: int) -> list[tuple[int, int]]:
    """Return the size before each pass of a network that is used until the picture is at least as large as wanted."""
    sizes = []
    while size[0] < wanted[0] or size[1] < wanted[1]:
        sizes.append(size)
        size = (size[0] * scale, size[1] * scale)
    return sizes


def _boxes(width: int, height: int) -> tuple[Box, ...]:
    return tile_boxes(width, height, (min(TILE, width), min(TILE, height)))


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def _pixels_from_image(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.asarray(image, dtype=np.float32) / 255).movedim(-1, 0)


def _image_from_pixels(pixels: Tensor) -> Image.Image:
    return Image.fromarray(pixels.mul(255).round().to(torch.uint8).movedim(0, -1).numpy())
