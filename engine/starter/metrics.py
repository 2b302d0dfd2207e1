"""Plain measures of pixels, with no learning in them: shares of named colours, distances between pictures, PSNR."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from PIL import Image

from engine.starter.world.vocabulary import COLOURS

SHOWN = 0.02
"""The share of a picture's pixels from which on a colour counts as shown."""

_REACH = 80.0


def colour_share(picture: Image.Image, colour: str) -> float:
    """The share of pixels that are nearer to `colour` than to any other of the world, and near it at all (RGB)."""
    pixels = np.asarray(picture.convert("RGB"), dtype=np.float32).reshape(-1, 1, 3)
    distances = np.linalg.norm(pixels - np.array(list(COLOURS.values()), dtype=np.float32), axis=2)
    index = list(COLOURS).index(colour)
    return float(((distances.argmin(1) == index) & (distances[:, index] < _REACH)).mean())


def mean_distance(pictures: Sequence[Image.Image]) -> float:
    """The mean over all pairs of the root mean square difference of their pixels, as a share of the full range."""
    arrays = [np.asarray(picture.convert("RGB"), dtype=np.float32) / 255 for picture in pictures]
    return float(np.mean([np.sqrt(np.mean((first - second) ** 2)) for first, second in combinations(arrays, 2)]))


def psnr(picture: Image.Image, reference: Image.Image) -> float:
    """Peak signal-to-noise ratio in dB of 8-bit pictures of one size."""
    difference = np.asarray(picture, dtype=np.float32) - np.asarray(reference, dtype=np.float32)
    return float(10 * np.log10(255**2 / max(1e-6, float(np.mean(difference**2)))))
