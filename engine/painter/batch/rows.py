"""The state of one picture in the running batch, and the request that it belongs to; no scheduling, no model.

A picture is a row; a forward row is one text of one picture, so a picture with guidance takes two of a forward.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from engine.contract.painting import PaintRequest
from engine.painter.sampling.params import Settings
from engine.painter.sampling.samplers import Trajectory


@dataclass(frozen=True, kw_only=True, eq=False)
class PromptEmbeds:
    """What a text tells a model.

    tokens: float [1, tokens, features].
    pooled: float [1, features], or None for families without one.
    cut: the end of the text that the model has no room for; empty when all was read.
    guidance: guidance scale, for families that are active_conditioning it; others work it out of two rows.
    mask: bool [1, tokens], the tokens that are read; None when all are.
    """

    tokens: Tensor
    pooled: Tensor | None = None
    mask: Tensor | None = None
    cut: str = ""
    guidance: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Conditioning:
    """All texts of a request with the weight of each: `weights[i]` belongs to `embeds[i]`.

    unconditional: what guidance leads unconditional from; None when the guidance scale is 1.
    guidance: guidance scale, at least 1.
    """

    embeds: tuple[PromptEmbeds, ...]
    weights: tuple[float, ...]
    unconditional: PromptEmbeds | None
    guidance: float

    @property
    def texts(self) -> tuple[PromptEmbeds, ...]:
        """The forward rows of one picture: the unconditional one first, when there is one."""
        return (self.unconditional, *self.embeds) if self.unconditional else self.embeds

    @cached_property
    def unguided(self) -> Conditioning:
        """What is left of it where nothing is guided: what is shown, by itself."""
        return replace(self, unconditional=None, guidance=1.0)


@dataclass(kw_only=True, eq=False)
class Row:
    """One picture on its way.

    trajectory: the way that it goes, in step with others of its request; `place` is its own among them.
    guidance_until: share of the steps after which it is painted without guidance; see `Speed`.
    latents: float [1, channels, height, width] in latent units, at the noise level of the trajectory's next timestep.
    denoised: the last estimate of the clean latents; None before the first step.
    """

    slot: int
    conditioning: Conditioning
    trajectory: Trajectory
    place: int
    latents: Tensor
    guidance_until: float = 1.0
    denoised: Tensor | None = None

    @property
    def active_conditioning(self) -> Conditioning:
        """What the next model call of this picture is active_conditioning."""
        is_guided = self.trajectory.remaining_before(self.guidance_until) > 0
        return self.conditioning if is_guided else self.conditioning.unguided

    @property
    def num_rows(self) -> int:
        """Forward rows that the next model call of this picture takes."""
        return len(self.active_conditioning.texts)

    @property
    def remaining_rows(self) -> int:
        """Forward rows that all its model calls still take."""
        guided = self.trajectory.remaining_before(self.guidance_until)
        unguided = self.trajectory.remaining - guided
        return guided * len(self.conditioning.texts) + unguided * len(self.conditioning.unguided.texts)


@dataclass(kw_only=True, eq=False)
class ActiveRequest:
    """A request in the running batch; `tell` is called with its events, from the loop's thread.

    rows: empty until its model is loaded.
    waited: loop steps in which it was there and none of its rows was painted.
    idle: loop steps since one was.
    previewed: when its last preview was made, seconds of the monotonic clock, whose zero may be just now.
    needed_eviction: whether other models were let go for it, and nothing of it was painted since.
    is_over: whether it is finished, failed or withdrawn; the loop forgets it before its next step.
    """

    request: PaintRequest
    settings: Settings
    tell: Callable[[Event], None]
    rows: tuple[Row, ...] = ()
    waited: int = 0
    idle: int = 0
    previewed: float = -math.inf
    needed_eviction: bool = False
    is_over: bool = False

    @property
    def batch(self) -> Hashable:
        """What rows must have in common to share a forward."""
        return self.settings.model.name, self.settings.pixels, self.settings.loras

    @property
    def unfinished_rows(self) -> tuple[Row | None, ...]:
        """The rows that have steps left; None stands for all of them before the request is opened."""
        return tuple(row for row in self.rows if not row.trajectory.is_over) if self.rows else (None,)

    @property
    def remaining_rows(self) -> int:
        """Forward rows that the request still needs; before it is opened, those of plain guidance."""
        if not self.rows:
            return self.request.num_pictures * self.settings.steps * 2
        return sum(row.remaining_rows for row in self.rows)


@dataclass(frozen=True, kw_only=True)
class Stepped:
    """Model calls done of all in the order; preview is uint8 [pictures, height, width, 3] now and then."""

    done: int
    total: int
    preview: Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The pictures of a request by slot, each uint8 [height, width, 3] on the CPU, and facts for the recipe.

    sha256: hash of the model's files. lora_sha256: of each adapter's file, in the order of the settings.
    """

    pictures: tuple[Tensor, ...]
    sha256: str
    lora_sha256: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The request ended with an error."""

    error: Exception


Event = Stepped | Finished | Failed


def guided(outputs: Tensor, conditioning: Conditioning) -> Tensor:
    """Return the prediction that the texts of a row come to.

    outputs: float [texts, channels, height, width], in the order of `conditioning.texts`.
    Returns: float [1, channels, height, width]; plain classifier-free guidance for one text of weight 1.
    Source: Liu et al. 2022 (composable diffusion), equation 11; Ho and Salimans 2022, equation 6.
    """
    if conditioning.unconditional is None:
        return combine_positive(outputs, conditioning)
    unconditional = outputs[:1]
    return unconditional + conditioning.guidance * (combine_positive(outputs, conditioning) - unconditional)


def combine_positive(outputs: Tensor, conditioning: Conditioning) -> Tensor:
    """Return what the positive texts predict together; they follow one unconditional output, where there is one."""
    positive = outputs if conditioning.unconditional is None else outputs[1:]
    return positive if conditioning.weights == (1.0,) else _weighted(positive, conditioning.weights)


def _weighted(outputs: Tensor, weights: tuple[float, ...]) -> Tensor:
    scale = torch.tensor(weights, dtype=outputs.dtype).to(outputs.device, non_blocking=True)
    return (outputs * scale.view(-1, 1, 1, 1)).sum(dim=0, keepdim=True)
