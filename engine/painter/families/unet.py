"""SD 1.x, SD 2.x and SDXL: UNets that take a timestep for each row.

embeddings  tokens [1, 77 * chunks, features]: 768 features for SD 1, 1024 for SD 2, 2048 for SDXL, which has a pooled
            embedding [1, 1280] too.
latents     [batch, 4, height / 8, width / 8]; of films of SD 1.x, [batch, 4 * frames, height / 8, width / 8].
control     pictures [1, 3, height, width] for a ControlNet, whose outputs are added to the U-Net's layers.

Source: `StableDiffusionPipeline` and `StableDiffusionXLPipeline`, diffusers 0.42.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from engine.models.registry.registry import Model
from engine.painter.pipeline.base import PipelineModel, channels_last
from engine.painter.pipeline.prompt_weighting import stacked_tokens, weighted_embeds
from engine.painter.sampling.guidance import PromptEmbeds


class UNetModel(PipelineModel):
    """A Stable Diffusion pipeline as a `LoadedModel`; SDXL differs only in its embeddings."""

    def __init__(self, pipe: Any, model: Model, **common: Any) -> None:
        unet = _laid_out(pipe.unet, common["device"])
        channels = pipe.vae.config.latent_channels
        super().__init__(pipe, unet, model, num_channels=channels, **common)
        self.takes_masks = pipe.unet.config.in_channels == 2 * channels + 1
        self._is_xl = getattr(pipe, "text_encoder_2", None) is not None
        self.has_embedded_guidance = pipe.unet.config.time_cond_proj_dim is not None

    def encode_prompt(self, text: str) -> PromptEmbeds:
        return weighted_embeds(self._fragments_of(text), self._pipe.tokenizer, self._embed)

    def encode_negative(self, text: str = "") -> PromptEmbeds:
        if text:
            return self.encode_prompt(text)
        nothing = self._embed("")
        if not (self._is_xl and self._pipe.config.force_zeros_for_empty_prompt):
            return nothing
        pooled = None if nothing.pooled is None else torch.zeros_like(nothing.pooled)
        return PromptEmbeds(tokens=torch.zeros_like(nothing.tokens), pooled=pooled)

    def timesteps(self, scheduler: Any, steps: int, width: int, height: int) -> None:
        scheduler.set_timesteps(steps)

    def forward(self, denoiser: Any, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        if (film := embeds[0].film) is not None:
            return self._motion.predict(film, latents, timesteps, embeds, self._guidance(latents, embeds))
        tokens, mask = stacked_tokens(embeds)
        added = self._added(latents, embeds)
        controls = self._controls.residuals(latents[:, : self._num_channels], timesteps, embeds, added)
        if self.takes_masks and latents.shape[1] == self._num_channels:
            # Measuring and compiling give latents alone.
            latents = torch.cat([latents, torch.ones_like(latents[:, :1]), torch.zeros_like(latents)], dim=1)
        output: Tensor = denoiser(
            latents,
            timesteps,
            timestep_cond=self._guidance(latents, embeds),
            encoder_hidden_states=tokens,
            encoder_attention_mask=mask,
            added_cond_kwargs=added,
            return_dict=False,
            **controls,
        )[0]
        return output

    def _embed(self, text: str) -> PromptEmbeds:
        if self._is_xl:
            tokens, _, pooled, _ = self._pipe.encode_prompt(text, device=self.device, do_classifier_free_guidance=False)
            return PromptEmbeds(tokens=tokens, pooled=pooled)
        tokens, _ = self._pipe.encode_prompt(text, self.device, 1, False)
        return PromptEmbeds(tokens=tokens)

    def _guidance(self, latents: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor | None:
        """Return each row's guidance scale as an embedding, [batch, features], or None for a model without that input.

        The model takes w = s - 1 for the guidance scale s, because its guidance is c + w * (c - u).
        Source: `LatentConsistencyModelPipeline`, diffusers 0.42.
        """
        if not self.has_embedded_guidance:
            return None
        beyond = torch.tensor([one.guidance - 1 for one in embeds])
        width = self._denoiser.config.time_cond_proj_dim
        embedded: Tensor = self._pipe.get_guidance_scale_embedding(beyond, embedding_dim=width)
        return embedded.to(latents.device, latents.dtype, non_blocking=True)

    def _added(self, latents: Tensor, embeds: Sequence[PromptEmbeds]) -> dict[str, Any] | None:
        """Return what the UNet reads beside the texts: SDXL's sizes, and what IP-Adapters made of pictures."""
        references: dict[str, Any] = {}
        if any(one.references for one in embeds):
            references = {"image_embeds": self._ip_adapters.stacked(embeds)}
        return {**self._sizes(latents, embeds), **references} or None

    def _sizes(self, latents: Tensor, embeds: Sequence[PromptEmbeds]) -> dict[str, Tensor]:
        """Return SDXL's pooled embeddings and its sizes in pixels, [batch, 6]: original, crop (none), target.

        Source: `StableDiffusionXLPipeline._get_add_time_ids`, diffusers 0.42.
        """
        if not self._is_xl:
            return {}
        factor = self._pipe.vae_scale_factor
        height, width = latents.shape[-2] * factor, latents.shape[-1] * factor
        sizes = torch.tensor([height, width, 0, 0, height, width], dtype=latents.dtype)
        pooled = torch.cat([one.pooled for one in embeds if one.pooled is not None])
        return {"text_embeds": pooled, "time_ids": sizes.to(latents.device, non_blocking=True).expand(len(embeds), -1)}


def _laid_out(unet: Any, device: torch.device) -> Any:
    """Return the UNet with channels last, except for bfloat16 on the CPU; `channels_last` says why."""
    return unet if device.type == "cpu" and unet.dtype == torch.bfloat16 else channels_last(unet)
