"""Says of finished pictures how unsafe they are, on a thread of its own, so that denoising goes on meanwhile."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import torch
from PIL import Image

from engine.contract.errors import EaselError, NoRoom
from engine.contract.painting import PaintedPictures
from engine.models.loading.classifier import LoadedClassifier, load_classifier
from engine.models.loading.device import best_device
from engine.models.loading.errors import result_or_error
from engine.models.registry.registry import Registry

_MOST_FRAMES = 32
"""Frames of a film that are looked at, evenly apart: all of one that a model has painted as a film."""


class ClassificationThread:
    """The thread with the registry's classifier, which is loaded when it is first needed and stays."""

    def __init__(self, registry: Registry) -> None:
        self._classifier = registry.classifier
        self._loaded: LoadedClassifier | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="classification")

    async def scored(self, result: PaintedPictures) -> PaintedPictures:
        """Return the pictures with their scores, as they are where no classifier is registered.

        Of a film, all have at least the score of its worst frame: they are shown together.

        Raises: WeightsMissing, WeightsMismatch, ModelBroken, NoRoom; nothing is shown that was not looked at.
        """
        if self._classifier is None:
            return result
        work = partial(result_or_error, self._classifier.name, partial(self._score, result))
        found = await asyncio.get_running_loop().run_in_executor(self._executor, work)
        if isinstance(found, torch.OutOfMemoryError):
            raise NoRoom(model=self._classifier.name)
        if isinstance(found, EaselError):
            raise found
        return found

    def close(self) -> None:
        """End the thread after what it is at."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _score(self, result: PaintedPictures) -> PaintedPictures:
        assert self._classifier is not None
        if self._loaded is None:
            self._loaded = load_classifier(self._classifier, best_device().device)
        shown = [*(frame for one in result.pictures for frame in _frames(one.png)), *_frames(result.grid, least=2)]
        scores = self._loaded.scores(shown)
        of_pictures, of_film = scores[: len(result.pictures)], scores[len(result.pictures) :]
        scored = zip(result.pictures, of_pictures, strict=True)
        pictures = tuple(replace(one, unsafe_score=max([score, *of_film])) for one, score in scored)
        return replace(result, pictures=pictures)


def _frames(file: bytes | None, least: int = 1) -> Iterator[Image.Image]:
    """Yield the frames of the file, in RGB, if it has at least so many."""
    if file is None:
        return
    with Image.open(io.BytesIO(file)) as image:
        count = getattr(image, "n_frames", 1)
        for number in range(0, count, -(-count // _MOST_FRAMES)) if count >= least else ():
            image.seek(number)
            yield image.convert("RGB")
