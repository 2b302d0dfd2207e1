"""The state of one picture in the running batch, and the order that it belongs to; no scheduling, no model.

A picture is a row; a forward row is one text of one picture, so a picture with guidance takes two of a forward.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from engine.contract.painting import Order
from engine.painter.sampling.params import Settings
from engine.painter.sampling.samplers import Course


@dataclass(frozen=True, kw_only=True, eq=False)
class Words:
    """What a text tells a model.

    tokens: float [1, tokens, width].
    pooled: float [1, width], or None for families without one.
    cut: the end of the text that the model has no room for; empty when all was read.
    guidance: guidance scale, for families that are told it; others work it out of two rows.
    mask: bool [1, tokens], the tokens that are read; None when all are.
    """

    tokens: Tensor
    pooled: Tensor | None = None
    mask: Tensor | None = None
    cut: str = ""
    guidance: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Conditioning:
    """All texts of an order with the weight of each: `weights[i]` belongs to `words[i]`.

    unconditional: what guidance leads away from; None when the guidance scale is 1.
    guidance: guidance scale, at least 1.
    """

    words: tuple[Words, ...]
    weights: tuple[float, ...]
    unconditional: Words | None
    guidance: float

    @property
    def texts(self) -> tuple[Words, ...]:
        """The forward rows of one picture: the unconditional one first, when there is one."""
        return (self.unconditional, *self.words) if self.unconditional else self.words

    @cached_property
    def unguided(self) -> Conditioning:
        """What is left of it where nothing is guided: what is shown, by itself."""
        return replace(self, unconditional=None, guidance=1.0)


@dataclass(kw_only=True, eq=False)
class Row:
    """One picture on its way.

    course: the way that it goes, in step with others of its order; `place` is its own among them.
    guidance_until: share of the steps after which it is painted without guidance; see `Speed`.
    latents: float [1, channels, height, width] in latent units, at the noise level of the course's next timestep.
    guess: the last guess of the clean latents; None before the first step.
    """

    slot: int
    conditioning: Conditioning
    course: Course
    place: int
    latents: Tensor
    guidance_until: float = 1.0
    guess: Tensor | None = None

    @property
    def told(self) -> Conditioning:
        """What the next model call of this picture is told."""
        is_guided = self.course.left_before(self.guidance_until) > 0
        return self.conditioning if is_guided else self.conditioning.unguided

    @property
    def width(self) -> int:
        """Forward rows that the next model call of this picture takes."""
        return len(self.told.texts)

    @property
    def remaining(self) -> int:
        """Forward rows that all its model calls still take."""
        guided = self.course.left_before(self.guidance_until)
        unguided = self.course.left - guided
        return guided * len(self.conditioning.texts) + unguided * len(self.conditioning.unguided.texts)


@dataclass(kw_only=True, eq=False)
class Entry:
    """An order that takes part in the batch; `tell` hands its events to whoever waits for them, from the loop's thread.

    rows: empty until its model is loaded.
    waited: loop steps in which it was there and none of its rows was painted.
    idle: loop steps since one was.
    previewed: when its last preview was made, seconds of the monotonic clock, whose zero may be just now.
    was_crowded: whether other models were let go for it, and nothing of it was painted since.
    is_over: whether it is finished, failed or withdrawn; the loop forgets it before its next step.
    """

    order: Order
    settings: Settings
    tell: Callable[[Event], None]
    rows: tuple[Row, ...] = ()
    waited: int = 0
    idle: int = 0
    previewed: float = -math.inf
    was_crowded: bool = False
    is_over: bool = False

    @property
    def batch(self) -> Hashable:
        """What rows must have in common to share a forward."""
        return self.settings.model.name, self.settings.pixels, self.settings.loras

    @property
    def open_rows(self) -> tuple[Row | None, ...]:
        """The rows that have steps left; None stands for all of them before the order is opened."""
        return tuple(row for row in self.rows if not row.course.is_over) if self.rows else (None,)

    @property
    def remaining(self) -> int:
        """Forward rows that the order still needs; before it is opened, those of plain guidance."""
        if not self.rows:
            return self.order.num_pictures * self.settings.steps * 2
        return sum(row.remaining for row in self.rows)


@dataclass(frozen=True, kw_only=True)
class Stepped:
    """Model calls done of all in the order; preview is uint8 [pictures, height, width, 3] now and then."""

    done: int
    total: int
    preview: Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The pictures of an order by slot, each uint8 [height, width, 3] on the CPU, and facts for the recipe.

    sha256: hash of the model's files. lora_sha256: of each adapter's file, in the order of the settings.
    """

    pictures: tuple[Tensor, ...]
    sha256: str
    lora_sha256: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The order ended with an error."""

    error: Exception


Event = Stepped | Finished | Failed


def guided(outputs: Tensor, conditioning: Conditioning) -> Tensor:
    """Return the prediction that the texts of a row come to.

    outputs: float [texts, channels, height, width], in the order of `conditioning.texts`.
    Returns: float [1, channels, height, width]; plain classifier-free guidance for one text of weight 1.
    Source: Liu et al. 2022 (composable diffusion), equation 11; Ho and Salimans 2022, equation 6.
    """
    if conditioning.unconditional is None:
        return toward(outputs, conditioning)
    away = outputs[:1]
    return away + conditioning.guidance * (toward(outputs, conditioning) - away)


def toward(outputs: Tensor, conditioning: Conditioning) -> Tensor:
    """Return what the positive texts predict together; they follow one unconditional output, where there is one."""
    positive = outputs if conditioning.unconditional is None else outputs[1:]
    return positive if conditioning.weights == (1.0,) else _weighted(positive, conditioning.weights)


def _weighted(outputs: Tensor, weights: tuple[float, ...]) -> Tensor:
    scale = torch.tensor(weights, dtype=outputs.dtype).to(outputs.device, non_blocking=True)
    return (outputs * scale.view(-1, 1, 1, 1)).sum(dim=0, keepdim=True)
