"""Qwen-Image: a flow transformer on patches of 2 x 2 latents; guidance keeps the length of the conditional prediction.

embeddings  tokens [1, up to 512, features] of Qwen2.5-VL, as many as the text has, with a mask.
latents     [batch, 16, height / 8, width / 8]; its VAE is one for films, here of one frame.

Source: `QwenImagePipeline`, diffusers 0.42.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from engine.models.registry.registry import Model
from engine.painter.pipeline.base import PipelineModel
from engine.painter.pipeline.flow_matching import patched, set_even_timesteps, unpatched
from engine.painter.pipeline.prompt_weighting import plain_text, stacked_tokens, truncate
from engine.painter.sampling.guidance import Conditioning, PromptEmbeds, apply_guidance, combine_positive

TOKENS = 512
# The model card's text for no negative prompt.
NOTHING = " "


class QwenImageModel(PipelineModel):
    """A Qwen-Image pipeline as a `LoadedModel`."""

    is_flow = True

    def __init__(self, pipe: Any, model: Model, **common: Any) -> None:
        num_channels = pipe.transformer.config.in_channels // 4
        super().__init__(pipe, pipe.transformer, model, num_channels=num_channels, **common)
        # The pipeline drops a fixed number of tokens: the template before the text, with the model's own tokenizer.
        before = pipe.tokenizer(pipe.prompt_template_encode.partition("{}")[0]).input_ids
        self._max_tokens = TOKENS + pipe.prompt_template_encode_start_idx - len(before)

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int]:
        factor = self._pipe.vae_scale_factor * 2
        return self._num_channels, 2 * (height // factor), 2 * (width // factor)

    def encode_prompt(self, text: str) -> PromptEmbeds:
        kept = plain_text(self._fragments_of(text))
        _, truncated_text = truncate(kept, self._pipe.tokenizer, self._max_tokens + 1)
        tokens, mask = self._pipe.encode_prompt(kept, device=self.device, max_sequence_length=TOKENS)
        return PromptEmbeds(tokens=tokens, mask=mask, truncated_text=truncated_text)

    def encode_negative(self, text: str = "") -> PromptEmbeds:
        return self.encode_prompt(text or NOTHING)

    def timesteps(self, scheduler: Any, steps: int, width: int, height: int) -> None:
        _, rows, columns = self.latent_shape(width, height)
        set_even_timesteps(scheduler, steps, (rows // 2) * (columns // 2))

    def forward(self, denoiser: Any, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        # Attention with a mask rounds differently: where texts of different lengths share a forward, pictures in
        # bfloat16 are 52 dB from the stock pipeline's, which are 45 dB from those in float32; where all lengths are
        # the same, they are equal (measured: 2026-11-24, python -m tests.bench rounding, and with a negative text
        # of the same length).
        batch, _, height, width = latents.shape
        tokens, mask = stacked_tokens(embeds)
        patches: Tensor = denoiser(
            hidden_states=patched(latents),
            timestep=timesteps.to(latents.dtype) / 1000,
            encoder_hidden_states=tokens,
            encoder_hidden_states_mask=mask,
            img_shapes=[[(1, height // 2, width // 2)]] * batch,
            return_dict=False,
        )[0]
        return unpatched(patches, height, width)

    def guide(self, outputs: Tensor, conditioning: Conditioning) -> Tensor:
        """Return g * |c| / |g| for each patch, where g is classifier-free guidance and c the conditional prediction.

        Norms are over the features of a patch. Source: `QwenImagePipeline`, diffusers 0.42.
        """
        prediction = apply_guidance(outputs, conditioning)
        if conditioning.unconditional is None:
            return prediction
        conditional, guided = _norms(combine_positive(outputs, conditioning)), _norms(prediction)
        return unpatched(patched(prediction) * (conditional / guided), *prediction.shape[-2:])


def _norms(prediction: Tensor) -> Tensor:
    """Return the norm of each patch, [batch, patches, 1]."""
    norms: Tensor = torch.linalg.vector_norm(patched(prediction), dim=-1, keepdim=True)
    return norms
