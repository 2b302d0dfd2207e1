"""Sana: a flow transformer whose texts Gemma reads after an instruction.

embeddings  tokens [1, 300, features] of Gemma, with a mask.
latents     float32 [batch, 32, height / 32, width / 32].

A ratio becomes one of the sizes that the stock pipeline bins to (`registry.trained_sizes`), so that no picture is
resized. Source: `SanaPipeline`, diffusers 0.42.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from engine.models.registry.registry import Model
from engine.painter.pipeline.base import PipelineModel
from engine.painter.pipeline.prompt_weighting import plain_text, stacked_tokens, truncate
from engine.painter.sampling.guidance import PromptEmbeds

TOKENS = 300


class SanaModel(PipelineModel):
    """A Sana pipeline as a `LoadedModel`; its latents are float32 whatever the dtype of its weights."""

    is_flow = True

    def __init__(self, pipe: Any, model: Model, **common: Any) -> None:
        super().__init__(pipe, pipe.transformer, model, num_channels=pipe.transformer.config.in_channels, **common)
        self.dtype = torch.float32
        parameters = inspect.signature(type(pipe).__call__).parameters
        self._instruction: list[str] = parameters["complex_human_instruction"].default

    def encode_prompt(self, text: str) -> PromptEmbeds:
        return self._read(plain_text(self._fragments_of(text)), self._instruction)

    def encode_negative(self, text: str = "") -> PromptEmbeds:
        """Return the embeddings of the text read without the instruction, which asks for more detail."""
        return self._read(plain_text(self._fragments_of(text)), None)

    def timesteps(self, scheduler: Any, steps: int, width: int, height: int) -> None:
        scheduler.set_timesteps(steps)

    def forward(self, denoiser: Any, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        tokens, mask = stacked_tokens(embeds)
        output: Tensor = denoiser(
            latents.to(self._denoiser.dtype),
            encoder_hidden_states=tokens.to(self._denoiser.dtype),
            encoder_attention_mask=mask,
            timestep=timesteps * self._denoiser.config.timestep_scale,
            return_dict=False,
        )[0]
        return output[:, : self._num_channels].float()

    def _read(self, text: str, instruction: list[str] | None) -> PromptEmbeds:
        # The first token is special, and an instruction takes one token from the text.
        _, truncated_text = truncate(text, self._pipe.tokenizer, TOKENS - 1 if instruction else TOKENS)
        tokens, mask, _, _ = self._pipe.encode_prompt(
            text, False, device=self.device, max_sequence_length=TOKENS, complex_human_instruction=instruction
        )
        return PromptEmbeds(tokens=tokens, mask=mask.bool(), truncated_text=truncated_text)
