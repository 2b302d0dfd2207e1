"""Qwen-Image adapted to the painter's protocol: texts of any length, and guidance that keeps the conditional length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from engine.models.registry.registry import Model
from engine.painter.pipeline.base import PipelineModel
from engine.painter.pipeline.flow_matching import patched, set_even_timesteps, unpatched
from engine.painter.pipeline.prompt_weighting import plain, stacked_tokens, truncate
from engine.painter.sampling.guidance import Conditioning, PromptEmbeds, apply_guidance, combine_positive

TOKENS = 512
# What the model's card gives for no negative prompt; an empty text would be none at all to the stock pipeline.
NOTHING = " "


class QwenImageModel(PipelineModel):
    """A Qwen-Image pipeline's parts behind the painter's protocol."""

    is_flow = True

    def __init__(self, pipe: Any, model: Model, **common: Any) -> None:
        num_channels = pipe.transformer.config.in_channels // 4
        super().__init__(pipe, pipe.transformer, model, num_channels=num_channels, **common)
        # The pipeline drops a fixed number of tokens, which is all before the text for the model's own tokenizer.
        before = pipe.tokenizer(pipe.prompt_template_encode.partition("{}")[0]).input_ids
        self._room = TOKENS + pipe.prompt_template_encode_start_idx - len(before)

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int]:
        factor = self._pipe.vae_scale_factor * 2
        return self._num_channels, 2 * (height // factor), 2 * (width // factor)

    def encode_prompt(self, text: str) -> PromptEmbeds:
        kept = plain(self._fragments_of(text))
        _, truncated_text = truncate(kept, self._pipe.tokenizer, self._room + 1)
        tokens, mask = self._pipe.encode_prompt(kept, device=self.device, max_sequence_length=TOKENS)
        return PromptEmbeds(tokens=tokens, mask=mask, truncated_text=truncated_text)

    def encode_negative(self, text: str = "") -> PromptEmbeds:
        return self.encode_prompt(text or NOTHING)

    def timesteps(self, scheduler: Any, steps: int, width: int, height: int) -> None:
        _, rows, columns = self.latent_shape(width, height)
        set_even_timesteps(scheduler, steps, (rows // 2) * (columns // 2))

    def forward(self, denoiser: Any, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        # Attention with a mask rounds otherwise than without: where texts of other lengths share a forward, pictures in
        # bfloat16 are 52 dB from the stock pipeline's, which are 45 dB from those in float32; where all are as long,
        # they are equal (measured: 2026-11-24, python -m tests.bench rounding, and with a negative text as long).
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
        """Return plain guidance with every patch as long as the conditional prediction has it.

        Source: `QwenImagePipeline`, diffusers 0.42.
        """
        prediction = apply_guidance(outputs, conditioning)
        if conditioning.unconditional is None:
            return prediction
        lengths = [_lengths(one) for one in (combine_positive(outputs, conditioning), prediction)]
        return unpatched(patched(prediction) * (lengths[0] / lengths[1]), *prediction.shape[-2:])


def _lengths(prediction: Tensor) -> Tensor:
    lengths: Tensor = torch.linalg.vector_norm(patched(prediction), dim=-1, keepdim=True)
    return lengths
