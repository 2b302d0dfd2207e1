"""From what the painter has made to what it hands over: encoded pictures with their recipes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from engine.contract.painting import NUM_PICTURES, PaintedPicture, PaintedPictures, PaintRequest, Progress
from engine.painter.events import Finished, Stepped
from engine.painter.output.films import MEDIA_TYPE, film_between, film_of_frames, film_of_steps
from engine.painter.output.images import Pixels, grid_from_pixels, png_from_pixels, preview_from_pixels
from engine.painter.output.recipe import enlarged_recipe, recipe_of
from engine.painter.output.recipe_text import enlarged_text, parameters_text
from engine.painter.sampling.films import FilmParams
from engine.painter.sampling.params import SamplingParams
from engine.painter.upscaling.enlarge import Enlarged


def encode_progress(event: Stepped) -> Progress:
    """Return the progress with its preview encoded."""
    preview = None if event.preview is None else preview_from_pixels(_pixels(event.preview[:NUM_PICTURES]))
    return Progress(done=event.done, total=event.total, preview=preview)


def encode_result(
    request: PaintRequest,
    params: SamplingParams,
    finished: Finished,
    upscaler: Mapping[str, str] | None = None,
    scores: Sequence[float] = (),
) -> PaintedPictures:
    """Return the finished pictures as files with their recipes, and their grid, which upscaled ones have not.

    In place of the grid there is a film, where one was asked for; one of frames has its first one as the picture.
    scores: of each picture, if only the best four are to be shown, the best first.
    """
    frames = _pixels(finished.pictures)
    if params.film is not None:
        return _encoded_film(request, params, finished, frames, params.film)
    pixels = frames[:: params.rows_each]
    slots = _best(scores) if scores else range(len(pixels))
    pixels = [pixels[slot] for slot in slots]
    recipes = (recipe_of(request, params, finished, slot, upscaler, scores) for slot in slots)
    pictures = tuple(_picture(*one, parameters_text(one[1])) for one in zip(pixels, recipes, strict=True))
    if upscaler is not None:
        return PaintedPictures(pictures=pictures)
    if params.is_interpolated:
        return PaintedPictures(pictures=pictures, grid=film_between(frames, pixels), grid_type=MEDIA_TYPE)
    if params.is_filmed:
        film = film_of_steps([_pixels(step) for step in finished.film], pixels)
        return PaintedPictures(pictures=pictures, grid=film, grid_type=MEDIA_TYPE)
    grid, grid_type = grid_from_pixels(pixels)
    return PaintedPictures(pictures=pictures, grid=grid, grid_type=grid_type)


def _encoded_film(
    request: PaintRequest, params: SamplingParams, finished: Finished, frames: Sequence[Pixels], film: FilmParams
) -> PaintedPictures:
    """Return a film, and its first frame as the picture with the recipe."""
    recipe = recipe_of(request, params, finished, 0)
    still = _picture(frames[0], recipe, parameters_text(recipe))
    return PaintedPictures(pictures=(still,), grid=film_of_frames(frames, film.fps), grid_type=MEDIA_TYPE)


def _best(scores: Sequence[float]) -> list[int]:
    """Return the indexes of the best pictures, as many as a grid has, the best first."""
    return sorted(range(len(scores)), key=lambda index: -scores[index])[:NUM_PICTURES]


def encode_enlarged(request: PaintRequest, params: SamplingParams, enlarged: Enlarged) -> PaintedPictures:
    """Return a picture that was made larger as a file with its recipe; the text in it goes on from its source's."""
    assert request.source is not None
    with Image.open(io.BytesIO(request.source)) as source:
        factor, said = params.size[0] / source.width, source.info.get("parameters", "")
    recipe = enlarged_recipe(request, params, enlarged.upscaler)
    text = enlarged_text(str(said), recipe, factor)
    return PaintedPictures(pictures=(_picture(np.asarray(enlarged.image), recipe, text),))


def _picture(pixels: Pixels, recipe: Mapping[str, Any], text: str) -> PaintedPicture:
    return PaintedPicture(
        png=png_from_pixels(pixels, text),
        width=pixels.shape[1],
        height=pixels.shape[0],
        seed=recipe["seed"],
        recipe=recipe,
    )


def _pixels(pictures: Iterable[Tensor]) -> list[Pixels]:
    return [picture.numpy() for picture in pictures]
