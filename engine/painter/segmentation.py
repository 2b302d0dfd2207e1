"""Finds what the words of an edit name, on a thread of its own, so that denoising goes on meanwhile."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from engine.contract.edits import Canvas
from engine.contract.errors import EaselError, NoRoom, NothingFound, WeightsMissing
from engine.contract.painting import PaintRequest
from engine.mask_file import MaskFile
from engine.models.loading.device import best_device
from engine.models.loading.errors import result_or_error
from engine.models.loading.segmenter import LoadedSegmenter, load_segmenter
from engine.models.registry.registry import Registry
from engine.painter.operations.source import open_source


class SegmentationThread:
    """The thread with the registry's segmenter, which is loaded when it is first needed and stays."""

    def __init__(self, registry: Registry) -> None:
        self._segmenter = registry.segmenter
        self._loaded: LoadedSegmenter | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="segmentation")

    async def with_mask(self, request: PaintRequest) -> PaintRequest:
        """Return the request with the mask of what its words name; one without words, or with a mask, as it is.

        Raises: NothingFound, PictureCorrupt, WeightsMissing, WeightsMismatch, ModelBroken, NoRoom.
        """
        canvas = request.edit.canvas if request.edit else None
        if request.edit is None or request.source is None or canvas is None or not canvas.words or canvas.mask:
            return request
        file = await self._find(request.source, canvas, canvas.words)
        return replace(request, edit=replace(request.edit, canvas=replace(canvas, mask=file.mask)), mask=file.png)

    def close(self) -> None:
        """End the thread after what it is at."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _find(self, source: bytes, canvas: Canvas, words: str) -> MaskFile:
        if self._segmenter is None:
            raise WeightsMissing(path=Path("segmenters"))
        work = partial(result_or_error, self._segmenter.name, partial(self._look, source, canvas, words))
        found = await asyncio.get_running_loop().run_in_executor(self._executor, work)
        if isinstance(found, torch.OutOfMemoryError):
            raise NoRoom(model=self._segmenter.name)
        if isinstance(found, EaselError):
            raise found
        if found is None:
            raise NothingFound(words=words)
        return found

    def _look(self, source: bytes, canvas: Canvas, words: str) -> MaskFile | None:
        assert self._segmenter is not None
        image = open_source(source).resize((canvas.width, canvas.height))
        if self._loaded is None:
            self._loaded = load_segmenter(self._segmenter, best_device().device)
        return self._loaded.find(image, words)
