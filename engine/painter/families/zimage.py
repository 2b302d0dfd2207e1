"""Z-Image: a flow transformer that takes lists of pictures and texts, and time from 0 (noise) to 1 (clean).

embeddings  tokens [1, up to 512, features] of Qwen3, as many as the text has.
latents     float32 [batch, 16, height / 8, width / 8]; height and width are multiples of 16 pixels.

It predicts the velocity with the opposite sign. The painter's guidance scale s is 1 without guidance, as everywhere in
Easel; the stock pipeline's is s - 1. Source: `ZImagePipeline`, diffusers 0.42.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from engine.models.registry.registry import Model
from engine.painter.pipeline.base import PipelineModel
from engine.painter.pipeline.flow_matching import set_even_timesteps
from engine.painter.pipeline.prompt_weighting import plain_text, truncate
from engine.painter.sampling.guidance import PromptEmbeds

TOKENS = 512


class ZImageModel(PipelineModel):
    """A Z-Image pipeline as a `LoadedModel`; its latents are float32 whatever the dtype of its weights."""

    is_flow = True

    def __init__(self, pipe: Any, model: Model, **common: Any) -> None:
        super().__init__(pipe, pipe.transformer, model, num_channels=pipe.transformer.config.in_channels, **common)
        self.dtype = torch.float32

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int]:
        factor = self._pipe.vae_scale_factor * 2
        return self._num_channels, 2 * (height // factor), 2 * (width // factor)

    def encode_prompt(self, text: str) -> PromptEmbeds:
        kept = plain_text(self._fragments_of(text))
        read, _ = self._pipe.encode_prompt(
            kept, device=self.device, do_classifier_free_guidance=False, max_sequence_length=TOKENS
        )
        return PromptEmbeds(tokens=read[0][None], truncated_text=self._truncated_text(kept, read[0].shape[0]))

    def timesteps(self, scheduler: Any, steps: int, width: int, height: int) -> None:
        _, rows, columns = self.latent_shape(width, height)
        set_even_timesteps(scheduler, steps, (rows // 2) * (columns // 2))

    def forward(self, denoiser: Any, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        outputs: list[Tensor] = denoiser(
            list(latents.to(self._denoiser.dtype)[:, :, None]),
            (1000 - timesteps) / 1000,
            [one.tokens[0] for one in embeds],
            return_dict=False,
        )[0]
        return -torch.stack(outputs)[:, :, 0].float()

    def _truncated_text(self, text: str, num_read: int) -> str:
        """Return the end of a text that does not fit after the template's beginning; its end is truncated first."""
        if num_read < TOKENS:
            return ""
        tokenizer, messages = self._pipe.tokenizer, [{"role": "user", "content": text}]
        whole = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, enable_thinking=True
        )
        beginning = tokenizer(whole.partition(text)[0], add_special_tokens=False).input_ids
        return truncate(text, tokenizer, TOKENS - len(beginning) + 1)[1]
