"""Stable Diffusion 3 and 3.5: flow transformers that read two CLIPs and a T5.

embeddings  tokens [1, 77 + 256, 4096]: both CLIPs side by side and padded with zeros, then T5; pooled [1, 2048].
latents     [batch, 16, height / 8, width / 8].

Source: `StableDiffusion3Pipeline`, diffusers 0.42.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from engine.models.registry.registry import Model
from engine.painter.pipeline.base import PipelineModel
from engine.painter.pipeline.flow_matching import shift_for
from engine.painter.pipeline.prompt_weighting import Fragments, apply_weights, plain_text, truncate, weights_of_tokens
from engine.painter.sampling.guidance import PromptEmbeds

T5_TOKENS = 256


class SD3Model(PipelineModel):
    """A Stable Diffusion 3 pipeline as a `LoadedModel`."""

    is_flow = True

    def __init__(self, pipe: Any, model: Model, **common: Any) -> None:
        super().__init__(pipe, pipe.transformer, model, num_channels=pipe.transformer.config.in_channels, **common)

    def encode_prompt(self, text: str) -> PromptEmbeds:
        fragments = self._fragments_of(text)
        kept, truncated_text = truncate(plain_text(fragments), self._pipe.tokenizer_3, T5_TOKENS)
        return replace(
            apply_weights(self._embed(kept), self._weights(fragments), self._embed), truncated_text=truncated_text
        )

    def timesteps(self, scheduler: Any, steps: int, width: int, height: int) -> None:
        _, rows, columns = self.latent_shape(width, height)
        patch = self._denoiser.config.patch_size
        scheduler.set_timesteps(steps, **shift_for(scheduler, (rows // patch) * (columns // patch)))

    def forward(self, denoiser: Any, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        output: Tensor = denoiser(
            hidden_states=latents,
            timestep=timesteps,
            encoder_hidden_states=torch.cat([one.tokens for one in embeds]),
            pooled_projections=torch.cat([one.pooled for one in embeds if one.pooled is not None]),
            return_dict=False,
        )[0]
        return output

    def _embed(self, text: str) -> PromptEmbeds:
        tokens, _, pooled, _ = self._pipe.encode_prompt(
            text, text, text, device=self.device, do_classifier_free_guidance=False, max_sequence_length=T5_TOKENS
        )
        return PromptEmbeds(tokens=tokens, pooled=pooled)

    def _weights(self, fragments: Fragments) -> tuple[float, ...]:
        """Return the weights of the tokens in order: those of the CLIPs, which share positions, then T5's."""
        clip = weights_of_tokens(fragments, self._pipe.tokenizer, self._pipe.tokenizer_max_length, lead=1)
        return clip + weights_of_tokens(fragments, self._pipe.tokenizer_3, T5_TOKENS, lead=0)
