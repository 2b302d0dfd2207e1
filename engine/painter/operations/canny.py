"""The edges of a picture.

Source: Canny 1986, A Computational Approach to Edge Detection, with the 3 x 3 operator of Sobel for the gradient and no
smoothing, as the ControlNets for edges were trained with (Zhang et al. 2023, section 4).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Of the gradient's norm |x| + |y| over channels of 0 to 255: above the high one an edge begins, above the low one it
# goes on.
LOW, HIGH = 100, 200

# The tangent of 22.5 degrees, where one of the eight directions ends and the next begins.
_TANGENT = 0.41421356


def canny(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the edges as 255 and all else as 0, uint8 [height, width].

    pixels: uint8 [height, width, 3]. The gradient of each pixel is that of the channel where it is largest.
    """
    across, down = _gradient(pixels)
    norm = np.abs(across) + np.abs(down)
    thin = np.where(_is_ridge(norm, across, down), norm, 0)
    return (_connected(thin > HIGH, thin > LOW) * 255).astype(np.uint8)


def _gradient(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the gradient to the right and down, int32 [height, width] each."""
    padded = np.pad(pixels.astype(np.int32), ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    columns = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    across, down = rows[:, 2:] - rows[:, :-2], columns[2:] - columns[:-2]
    largest = (np.abs(across) + np.abs(down)).argmax(axis=-1)[..., None]
    return np.take_along_axis(across, largest, -1)[..., 0], np.take_along_axis(down, largest, -1)[..., 0]


def _is_ridge(norm: NDArray[np.int32], across: NDArray[np.int32], down: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return where the norm is larger than on one side along the gradient, and no smaller than on the other."""
    height, width = norm.shape
    padded = np.pad(norm, 1)

    def beside(y: int, x: int) -> NDArray[np.int32]:
        return padded[1 + y : 1 + y + height, 1 + x : 1 + x + width]

    is_flat = np.abs(down) < _TANGENT * np.abs(across)
    is_steep = np.abs(across) < _TANGENT * np.abs(down)
    is_falling = (across < 0) == (down < 0)
    directions = [is_flat, is_steep, is_falling]
    before = np.select(directions, [beside(0, -1), beside(-1, 0), beside(-1, -1)], beside(-1, 1))
    after = np.select(directions, [beside(0, 1), beside(1, 0), beside(1, 1)], beside(1, -1))
    return (norm > before) & (norm >= after)


def _connected(strong: NDArray[np.bool_], weak: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the weak pixels that a chain of weak ones connects with a strong one, diagonals included."""
    width = weak.shape[1] + 2
    found, left = np.pad(strong, 1).ravel(), np.pad(weak & ~strong, 1).ravel()
    beside = np.array([y * width + x for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x])
    newest = np.flatnonzero(found)
    while newest.size:
        near = (newest[:, None] + beside).ravel()
        newest = np.unique(near[left[near]])
        found[newest], left[newest] = True, False
    return found.reshape(-1, width)[1:-1, 1:-1]
