"""Flux: a flow transformer on patches of 2 x 2 latents, with the guidance scale as an input.

embeddings  tokens [1, 512, 4096] of T5, pooled [1, 768] of CLIP (features as in FLUX.1).
latents     [batch, 16, height / 8, width / 8]; height and width are multiples of 16 pixels.

Source: `FluxPipeline`, diffusers 0.42.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from engine.models.registry.registry import Model
from engine.painter.pipeline.base import PipelineModel
from engine.painter.pipeline.flow_matching import patched, set_even_timesteps, unpatched
from engine.painter.pipeline.prompt_weighting import apply_weights, plain_text, truncate, weights_of_tokens
from engine.painter.sampling.guidance import PromptEmbeds

T5_TOKENS = 512


class FluxModel(PipelineModel):
    """A Flux pipeline as a `LoadedModel`; schnell, distilled without guidance, ignores the scale."""

    is_flow = True
    has_embedded_guidance = True

    def __init__(self, pipe: Any, model: Model, **common: Any) -> None:
        num_channels = pipe.transformer.config.in_channels // 4
        super().__init__(pipe, pipe.transformer, model, num_channels=num_channels, **common)
        self._ids: dict[tuple[int, int], Tensor] = {}

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int]:
        factor = self._pipe.vae_scale_factor * 2
        return self._num_channels, 2 * (height // factor), 2 * (width // factor)

    def encode_prompt(self, text: str) -> PromptEmbeds:
        fragments = self._fragments_of(text)
        kept, truncated_text = truncate(plain_text(fragments), self._pipe.tokenizer_2, T5_TOKENS)
        weights = weights_of_tokens(fragments, self._pipe.tokenizer_2, T5_TOKENS, lead=0)
        return replace(apply_weights(self._embed(kept), weights, self._embed), truncated_text=truncated_text)

    def timesteps(self, scheduler: Any, steps: int, width: int, height: int) -> None:
        _, rows, columns = self.latent_shape(width, height)
        set_even_timesteps(scheduler, steps, (rows // 2) * (columns // 2))

    def forward(self, denoiser: Any, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        _, _, height, width = latents.shape
        patches: Tensor = denoiser(
            hidden_states=patched(latents),
            timestep=timesteps.to(latents.dtype) / 1000,
            guidance=self._guidance(embeds),
            encoder_hidden_states=torch.cat([one.tokens for one in embeds]),
            pooled_projections=torch.cat([one.pooled for one in embeds if one.pooled is not None]),
            txt_ids=torch.zeros(embeds[0].tokens.shape[1], 3, device=self.device, dtype=latents.dtype),
            img_ids=self._image_ids(height // 2, width // 2, latents.dtype),
            return_dict=False,
        )[0]
        return unpatched(patches, height, width)

    def _embed(self, text: str) -> PromptEmbeds:
        tokens, pooled, _ = self._pipe.encode_prompt(text, text, device=self.device, max_sequence_length=T5_TOKENS)
        return PromptEmbeds(tokens=tokens, pooled=pooled)

    def _image_ids(self, rows: int, columns: int, dtype: torch.dtype) -> Tensor:
        """Return the positions of a picture's patches, [rows * columns, 3].

        They are cached by size, because creating them waits for the device.
        """
        if (rows, columns) not in self._ids:
            ids = self._pipe._prepare_latent_image_ids(1, rows, columns, self.device, dtype)
            self._ids[rows, columns] = ids
        return self._ids[rows, columns]

    def _guidance(self, embeds: Sequence[PromptEmbeds]) -> Tensor | None:
        """Return the guidance scale of each row, float32 [batch], or None for schnell."""
        if not self._denoiser.config.guidance_embeds:
            return None
        return torch.tensor([one.guidance for one in embeds]).to(self.device, non_blocking=True)
