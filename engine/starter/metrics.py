"""Pixel metrics that need no model: share of a named colour, distance between pictures, PSNR."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from PIL import Image

from engine.starter.world.vocabulary import COLOURS

SHOWN = 0.02
"""The share of the pixels from which on a colour counts as shown."""

_REACH = 80.0


def colour_share(picture: Image.Image, colour: str) -> float:
    """Return the share of pixels, 0 to 1, whose nearest named colour is `colour`.

    The distance is Euclidean in 8-bit sRGB, 0 to 441.7; pixels at a distance of 80 or more do not count.
    """
    pixels = np.asarray(picture.convert("RGB"), dtype=np.float32).reshape(-1, 1, 3)
    distances = np.linalg.norm(pixels - np.array(list(COLOURS.values()), dtype=np.float32), axis=2)
    index = list(COLOURS).index(colour)
    return float(((distances.argmin(1) == index) & (distances[:, index] < _REACH)).mean())


def mean_distance(pictures: Sequence[Image.Image]) -> float:
    """Return the mean of sqrt(mean((a - b)^2)) over all pairs of pictures (a, b), with pixels of 0 to 1; 0 to 1.

    pictures: at least two, all of one size.
    """
    arrays = [np.asarray(picture.convert("RGB"), dtype=np.float32) / 255 for picture in pictures]
    return float(np.mean([np.sqrt(np.mean((first - second) ** 2)) for first, second in combinations(arrays, 2)]))


def psnr(picture: Image.Image, reference: Image.Image) -> float:
    """Return the peak signal-to-noise ratio of 8-bit pictures of one size, in dB: 10 log10(255^2 / MSE).

    The MSE is at least 1e-6, so that equal pictures give 108 dB.
    """
    difference = np.asarray(picture, dtype=np.float32) - np.asarray(reference, dtype=np.float32)
    return float(10 * np.log10(255**2 / max(1e-6, float(np.mean(difference**2)))))
