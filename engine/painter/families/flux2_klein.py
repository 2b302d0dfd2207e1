"""Flux.2 Klein: a flow transformer that takes four latents together as one, scaled by the statistics of its VAE.

embeddings  tokens [1, 512, 3 * features]: hidden states 9, 18 and 27 of Qwen3 side by side, padding included.
latents     [batch, 128, height / 16, width / 16].

Distilled models paint without guidance. Source: `Flux2KleinPipeline`, diffusers 0.42.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from diffusers.pipelines.flux2.pipeline_flux2_klein import compute_empirical_mu
from torch import Tensor

from engine.models.registry.registry import Model
from engine.painter.pipeline.base import PipelineModel
from engine.painter.pipeline.flow_matching import set_even_timesteps
from engine.painter.pipeline.prompt_weighting import plain_text, truncate
from engine.painter.sampling.guidance import Conditioning, PromptEmbeds, apply_guidance, combine_positive

TOKENS = 512


class Flux2KleinModel(PipelineModel):
    """A Flux.2 Klein pipeline as a `LoadedModel`."""

    is_flow = True

    def __init__(self, pipe: Any, model: Model, **common: Any) -> None:
        super().__init__(pipe, pipe.transformer, model, num_channels=pipe.transformer.config.in_channels, **common)
        self._ids: dict[tuple[int, int, int], Tensor] = {}

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int]:
        factor = self._pipe.vae_scale_factor * 2
        return self._num_channels, height // factor, width // factor

    def encode_prompt(self, text: str) -> PromptEmbeds:
        kept = plain_text(self._fragments_of(text))
        tokens, _ = self._pipe.encode_prompt(kept, device=self.device, max_sequence_length=TOKENS)
        return PromptEmbeds(tokens=tokens, truncated_text=self._truncated_text(kept))

    def timesteps(self, scheduler: Any, steps: int, width: int, height: int) -> None:
        _, rows, columns = self.latent_shape(width, height)
        set_even_timesteps(scheduler, steps, rows * columns, shift=compute_empirical_mu(rows * columns, steps))

    def forward(self, denoiser: Any, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        tokens = torch.cat([one.tokens for one in embeds])
        output: Tensor = denoiser(
            hidden_states=latents.flatten(2).transpose(1, 2),
            timestep=timesteps.to(latents.dtype) / 1000,
            guidance=None,
            encoder_hidden_states=tokens,
            txt_ids=self._places(1, 1, tokens.shape[1]),
            img_ids=self._places(latents.shape[2], latents.shape[3], 1),
            return_dict=False,
        )[0]
        return output.transpose(1, 2).reshape(latents.shape)

    def guide(self, outputs: Tensor, conditioning: Conditioning) -> Tensor:
        combine = combine_positive if self._pipe.config.is_distilled else apply_guidance
        return combine(outputs, conditioning)

    def _places(self, rows: int, columns: int, words: int) -> Tensor:
        """Return time, row, column and word of each token, int64 [tokens, 4].

        They are cached, because creating them waits for the device.
        """
        if (rows, columns, words) not in self._ids:
            axes = [torch.arange(length, device=self.device) for length in (1, rows, columns, words)]
            self._ids[rows, columns, words] = torch.cartesian_prod(*axes)
        return self._ids[rows, columns, words]

    def _truncated_text(self, text: str) -> str:
        """Return the end of a text that does not fit after the template's beginning; its end is truncated first."""
        tokenizer, messages = self._pipe.tokenizer, [{"role": "user", "content": text}]
        whole = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        beginning = tokenizer(whole.partition(text)[0], add_special_tokens=False).input_ids if text else []
        return truncate(text, tokenizer, TOKENS - len(beginning) + 1)[1]
