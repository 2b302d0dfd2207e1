"""Films as latents: the frames of a film are one picture of the batch, whose channels are those of all its frames.

Nothing but the denoiser, the decoder and previews sees frames: samplers, guidance and the batch treat a film as any
picture, so that films and pictures share one loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.contract.edits import CALM, LIVELY
from engine.contract.errors import OperationUnsupported
from engine.contract.jobs import Operation
from engine.contract.painting import PaintRequest
from engine.models.registry.motion import MotionAdapter
from engine.models.registry.registry import Model, Registry
from engine.painter.sampling.checks import bounded
from engine.prompt.parameters.films import (
    DEFAULT_FPS,
    DEFAULT_FRAMES,
    LOW_MOTION,
    MAX_FPS,
    MAX_FRAMES,
    MIN_FPS,
    MIN_FRAMES,
)

if TYPE_CHECKING:
    from torch import Tensor


OF_PICTURES = 14
"""The frames of a film by a model that makes nothing else.

Source: Blattmann et al. 2023 (Stable Video Diffusion), section 4; that of 25 frames paints 14 as well.
"""


@dataclass(frozen=True, kw_only=True)
class FilmParams:
    """What kind of film a request asks for.

    adapter: what its model paints films with; None for one that makes nothing else.
    frames: their number. fps: how many of them are shown each second. is_calm: whether little is to move.
    """

    adapter: MotionAdapter | None
    frames: int
    fps: int
    is_calm: bool = False

    @property
    def strength(self) -> float:
        """How far the frames may leave a picture in the prompt that they start from."""
        return CALM if self.is_calm else LIVELY


def film_of(request: PaintRequest, model: Model, registry: Registry) -> FilmParams | None:
    """Return the film that a request asks for, with little motion where its parameters or its edit say so; None for
    pictures.

    Raises: OperationUnsupported for a model without a motion adapter, SettingUnsupported.
    """
    if request.operation is not Operation.ANIMATE:
        return None
    asked, adapter = request.spec.parameters, registry.motion_adapter_of(model)
    if adapter is None and not model.family.only_animates:
        raise OperationUnsupported(operation=Operation.ANIMATE.value, model=model.name)
    usual = OF_PICTURES if model.family.only_animates else DEFAULT_FRAMES
    return FilmParams(
        adapter=adapter,
        frames=round(bounded(model, "frames", asked.get("frames"), usual, MIN_FRAMES, MAX_FRAMES)),
        fps=round(bounded(model, "fps", asked.get("fps"), DEFAULT_FPS, MIN_FPS, MAX_FPS)),
        is_calm=asked.get("motion") == LOW_MOTION or (request.edit is not None and request.edit.strength == CALM),
    )


def folded(latents: Tensor) -> Tensor:
    """Return the latents of films as those of pictures, float [films, channels * frames, height, width].

    latents: float [films, channels, frames, height, width].
    """
    return latents.flatten(1, 2)


def unfolded(latents: Tensor, frames: int) -> Tensor:
    """Return float [films, channels, frames, height, width] of what `folded` returns."""
    return latents.reshape(len(latents), -1, frames, *latents.shape[2:])


def frames_of(latents: Tensor, frames: int) -> Tensor:
    """Return the frames of one film, float [frames, channels, height, width].

    latents: float [1, channels * frames, height, width].
    """
    return unfolded(latents, frames)[0].transpose(0, 1)
