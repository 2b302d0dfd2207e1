"""A picture larger than its model paints: denoised in overlapping tiles, which agree wherever they overlap."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from engine.contract.edits import Box
from engine.painter.sampling.overlap import blend, cut
from engine.painter.sampling.trajectory import Trajectory


class Mosaic:
    """The picture's latents and their tiles.

    latents: float [1, channels, height, width] in latent units, at the noise level of the trajectory's next timestep.
    denoised: latest estimate of the clean latents, same shape; None before the first step.
    """

    def __init__(self, latents: Tensor, boxes: tuple[Box, ...]) -> None:
        """`boxes` say where the tiles lie, in positions of the latents."""
        self.latents = latents
        self.denoised: Tensor | None = None
        self.boxes = boxes
        self._predictions: dict[int, Tensor] = {}

    def tile(self, index: int) -> Tensor:
        """Return the latents of a tile, a view that moves on with the picture."""
        return cut(self.latents, self.boxes[index])

    def waits_after(self, index: int) -> bool:
        """Return whether the tile has its prediction for this step, and others have not."""
        return index in self._predictions

    def add(self, predictions: Mapping[int, Tensor], trajectory: Trajectory) -> None:
        """Keep predictions for some tiles, float [1, channels, height, width]; with the last, take the sampler's step.

        The sampler sees the whole picture alone, so that its noise and its memory have no seams either.
        Source: Bar-Tal et al. 2023 (MultiDiffusion), equation 5; samplers are linear in their predictions.
        """
        self._predictions |= predictions
        if len(self._predictions) < len(self.boxes):
            return
        height, width = self.latents.shape[-2:]
        tiles = ((box, self._predictions[index]) for index, box in enumerate(self.boxes))
        latents, self.denoised = trajectory.step(blend(tiles, width, height), self.latents)
        self.latents.copy_(latents)
        self._predictions = {}
