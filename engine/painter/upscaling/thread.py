"""A thread that makes pictures larger, so that denoising goes on meanwhile; jobs take turns, tile by tile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import torch

from engine.contract.errors import EaselError, NoRoom
from engine.contract.painting import Progress
from engine.models.loading.device import best_device
from engine.models.loading.errors import result_or_error
from engine.models.loading.upscaler import LoadedUpscaler, load_upscaler
from engine.models.registry.registry import Registry
from engine.models.registry.upscalers import Upscaler
from engine.painter.operations.source import open_source
from engine.painter.upscaling.enlarge import FILTER, Enlarged, enlarge


class UpscalingThread:
    """The thread with its upscalers, which are loaded when they are first needed and stay."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._loaded: dict[str, LoadedUpscaler] = {}
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="upscaling")

    async def enlarge(
        self, source: bytes, size: tuple[int, int], name: str | None = None
    ) -> AsyncGenerator[Progress | Enlarged, None]:
        """Yield progress, then the encoded picture in that size; closing the generator ends the work after a tile.

        name: of a registered upscaler, or `FILTER`; None for the registry's own choice.

        Raises: PictureCorrupt, NoRoom, WeightsMissing, WeightsMismatch, ModelBroken, PaintedNothing.
        """
        chosen = self._registry.upscaler if name is None else self._registry.upscalers.get(name)
        steps = self._steps(source, size, chosen)
        used = chosen.name if chosen else FILTER
        event_loop = asyncio.get_running_loop()
        while True:
            work = partial(result_or_error, used, partial(next, steps))
            step = await event_loop.run_in_executor(self._executor, work)
            if isinstance(step, torch.OutOfMemoryError):
                raise NoRoom(model=used, size=f"{size[0]}x{size[1]}")
            if isinstance(step, EaselError):
                raise step
            yield step
            if isinstance(step, Enlarged):
                return

    def close(self) -> None:
        """End the thread after the tile it is at."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _steps(self, source: bytes, size: tuple[int, int], upscaler: Upscaler | None) -> Iterator[Progress | Enlarged]:
        if upscaler and upscaler.name not in self._loaded:
            self._loaded[upscaler.name] = load_upscaler(upscaler, best_device().device)
        yield from enlarge(open_source(source), size, self._loaded[upscaler.name] if upscaler else None)
