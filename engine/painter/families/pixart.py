"""PixArt-Alpha and -Sigma: transformers that predict noise, and its variance, which is dropped.

embeddings  tokens [1, 120, features] of T5 for Alpha, [1, 300, features] for Sigma, with a mask.
latents     [batch, 4, height / 8, width / 8].

A ratio becomes one of the sizes that the stock pipelines bin to (`registry.trained_sizes`), so that no picture is
resized. Source: `PixArtAlphaPipeline` and `PixArtSigmaPipeline`, diffusers 0.42.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from engine.models.registry.registry import Model
from engine.painter.pipeline.base import PipelineModel
from engine.painter.pipeline.prompt_weighting import (
    apply_weights,
    plain_text,
    stacked_tokens,
    truncate,
    weights_of_tokens,
)
from engine.painter.sampling.guidance import PromptEmbeds

ALPHA_TOKENS = 120
SIGMA_TOKENS = 300


class PixArtModel(PipelineModel):
    """A PixArt pipeline as a `LoadedModel`; Sigma reads longer texts."""

    def __init__(self, pipe: Any, model: Model, **common: Any) -> None:
        super().__init__(pipe, pipe.transformer, model, num_channels=pipe.transformer.config.in_channels, **common)
        self._max_tokens = SIGMA_TOKENS if "Sigma" in type(pipe).__name__ else ALPHA_TOKENS

    def encode_prompt(self, text: str) -> PromptEmbeds:
        fragments = self._fragments_of(text)
        kept, truncated_text = truncate(plain_text(fragments), self._pipe.tokenizer, self._max_tokens)
        weights = weights_of_tokens(fragments, self._pipe.tokenizer, self._max_tokens, lead=0)
        return replace(apply_weights(self._embed(kept), weights, self._embed), truncated_text=truncated_text)

    def timesteps(self, scheduler: Any, steps: int, width: int, height: int) -> None:
        scheduler.set_timesteps(steps)

    def forward(self, denoiser: Any, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        tokens, mask = stacked_tokens(embeds)
        output: Tensor = denoiser(
            latents,
            encoder_hidden_states=tokens,
            encoder_attention_mask=mask,
            timestep=timesteps,
            added_cond_kwargs=self._sizes(latents),
            return_dict=False,
        )[0]
        return output[:, : self._num_channels]

    def _embed(self, text: str) -> PromptEmbeds:
        tokens, mask, _, _ = self._pipe.encode_prompt(
            text, False, device=self.device, max_sequence_length=self._max_tokens
        )
        return PromptEmbeds(tokens=tokens, mask=mask.bool())

    def _sizes(self, latents: Tensor) -> dict[str, Tensor | None]:
        """Return each row's height and width in pixels, [batch, 2], and height / width, [batch, 1].

        Both are None for models without these inputs.
        """
        if not self._denoiser.use_additional_conditions:
            return {"resolution": None, "aspect_ratio": None}
        height, width = (side * self._pipe.vae_scale_factor for side in latents.shape[-2:])
        numbers = torch.tensor([[height, width, height / width]], dtype=latents.dtype)
        sizes = numbers.to(latents.device, non_blocking=True).expand(len(latents), 3)
        return {"resolution": sizes[:, :2], "aspect_ratio": sizes[:, 2:]}
