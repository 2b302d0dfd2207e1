"""Prompt embeddings with their weights, and the predictions for them combined into one by guidance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from engine.models.registry.controls import ControlNet
from engine.painter.sampling.films import FilmParams
from engine.painter.sampling.tiling import Shift


@dataclass(frozen=True, kw_only=True, eq=False)
class ControlPicture:
    """What steers a picture: a ControlNet, what it reads, and the weight of what it adds.

    pixels: float [1, 3, height, width] in 0 to 1, of the size that the model paints.
    """

    control: ControlNet
    pixels: Tensor
    weight: float

    def moved(self, shift: Shift | None, factor: int) -> ControlPicture:
        """Return the same moved as the latents are, each of which is `factor` pixels wide and high."""
        if shift is None:
            return self
        by = Shift(down=shift.down * factor, across=shift.across * factor)
        return replace(self, pixels=by.apply(self.pixels))


@dataclass(frozen=True, kw_only=True, eq=False)
class ReferenceTokens:
    """Pictures as the denoiser reads them: tokens, float [1, tokens, features], and how much they count."""

    tokens: Tensor
    scale: float


@dataclass(frozen=True, kw_only=True, eq=False)
class PromptEmbeds:
    """One text as the denoiser reads it.

    tokens: float [1, tokens, features].
    pooled: float [1, features]; None for families without a pooled embedding.
    mask: bool [1, tokens], True for tokens that are attended to; None when all are.
    truncated_text: the end of the text that does not fit the text encoder; empty when everything fits.
    guidance: guidance scale, for families that take it as an input; others combine two predictions instead.
    references: what each of the model's IP-Adapters reads beside the text, None for those without; empty without any.
    control: what steers the picture besides the text, for U-Nets; None for nothing.
    film: of which the text is; None of a picture.
    still: latents of the picture that a film goes on from, float [1, channels, height, width], for models that read it.
    """

    tokens: Tensor
    pooled: Tensor | None = None
    mask: Tensor | None = None
    truncated_text: str = ""
    guidance: float = 1.0
    references: tuple[ReferenceTokens | None, ...] = ()
    control: ControlPicture | None = None
    film: FilmParams | None = None
    still: Tensor | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Conditioning:
    """All texts of a request with their weights: `weights[i]` belongs to `embeds[i]`.

    unconditional: the text that guidance moves away from; None when the guidance scale is 1.
    guidance: guidance scale, at least 1.
    """

    embeds: tuple[PromptEmbeds, ...]
    weights: tuple[float, ...]
    unconditional: PromptEmbeds | None
    guidance: float

    @property
    def texts(self) -> tuple[PromptEmbeds, ...]:
        """The forward rows of one picture: the unconditional row first, if there is one."""
        return (self.unconditional, *self.embeds) if self.unconditional else self.embeds

    def with_positive(self, embeds: Sequence[PromptEmbeds]) -> Conditioning:
        """The same with other embeddings of the positive texts."""
        return replace(self, embeds=tuple(embeds))

    @cached_property
    def unguided(self) -> Conditioning:
        """The same texts without guidance."""
        return replace(self, unconditional=None, guidance=1.0)


def apply_guidance(outputs: Tensor, conditioning: Conditioning) -> Tensor:
    """Return one prediction for each picture from those for all its texts: u + s * (c - u).

    u is the unconditional prediction, c the weighted sum of the others, s the guidance scale. With one text of weight
    1 this is classifier-free guidance; without an unconditional row it is c.

    outputs: float [texts * pictures, channels, height, width] in latent units: the first of `conditioning.texts` for
        all pictures, then the next.
    Returns: float [pictures, channels, height, width], same dtype and device.
    Source: Liu et al. 2022 (composable diffusion), equation 11; Ho and Salimans 2022, equation 6.
    """
    if conditioning.unconditional is None:
        return combine_positive(outputs, conditioning)
    unconditional = outputs[: len(outputs) // len(conditioning.texts)]
    return unconditional + conditioning.guidance * (combine_positive(outputs, conditioning) - unconditional)


def combine_positive(outputs: Tensor, conditioning: Conditioning) -> Tensor:
    """Return the weighted sum of the predictions for the positive texts: c = sum of weights[i] * outputs[i].

    outputs: as in `apply_guidance`.
    Returns: float [pictures, channels, height, width].
    Source: Liu et al. 2022 (composable diffusion), equation 11.
    """
    num_pictures = len(outputs) // len(conditioning.texts)
    positive = outputs if conditioning.unconditional is None else outputs[num_pictures:]
    return positive if conditioning.weights == (1.0,) else _weighted_sum(positive, conditioning.weights)


def _weighted_sum(outputs: Tensor, weights: tuple[float, ...]) -> Tensor:
    scale = torch.tensor(weights, dtype=outputs.dtype).to(outputs.device, non_blocking=True)
    by_text = outputs.view(len(weights), -1, *outputs.shape[1:])
    return (by_text * scale.view(-1, 1, 1, 1, 1)).sum(dim=0)
