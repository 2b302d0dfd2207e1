"""Chroma: a Flux transformer without CLIP and without distilled guidance, so that negative prompts work.

embeddings  tokens [1, 512, 4096] of T5, with a mask of the text and one token after it (features as in Chroma1-HD).
latents     [batch, 16, height / 8, width / 8]; height and width are multiples of 16 pixels.

Source: `ChromaPipeline`, diffusers 0.42.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from engine.painter.families.flux import T5_TOKENS, FluxModel
from engine.painter.pipeline.flow_matching import patched, unpatched
from engine.painter.pipeline.prompt_weighting import apply_weights, plain_text, truncate, weights_of_tokens
from engine.painter.sampling.guidance import PromptEmbeds


class ChromaModel(FluxModel):
    """A Chroma pipeline as a `LoadedModel`."""

    has_embedded_guidance = False

    def encode_prompt(self, text: str) -> PromptEmbeds:
        fragments = self._fragments_of(text)
        kept, truncated_text = truncate(plain_text(fragments), self._pipe.tokenizer, T5_TOKENS)
        weights = weights_of_tokens(fragments, self._pipe.tokenizer, T5_TOKENS, lead=0)
        return replace(apply_weights(self._embed(kept), weights, self._embed), truncated_text=truncated_text)

    def forward(self, denoiser: Any, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        batch, _, height, width = latents.shape
        patches = patched(latents)
        texts = torch.cat([one.mask for one in embeds if one.mask is not None]).to(latents.dtype)
        pictures = torch.ones(batch, patches.shape[1], device=self.device, dtype=latents.dtype)
        output: Tensor = denoiser(
            hidden_states=patches,
            timestep=timesteps.to(latents.dtype) / 1000,
            encoder_hidden_states=torch.cat([one.tokens for one in embeds]),
            txt_ids=torch.zeros(embeds[0].tokens.shape[1], 3, device=self.device, dtype=latents.dtype),
            img_ids=self._image_ids(height // 2, width // 2, latents.dtype),
            # As numbers, which attention adds to its logits: with true and false, pictures would not be the pipeline's.
            attention_mask=torch.cat([texts, pictures], dim=1),
            return_dict=False,
        )[0]
        return unpatched(output, height, width)

    def _embed(self, text: str) -> PromptEmbeds:
        tokens, _, mask, *_ = self._pipe.encode_prompt(
            text, device=self.device, do_classifier_free_guidance=False, max_sequence_length=T5_TOKENS
        )
        return PromptEmbeds(tokens=tokens, mask=mask.bool())
