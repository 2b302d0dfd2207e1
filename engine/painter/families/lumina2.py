"""Lumina 2: a flow transformer of one stream that Gemma's reading of an instruction and the text begins.

embeddings  tokens [1, 256, features] of Gemma 2, with a mask.
latents     [batch, 16, height / 8, width / 8]; height and width are multiples of 16 pixels.

Its time goes from 0 (noise) to 1 (clean), and it predicts the velocity with the opposite sign.
Source: `Lumina2Pipeline`, diffusers 0.42.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from engine.models.registry.registry import Model
from engine.painter.pipeline.base import PipelineModel
from engine.painter.pipeline.flow_matching import set_even_timesteps
from engine.painter.pipeline.prompt_weighting import plain_text, stacked_tokens, truncate
from engine.painter.sampling.guidance import Conditioning, PromptEmbeds, apply_guidance, combine_positive

TOKENS = 256
# Stands between the instruction and the text.
BEGINNING = " <Prompt Start> "


class Lumina2Model(PipelineModel):
    """A Lumina 2 pipeline as a `LoadedModel`."""

    is_flow = True

    def __init__(self, pipe: Any, model: Model, **common: Any) -> None:
        super().__init__(pipe, pipe.transformer, model, num_channels=pipe.transformer.config.in_channels, **common)
        self._max_tokens = TOKENS - len(pipe.tokenizer("").input_ids)

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int]:
        factor = self._pipe.vae_scale_factor * 2
        return self._num_channels, 2 * (height // factor), 2 * (width // factor)

    def encode_prompt(self, text: str) -> PromptEmbeds:
        return self._read(plain_text(self._fragments_of(text)), self._pipe.system_prompt + BEGINNING)

    def encode_negative(self, text: str = "") -> PromptEmbeds:
        """Return the embeddings of the text read without the instruction."""
        return self._read(plain_text(self._fragments_of(text)), "")

    def timesteps(self, scheduler: Any, steps: int, width: int, height: int) -> None:
        # Where files shift by size, the stock pipeline counts the channels of the latents, not the patches.
        set_even_timesteps(scheduler, steps, self._num_channels)

    def forward(self, denoiser: Any, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        tokens, mask = stacked_tokens(embeds)
        output: Tensor = denoiser(
            hidden_states=latents,
            timestep=1 - timesteps / 1000,
            encoder_hidden_states=tokens,
            encoder_attention_mask=mask,
            return_dict=False,
        )[0]
        return -output

    def guide(self, outputs: Tensor, conditioning: Conditioning) -> Tensor:
        """Return g * |c| / |g|, where g is classifier-free guidance and c the conditional prediction.

        Norms are over each row of latents, as in `Lumina2Pipeline`, diffusers 0.42.
        """
        prediction = apply_guidance(outputs, conditioning)
        if conditioning.unconditional is None:
            return prediction
        conditional, guided = _row_norms(combine_positive(outputs, conditioning)), _row_norms(prediction)
        return prediction * (conditional / guided)

    def _read(self, text: str, instruction: str) -> PromptEmbeds:
        _, truncated_text = truncate(instruction + text, self._pipe.tokenizer, self._max_tokens + 1)
        tokens, mask = self._pipe._get_gemma_prompt_embeds(instruction + text, self.device, TOKENS)
        return PromptEmbeds(tokens=tokens, mask=mask.bool(), truncated_text=truncated_text)


def _row_norms(prediction: Tensor) -> Tensor:
    """Return the norm of each row of latents, [batch, channels, height, 1]."""
    norms: Tensor = torch.linalg.vector_norm(prediction, dim=-1, keepdim=True)
    return norms
