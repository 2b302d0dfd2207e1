"""Vary: pictures from a prompt that start from a noised source picture."""

from __future__ import annotations

from engine.contract.painting import PaintRequest
from engine.painter.operations.operation import PainterOperation, Start, draw_noise
from engine.painter.operations.source import pixels_from_image
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.params import SamplingParams
from engine.painter.sampling.trajectory import Trajectory


def start(request: PaintRequest, params: SamplingParams, model: LoadedModel, trajectory: Trajectory) -> list[Start]:
    """Return the encoded source for each picture, noised to the trajectory's first timestep.

    Raises: PictureCorrupt.
    Source: Meng et al. 2022 (SDEdit), algorithm 1; `StableDiffusionImg2ImgPipeline`, diffusers 0.42.
    """
    assert request.source is not None
    source = pixels_from_image(request.source, params.width, params.height)
    starts = []
    for generator in trajectory.generators:
        # The encoder draws from the picture's generator before the noise does, as in the stock pipeline.
        encoded = model.encode(source, generator)
        starts.append(Start(latents=trajectory.add_noise(encoded, draw_noise(params, model, generator))))
    return starts


VARY = PainterOperation(needs_source=True, start=start)
