"""Stable Video Diffusion: a UNet over space and time that makes films of pictures, and reads no texts.

embeddings  tokens [1, 1, features] of the picture by CLIP; nothing for the unconditional row.
            still, the picture's latents [1, 4, height / 8, width / 8], not scaled; zeros for the unconditional row.
latents     [batch, 4 * frames, height / 8, width / 8].

Source: Blattmann et al. 2023; `StableVideoDiffusionPipeline`, diffusers 0.42.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from engine.models.registry.registry import Model
from engine.painter.pipeline.base import PipelineModel
from engine.painter.pipeline.vae import bytes_from_unit
from engine.painter.sampling.films import folded, unfolded
from engine.painter.sampling.guidance import Conditioning, PromptEmbeds

# The stock pipeline's: how much moves by default, and how much noise the picture gets.
LIVELY_BUCKET, NOISE = 127, 0.02
# Buckets are 0 to 255; half of the default one.
CALM_BUCKET = 64
FRAMES_TOGETHER = 8


class StableVideoModel(PipelineModel):
    """A Stable Video Diffusion pipeline as a `LoadedModel`."""

    reads_stills = True
    frames_together = FRAMES_TOGETHER

    def __init__(self, pipe: Any, model: Model, **common: Any) -> None:
        super().__init__(pipe, pipe.unet, model, num_channels=pipe.vae.config.latent_channels, **common)

    def encode_prompt(self, text: str) -> PromptEmbeds:
        """Return nothing: the model reads no texts."""
        features = self._denoiser.config.cross_attention_dim
        return PromptEmbeds(tokens=torch.zeros(1, 1, features, dtype=self.dtype, device=self.device))

    def read_still(self, picture: Image.Image, generator: torch.Generator) -> PromptEmbeds:
        tokens = self._pipe._encode_image(picture, self.device, 1, False)
        pixels: Tensor = self._pipe.video_processor.preprocess(picture)
        noised = pixels + NOISE * torch.randn(pixels.shape, generator=generator)
        latents = self._vae.encode(noised.to(self.device, self._vae.dtype)).latent_dist.mode()
        return PromptEmbeds(tokens=tokens, still=latents.to(tokens.dtype))

    def timesteps(self, scheduler: Any, steps: int, width: int, height: int) -> None:
        scheduler.set_timesteps(steps)

    def forward(self, denoiser: Any, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        frames = embeds[0].film.frames if embeds[0].film else 1
        noisy = unfolded(latents, frames).transpose(1, 2)
        stills = torch.cat([_still(one, noisy) for one in embeds])[:, None].expand_as(noisy)
        output: Tensor = denoiser(
            torch.cat([noisy, stills], dim=2),
            timesteps,
            encoder_hidden_states=torch.cat([one.tokens for one in embeds]),
            added_time_ids=torch.cat([_time_ids(one, noisy) for one in embeds]),
            return_dict=False,
        )[0]
        return folded(output.transpose(1, 2))

    def guide(self, outputs: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the guided prediction; the scale rises from 1 in the first frame to its value in the last."""
        if conditioning.unconditional is None:
            return outputs
        frames = outputs.shape[1] // self._num_channels
        unconditional, conditional = (unfolded(one, frames) for one in outputs.chunk(2))
        scales = torch.linspace(1.0, conditioning.guidance, frames).to(outputs.device, outputs.dtype)
        return folded(unconditional + scales.view(1, 1, -1, 1, 1) * (conditional - unconditional))

    def decode(self, latents: Tensor) -> Tensor:
        scaled = latents.to(self._vae.dtype) / self._vae.config.scaling_factor
        decoded = self._vae.decode(scaled, num_frames=len(scaled), return_dict=False)[0]
        if not torch.isfinite(decoded).all():
            raise FloatingPointError("its decoder's pictures are not numbers")
        return bytes_from_unit(decoded / 2 + 0.5)


def _still(embeds: PromptEmbeds, noisy: Tensor) -> Tensor:
    """Return the latents of the picture, float [1, channels, height, width]; zeros where none is read."""
    return torch.zeros_like(noisy[:1, 0]) if embeds.still is None else embeds.still


def _time_ids(embeds: PromptEmbeds, noisy: Tensor) -> Tensor:
    """Return the speed, the motion and the noise in the picture, float [1, 3]; it was trained with the speed less 1."""
    fps, is_calm = (embeds.film.fps, embeds.film.is_calm) if embeds.film else (7, False)
    bucket = CALM_BUCKET if is_calm else LIVELY_BUCKET
    return torch.tensor([[fps - 1, bucket, NOISE]], dtype=noisy.dtype, device=noisy.device)
