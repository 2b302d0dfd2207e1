"""What `--chaos` and `--weird` do to the texts: noise in them at first, and a way from their mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.contract.jobs import MAX_SEED
from engine.painter.sampling.guidance import Conditioning, PromptEmbeds

# Of the share of the steps that is still to do: all of the noise above the second one, none below the first.
_NONE_BELOW, _ALL_ABOVE = 0.4, 0.9

# Added to a picture's seed, so that the noise of its texts is not that of its latents.
_OTHER_SEED = 0x5EED


@dataclass(frozen=True, kw_only=True, eq=False)
class TextNoise:
    """The noise in the texts of one picture, which makes it differ from the others of its grid.

    amount: share of the texts' variance that is noise in the first steps, over 0 to 1.
    noise: for each positive text, standard normal, of the shape of its tokens.
    """

    amount: float
    noise: tuple[Tensor, ...]

    def texts(self, conditioning: Conditioning, share_left: float) -> tuple[PromptEmbeds, ...]:
        """Return the texts of one model call: the positive ones with noise that decreases with the steps left.

        y' = m + sqrt(1 - a) (y - m) + sqrt(a) d n, with m and d the mean and the deviation of all of y's numbers, and
        a the amount times a ramp over the steps.
        Source: Sadat et al. 2024 (CADS), equations 3 and 4, with a for their 1 - gamma, so that less chaos is less
        noise; its rescaling is not needed, because m and d are kept.
        """
        ramp = min(1.0, max(0.0, (share_left - _NONE_BELOW) / (_ALL_ABOVE - _NONE_BELOW)))
        share = self.amount * ramp
        if share == 0:
            return conditioning.texts
        pairs = zip(conditioning.embeds, self.noise, strict=True)
        return conditioning.with_positive([_noised(embeds, noise, share) for embeds, noise in pairs]).texts


def draw_text_noise(amount: float, seed: int, embeds: Sequence[PromptEmbeds]) -> TextNoise | None:
    """Return the noise of the picture with that seed, drawn on the CPU; None for an amount of 0."""
    if amount == 0:
        return None
    generator = torch.Generator().manual_seed((seed + _OTHER_SEED) % (MAX_SEED + 1))
    tokens = [one.tokens for one in embeds]
    noise = (torch.randn(one.shape, generator=generator, dtype=torch.float32).to(one) for one in tokens)
    return TextNoise(amount=amount, noise=tuple(noise))


def away_from_mean(embeds: PromptEmbeds, distance: float) -> PromptEmbeds:
    """Return a text each of whose tokens is farther from the mean of them all: m + (1 + distance) (y - m).

    distance: at least 0.
    """
    if distance == 0:
        return embeds
    mean = embeds.tokens[:, _attended(embeds)].mean(dim=1, keepdim=True)
    return replace(embeds, tokens=mean + (1 + distance) * (embeds.tokens - mean))


def _noised(embeds: PromptEmbeds, noise: Tensor, share: float) -> PromptEmbeds:
    attended = embeds.tokens[:, _attended(embeds)].float()
    mean, deviation = attended.mean().item(), attended.std().item()
    kept = mean + (1 - share) ** 0.5 * (embeds.tokens - mean)
    return replace(embeds, tokens=kept + share**0.5 * deviation * noise)


def _attended(embeds: PromptEmbeds) -> Tensor | slice:
    return slice(None) if embeds.mask is None else embeds.mask[0]
