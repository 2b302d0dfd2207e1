"""The part of its source that a picture keeps while the rest is painted."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from engine.contract.edits import Box
from engine.painter.sampling.trajectory import Trajectory


@dataclass(frozen=True, kw_only=True, eq=False)
class Kept:
    """What is kept of one picture.

    latents: of the source, clean, float [1, channels, height, width] in latent units.
    noise: what they are noised with on the way, same shape.
    mask: float [1, 1, height, width]: 1 where latents are painted, 0 where they are kept.
    pixels: the canvas with the source, uint8 [height, width, 3] on the CPU.
    alpha: float32 [height, width, 1] in 0 to 1 on the CPU: the share of what was painted in each pixel of the canvas.
    window: where on the canvas the latents are.
    """

    latents: Tensor
    noise: Tensor
    mask: Tensor
    pixels: Tensor
    alpha: Tensor
    window: Box

    def blend(self, latents: Tensor, trajectory: Trajectory) -> Tensor:
        """Return the latents with the source in place of what is kept, at the trajectory's noise: m x + (1 - m) x_0,t.

        Source: Lugmayr et al. 2022 (RePaint), equation 8c; `StableDiffusionInpaintPipeline`, diffusers 0.42.
        """
        return (1 - self.mask) * trajectory.add_noise_of_next(self.latents, self.noise) + self.mask * latents

    def paste(self, picture: Tensor) -> Tensor:
        """Return the canvas, uint8 [height, width, 3] on the CPU, with the source's own pixels where it is kept.

        picture: what was painted in the window, uint8 [height, width, 3] on the CPU.
        """
        alpha, pixels = self._of_window(self.alpha), self._of_window(self.pixels)
        blended = alpha * picture.float() + (1 - alpha) * pixels.float()
        pasted = self.pixels.clone()
        self._of_window(pasted).copy_(blended.round())
        return pasted

    def _of_window(self, canvas: Tensor) -> Tensor:
        box = self.window
        return canvas[box.top : box.top + box.height, box.left : box.left + box.width]
