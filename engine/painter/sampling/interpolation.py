"""Between two pictures, texts or results: latents on an arc, embeddings on a line."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import pad

from engine.painter.sampling.guidance import Conditioning, PromptEmbeds

# Below this angle in radians, the arc is a line.
_PARALLEL = 1e-4


def slerp(one: Tensor, other: Tensor, share: float) -> Tensor:
    """Return what lies on the arc between two latents: (sin((1 - t) a) x + sin(t a) y) / sin(a).

    a is the angle between x and y, each taken as one vector; at the ends it is x and y themselves. Latents of about
    unit variance keep it on the way.

    one, other: x and y, float of one shape. share: t, 0 to 1.
    Source: Shoemake 1985, Animating Rotation with Quaternion Curves, section 3.3; Ramesh et al. 2022 (DALL-E 2),
    section 3.2, uses it between embeddings of pictures.
    """
    if share in (0.0, 1.0):
        return other if share else one
    x, y = one.flatten().double(), other.flatten().double()
    angle = torch.arccos((x @ y / (x.norm() * y.norm())).clamp(-1, 1))
    if angle < _PARALLEL:
        return torch.lerp(one, other, share)
    shares = torch.sin((1 - share) * angle) / torch.sin(angle), torch.sin(share * angle) / torch.sin(angle)
    return one * shares[0].item() + other * shares[1].item()


def conditioning_between(conditioning: Conditioning, share: float) -> Conditioning:
    """Return the conditioning for what lies between its two texts: the embedding (1 - t) y_1 + t y_2.

    Where the texts differ in length or in their masks, it is both of them with the weights 1 - t and t, so that their
    predictions are mixed in these shares instead (Liu et al. 2022, equation 11).

    share: t, 0 to 1. One of other than two texts is returned as it is.
    """
    if len(conditioning.embeds) != 2:
        return conditioning
    one, other = conditioning.embeds
    if share in (0.0, 1.0):
        return replace(conditioning, embeds=(other if share else one,), weights=(1.0,))
    if one.tokens.shape == other.tokens.shape and one.mask is None and other.mask is None:
        return replace(conditioning, embeds=(_lerp(one, other, share),), weights=(1.0,))
    return replace(conditioning, weights=(1 - share, share))


def conditioning_on_way(one: Conditioning, other: Conditioning, share: float) -> Conditioning:
    """Return the conditioning for what lies between two results of one model, as `conditioning_between` does.

    Results of several parts have all of them, those of each with its share of the weight. Of the unconditional rows,
    the shorter is padded with zeros that are not attended to, and the row is (1 - t) u_1 + t u_2.

    share: t, 0 to 1; at the ends it is that of one or the other itself.
    """
    if share in (0.0, 1.0):
        return other if share else one
    if one.weights == other.weights == (1.0,):
        pair = replace(one, embeds=(*one.embeds, *other.embeds), weights=(1 - share, share))
        texts = conditioning_between(pair, share)
    else:
        weights = [weight * (1 - share) for weight in one.weights] + [weight * share for weight in other.weights]
        texts = replace(one, embeds=(*one.embeds, *other.embeds), weights=tuple(weights))
    if one.unconditional is None or other.unconditional is None:
        return texts
    return replace(texts, unconditional=_lerp(*_as_long(one.unconditional, other.unconditional), share))


def _as_long(one: PromptEmbeds, other: PromptEmbeds) -> tuple[PromptEmbeds, PromptEmbeds]:
    """Return two texts of one length, with the mask of both where either has one or they were not as long."""
    length = max(one.tokens.shape[1], other.tokens.shape[1])
    is_plain = one.mask is None and other.mask is None and one.tokens.shape == other.tokens.shape
    mask = None if is_plain else _mask(one, length) | _mask(other, length)
    padded = (replace(text, tokens=_padded(text.tokens, length), mask=mask) for text in (one, other))
    return next(padded), next(padded)


def _padded(tokens: Tensor, length: int) -> Tensor:
    return pad(tokens, (0, 0, 0, length - tokens.shape[1]))


def _mask(text: PromptEmbeds, length: int) -> Tensor:
    everything = torch.ones(1, text.tokens.shape[1], dtype=torch.bool, device=text.tokens.device)
    return pad(everything if text.mask is None else text.mask, (0, length - text.tokens.shape[1]))


def _lerp(one: PromptEmbeds, other: PromptEmbeds, share: float) -> PromptEmbeds:
    pooled = None
    if one.pooled is not None and other.pooled is not None:
        pooled = torch.lerp(one.pooled, other.pooled, share)
    return replace(one, tokens=torch.lerp(one.tokens, other.tokens, share), pooled=pooled)
