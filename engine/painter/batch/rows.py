"""One picture in the running batch, and the request it belongs to; no scheduling, no model.

A picture is a row; a forward row is one text of one picture, so a picture with guidance takes two forward rows. A film
is a row too, and each of its forward rows costs as much as one for each of its frames.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace

from torch import Tensor

from engine.contract.errors import EaselError
from engine.contract.painting import PaintRequest
from engine.painter.events import Event, Failed
from engine.painter.sampling.films import FilmParams
from engine.painter.sampling.guidance import Conditioning, ControlPicture, PromptEmbeds
from engine.painter.sampling.kept import Kept
from engine.painter.sampling.mosaic import Mosaic
from engine.painter.sampling.params import SamplingParams
from engine.painter.sampling.steering import FORWARD_ROWS, STEERED_UNTIL, Steering
from engine.painter.sampling.tiling import Shift, shift_of
from engine.painter.sampling.trajectory import Trajectory
from engine.painter.sampling.variety import TextNoise


@dataclass(kw_only=True, eq=False)
class Row:
    """One picture being denoised, or one tile of a mosaic.

    trajectory: shared with the other pictures of the request that move in step; `index` is this picture's in it.
    guidance_until: share of the steps after which guidance ends, over 0 to 1; see `Speed`.
    latents: float [1, channels, height, width] in latent units, at the noise level of the trajectory's next timestep.
    denoised: latest estimate of the clean latents, same shape; None before the first step.
    kept: the part of its source that stays as it is; None where all is painted anew.
    text_noise: the noise in its texts; None without.
    control: what steers it besides its texts; None for nothing.
    steering: what CLIP steers it to, the same for all of its trajectory; None for nothing.
    is_tiled: whether it goes on at its own opposite edge.
    mosaic: the picture that it is a tile of, in which `slot` is its index; None for a whole picture.
    inputs: what a model that takes masks is given besides the latents, float [1, 1 + channels, height, width].
    film: what it is a film of, whose frames its latents have as channels; None for a picture.
    """

    slot: int
    conditioning: Conditioning
    trajectory: Trajectory
    index: int
    latents: Tensor
    guidance_until: float = 1.0
    denoised: Tensor | None = None
    kept: Kept | None = None
    text_noise: TextNoise | None = None
    control: ControlPicture | None = None
    steering: Steering | None = None
    is_tiled: bool = False
    mosaic: Mosaic | None = None
    inputs: Tensor | None = None
    film: FilmParams | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it has steps left and waits for no other tile."""
        waits = self.mosaic is not None and self.mosaic.waits_after(self.slot)
        return not (waits or self.trajectory.is_over)

    @property
    def next_texts(self) -> tuple[PromptEmbeds, ...]:
        """The texts of the next model call, one for each forward row."""
        conditioning = self.active_conditioning
        noise = self.text_noise
        texts = conditioning.texts if noise is None else noise.texts(conditioning, self.trajectory.share_left)
        if self.film is not None:
            return tuple(replace(text, film=self.film) for text in texts)
        if self.control is None:
            return texts
        control = self.control.moved(self.shift, self.control.pixels.shape[-1] // self.latents.shape[-1])
        return tuple(replace(text, control=control) for text in texts)

    @property
    def shift(self) -> Shift | None:
        """How far the picture is moved around its own edges before the next model call; None where it is not."""
        return shift_of(self.trajectory.num_done, *self.latents.shape[-2:]) if self.is_tiled else None

    @property
    def active_conditioning(self) -> Conditioning:
        """The conditioning of the next model call: without guidance once `guidance_until` has passed."""
        is_guided = self.trajectory.remaining_before(self.guidance_until) > 0
        return self.conditioning if is_guided else self.conditioning.unguided

    @property
    def num_rows(self) -> int:
        """Forward rows in the next model call."""
        return len(self.active_conditioning.texts)

    @property
    def cost(self) -> int:
        """What the next model call costs, in forward rows of pictures: more where CLIP steers it."""
        return self.num_rows * self._frames + (FORWARD_ROWS if self.is_steered else 0)

    @property
    def remaining_cost(self) -> int:
        """What all model calls that are left cost, in forward rows of pictures."""
        guided = self.trajectory.remaining_before(self.guidance_until)
        unguided = self.trajectory.remaining - guided
        num_rows = guided * len(self.conditioning.texts) + unguided * len(self.conditioning.unguided.texts)
        return num_rows * self._frames + self._remaining_steered * FORWARD_ROWS

    @property
    def _frames(self) -> int:
        return 1 if self.film is None else self.film.frames

    @property
    def is_steered(self) -> bool:
        """Whether CLIP steers it in the next model call."""
        return self._remaining_steered > 0

    @property
    def _remaining_steered(self) -> int:
        """Model calls that are left in which it is steered."""
        return 0 if self.steering is None else self.trajectory.remaining_before(STEERED_UNTIL)


@dataclass(kw_only=True, eq=False)
class ActiveRequest:
    """A request in the running batch.

    report: called with the request's events, from the loop's thread.
    rows: empty until its model is loaded.
    waited: loop steps in which the request was here and none of its rows was painted.
    idle: loop steps since one was painted.
    preview_time: time of its last preview in seconds of the monotonic clock.
    has_evicted: whether other models were evicted for it, and none of its rows was painted since.
    film: small pictures of what was to be seen after each step so far, where the request is filmed.
    is_over: whether it is finished, failed or cancelled; the loop removes it before its next step.
    """

    request: PaintRequest
    params: SamplingParams
    report: Callable[[Event], None]
    rows: tuple[Row, ...] = ()
    waited: int = 0
    idle: int = 0
    preview_time: float = -math.inf
    has_evicted: bool = False
    film: list[Tensor] = field(default_factory=list)
    is_over: bool = False

    @property
    def batch_key(self) -> Hashable:
        """What rows must have in common to share a forward."""
        return self.params.model.name, self.params.pixels, self.params.loras, self.params.film

    @property
    def unfinished_rows(self) -> tuple[Row | None, ...]:
        """The rows that can take a step; None stands for all of them before the request is started."""
        return tuple(row for row in self.rows if row.is_ready) if self.rows else (None,)

    @property
    def estimates(self) -> list[Tensor]:
        """The latest estimate of each picture's clean latents; empty before every picture has one."""
        mosaic = self.rows[0].mosaic
        known = [row.denoised for row in self.rows] if mosaic is None else [mosaic.denoised]
        estimates = [one for one in known if one is not None]
        return estimates if len(estimates) == len(known) else []

    @property
    def remaining_cost(self) -> int:
        """Forward rows of pictures that the request still needs; before it is started, those of plain guidance."""
        if not self.rows:
            frames = 1 if self.params.film is None else self.params.film.frames
            return self.params.num_rows(self.request.num_pictures) * self.params.steps * 2 * frames
        return sum(row.remaining_cost for row in self.rows)


def fail(requests: Iterable[ActiveRequest], error: EaselError) -> None:
    """End the requests with an error."""
    for active in requests:
        active.is_over = True
        active.report(Failed(error=error))
