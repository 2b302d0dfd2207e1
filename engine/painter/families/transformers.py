"""Flow transformers that take a timestep for each row, adapted to the painter's protocol: Stable Diffusion 3 and Flux.

They read plain words: attention marks are taken off, because their text encoders do not answer to scaled tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from diffusers.pipelines.flux.pipeline_flux import calculate_shift
from torch import Tensor

from engine.models.registry import Model
from engine.painter.families.pipeline import PipelineModel
from engine.painter.families.text import cut_beyond
from engine.painter.rows import Words

SD3_TOKENS = 256
FLUX_TOKENS = 512


class SD3Model(PipelineModel):
    """Stable Diffusion 3 and 3.5: two CLIPs and a T5 side by side, classifier-free guidance."""

    is_flow = True

    def __init__(self, pipe: Any, model: Model, **common: Any) -> None:
        super().__init__(pipe, pipe.transformer, model, num_channels=pipe.transformer.config.in_channels, **common)

    def words(self, text: str) -> Words:
        plain, cut = cut_beyond(_plain(self._fragments_of(text)), self._pipe.tokenizer_3, SD3_TOKENS)
        tokens, _, pooled, _ = self._pipe.encode_prompt(
            plain, plain, plain, device=self.device, do_classifier_free_guidance=False, max_sequence_length=SD3_TOKENS
        )
        return Words(tokens=tokens, pooled=pooled, cut=cut)

    def no_words(self) -> Words:
        return self.words("")

    def timesteps(self, scheduler: Any, steps: int, width: int, height: int) -> None:
        _, rows, columns = self.latent_shape(width, height)
        patch = self._denoiser.config.patch_size
        shift = _shift(scheduler, (rows // patch) * (columns // patch))
        scheduler.set_timesteps(steps, device=self.device, **shift)

    def predict(self, latents: Tensor, timesteps: Tensor, words: Sequence[Words]) -> Tensor:
        output: Tensor = self._denoiser(
            hidden_states=latents,
            timestep=timesteps,
            encoder_hidden_states=torch.cat([one.tokens for one in words]),
            pooled_projections=torch.cat([one.pooled for one in words if one.pooled is not None]),
            return_dict=False,
        )[0]
        return output


class FluxModel(PipelineModel):
    """Flux: latents in patches of 2 x 2, and guidance that is told to the model rather than worked out of two rows."""

    is_flow = True
    has_embedded_guidance = True

    def __init__(self, pipe: Any, model: Model, **common: Any) -> None:
        num_channels = pipe.transformer.config.in_channels // 4
        super().__init__(pipe, pipe.transformer, model, num_channels=num_channels, **common)

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int]:
        factor = self._pipe.vae_scale_factor * 2
        return self._num_channels, 2 * (height // factor), 2 * (width // factor)

    def words(self, text: str) -> Words:
        plain, cut = cut_beyond(_plain(self._fragments_of(text)), self._pipe.tokenizer_2, FLUX_TOKENS)
        tokens, pooled, _ = self._pipe.encode_prompt(plain, plain, device=self.device, max_sequence_length=FLUX_TOKENS)
        return Words(tokens=tokens, pooled=pooled, cut=cut)

    def no_words(self) -> Words:
        return self.words("")

    def timesteps(self, scheduler: Any, steps: int, width: int, height: int) -> None:
        _, rows, columns = self.latent_shape(width, height)
        shift = _shift(scheduler, (rows // 2) * (columns // 2))
        scheduler.set_timesteps(sigmas=np.linspace(1.0, 1 / steps, steps), device=self.device, **shift)

    def predict(self, latents: Tensor, timesteps: Tensor, words: Sequence[Words]) -> Tensor:
        batch, channels, height, width = latents.shape
        patches: Tensor = self._denoiser(
            hidden_states=self._pipe._pack_latents(latents, batch, channels, height, width),
            timestep=timesteps.to(latents.dtype) / 1000,
            guidance=self._guidance(words),
            encoder_hidden_states=torch.cat([one.tokens for one in words]),
            pooled_projections=torch.cat([one.pooled for one in words if one.pooled is not None]),
            txt_ids=torch.zeros(words[0].tokens.shape[1], 3, device=self.device, dtype=latents.dtype),
            img_ids=self._pipe._prepare_latent_image_ids(batch, height // 2, width // 2, self.device, latents.dtype),
            return_dict=False,
        )[0]
        return _unpatched(patches, height, width)

    def _guidance(self, words: Sequence[Words]) -> Tensor | None:
        """Return the guidance scale of each row, or None for a model that was distilled without (schnell)."""
        if not self._denoiser.config.guidance_embeds:
            return None
        return torch.tensor([one.guidance for one in words], device=self.device, dtype=torch.float32)


def _unpatched(patches: Tensor, height: int, width: int) -> Tensor:
    """Return patches [batch, height / 2 * width / 2, 4 * channels] as latents [batch, channels, height, width]."""
    batch, _, wide = patches.shape
    cells = patches.view(batch, height // 2, width // 2, wide // 4, 2, 2)
    return cells.permute(0, 3, 1, 4, 2, 5).reshape(batch, wide // 4, height, width)


def _shift(scheduler: Any, num_patches: int) -> dict[str, float]:
    """Return the shift of the noise schedule for so many patches, where the model's schedule asks for one."""
    config = scheduler.config
    if not config.get("use_dynamic_shifting"):
        return {}
    bounds = (("base_image_seq_len", 256), ("max_image_seq_len", 4096), ("base_shift", 0.5), ("max_shift", 1.15))
    return {"mu": calculate_shift(num_patches, *(config.get(name, default) for name, default in bounds))}


def _plain(fragments: Sequence[tuple[str, float]]) -> str:
    return "".join(fragment for fragment, _ in fragments)
