"""AuraFlow: a flow transformer that reads a T5 alone, padding and all, at positions that it has learnt.

embeddings  tokens [1, 256, 2048] of Pile-T5, zeros after the text (features as in AuraFlow 0.3).
latents     [batch, 4, height / 8, width / 8]; height and width are multiples of 16 pixels.

Source: `AuraFlowPipeline`, diffusers 0.42.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from engine.models.registry.registry import Model
from engine.painter.pipeline.base import PipelineModel
from engine.painter.pipeline.prompt_weighting import apply_weights, plain_text, truncate, weights_of_tokens
from engine.painter.sampling.guidance import PromptEmbeds

TOKENS = 256


class AuraFlowModel(PipelineModel):
    """An AuraFlow pipeline as a `LoadedModel`."""

    is_flow = True

    def __init__(self, pipe: Any, model: Model, **common: Any) -> None:
        super().__init__(pipe, pipe.transformer, model, num_channels=pipe.transformer.config.in_channels, **common)
        # Some of its tokenizers begin a text with a special token, too.
        self._num_leading = len(pipe.tokenizer("").input_ids) - 1

    def encode_prompt(self, text: str) -> PromptEmbeds:
        fragments, tokenizer = self._fragments_of(text), self._pipe.tokenizer
        kept, truncated_text = truncate(plain_text(fragments), tokenizer, TOKENS - self._num_leading)
        weights = weights_of_tokens(fragments, tokenizer, TOKENS, lead=self._num_leading)
        return replace(apply_weights(self._embed(kept), weights, self._embed), truncated_text=truncated_text)

    def timesteps(self, scheduler: Any, steps: int, width: int, height: int) -> None:
        scheduler.set_timesteps(steps)

    def forward(self, denoiser: Any, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        output: Tensor = denoiser(
            latents,
            encoder_hidden_states=torch.cat([one.tokens for one in embeds]),
            timestep=timesteps.to(latents.dtype) / 1000,
            return_dict=False,
        )[0]
        return output

    def _embed(self, text: str) -> PromptEmbeds:
        tokens, _, _, _ = self._pipe.encode_prompt(
            text, do_classifier_free_guidance=False, device=self.device, max_sequence_length=TOKENS
        )
        return PromptEmbeds(tokens=tokens)
