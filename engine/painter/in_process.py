"""A painter in this process: requests in, pictures out, the denoising loop on a thread of its own.

It is what a supervised child runs, and what tests paint with; nothing here survives a hung device.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

import torch
from torch import Tensor

from engine.contract.errors import EaselError, WeightsMismatch, WeightsMissing
from engine.contract.painting import Painted, PaintedPicture, PaintRequest, Progress
from engine.models.files.weights import ProgressCallback as Reading
from engine.models.loading.pipeline import best_device, memory_budget
from engine.models.registry.registry import SHIPPED, Registry, read_registry
from engine.painter.batch.loop import DenoisingLoop, Watch
from engine.painter.batch.options import LoopOptions
from engine.painter.batch.rows import ActiveRequest, Event, Failed, Finished, Stepped
from engine.painter.cache.loader import LoadRequest
from engine.painter.cache.models import Load, WarmModels, loader, weigher
from engine.painter.output.images import Pixels, grid_from_pixels, png_from_pixels, preview_from_pixels
from engine.painter.output.recipe import parameters_text, recipe_of
from engine.painter.process.messages import Phase
from engine.painter.sampling.params import Settings, settings_from_request
from engine.prompt import parse_attention

T = TypeVar("T")

ENCODERS = 2


class LocalPainter:
    """Paints requests in a denoising loop whose thread is running; made by `create_painter`."""

    def __init__(
        self, registry: Registry, denoising_loop: DenoisingLoop, encoders: Executor, lost: asyncio.Event
    ) -> None:
        """`lost` is set when the loop's thread has ended, for whatever reason."""
        self._registry, self._denoising_loop, self._encoders = registry, denoising_loop, encoders
        self.lost = lost

    async def warm(self, name: str | None = None) -> None:
        """Load the model called `name`, or the default, ahead of its first request.

        Raises: ModelUnknown, OperatorError.
        """
        answer: asyncio.Queue[EaselError | None] = asyncio.Queue()
        self._denoising_loop.warm(LoadRequest(model=self._registry.model(name), tell=_teller(answer)))
        error = await answer.get()
        if error is not None:
            raise error

    async def paint(self, request: PaintRequest) -> AsyncGenerator[Progress | Painted, None]:
        """Yield progress and at last the pictures; see `engine.contract.painting.Painter`."""
        settings = settings_from_request(request, self._registry)
        events: asyncio.Queue[Event] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        active = ActiveRequest(request=request, settings=settings, tell=_teller(events))
        self._denoising_loop.join(active)
        try:
            while True:
                event = await events.get()
                if isinstance(event, Failed):
                    raise _naming_adapter(event.error, settings)
                if isinstance(event, Finished):
                    yield await loop.run_in_executor(self._encoders, painted_from, request, settings, event)
                    return
                yield await loop.run_in_executor(self._encoders, progress_from, event)
        finally:
            self._denoising_loop.leave(active)


@asynccontextmanager
async def create_painter(
    registry: Registry | None = None,
    *,
    options: LoopOptions | None = None,
    max_rows: int | None = None,
    budget_bytes: int | None = None,
    threads: int | None = None,
    beat: Callable[[Phase], None] = lambda _: None,
    watch: Watch = lambda _: None,
    load: Load | None = None,
) -> AsyncIterator[LocalPainter]:
    """Open a painter of the registered models on the best device of this machine; they are loaded when first asked for.

    registry: the shipped one when None.
    max_rows: widest forward in rows; None measures for each model where wider no longer pays.
    budget_bytes: what the weights of loaded models may take on the device; None takes what there is room for.
    threads: of torch on the CPU; None leaves them as they are.
    beat, watch: called from the loop's thread, at every phase of its work, and with the rows of every forward.
    load: how a model is loaded; None takes its weights to the best device.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    registry = registry or read_registry(SHIPPED)
    models = _models(load, budget_bytes, max_rows, lambda *_: denoising_loop.report_progress())
    denoising_loop = DenoisingLoop(models, options or LoopOptions(), beat, watch)
    lost = asyncio.Event()
    thread = threading.Thread(
        target=_run, args=(denoising_loop, asyncio.get_running_loop(), lost), name="denoising_loop", daemon=True
    )
    thread.start()
    with ThreadPoolExecutor(ENCODERS, thread_name_prefix="encoder") as encoders:
        try:
            yield LocalPainter(registry, denoising_loop, encoders, lost)
        finally:
            denoising_loop.close()
            await asyncio.to_thread(thread.join)


def _models(load: Load | None, budget_bytes: int | None, max_rows: int | None, reading: Reading) -> WarmModels:
    device = best_device()
    budget = memory_budget(device) if budget_bytes is None else budget_bytes
    if load is not None:
        return WarmModels(load, budget, max_rows)
    return WarmModels(loader(device, parse_attention, budget, reading), budget, max_rows, weigher(device, budget))


def _teller(events: asyncio.Queue[T]) -> Callable[[T], None]:
    """Return a function that puts into the queue from any thread."""
    loop = asyncio.get_running_loop()

    def tell(event: T) -> None:
        loop.call_soon_threadsafe(events.put_nowait, event)

    return tell


def _naming_adapter(error: Exception, settings: Settings) -> Exception:
    """Return the error, with the name of the adapter of these settings where it is about its file."""
    names = {adapter.file: adapter.name for adapter, _ in settings.loras}
    if isinstance(error, WeightsMissing | WeightsMismatch) and error.path in names:
        error.facts = {**error.facts, "adapter": names[error.path]}
    return error


def _run(denoising_loop: DenoisingLoop, loop: asyncio.AbstractEventLoop, lost: asyncio.Event) -> None:
    try:
        denoising_loop.run()
    finally:
        loop.call_soon_threadsafe(lost.set)


def progress_from(event: Stepped) -> Progress:
    """Return the progress that members see, its preview encoded."""
    preview = None if event.preview is None else preview_from_pixels(_pixels(event.preview))
    return Progress(done=event.done, total=event.total, preview=preview)


def painted_from(request: PaintRequest, settings: Settings, finished: Finished) -> Painted:
    """Return the finished pictures as files, with their recipes."""
    pixels = _pixels(finished.pictures)
    pictures = tuple(_picture(request, settings, finished, slot, picture) for slot, picture in enumerate(pixels))
    grid, grid_type = grid_from_pixels(pixels)
    return Painted(pictures=pictures, grid=grid, grid_type=grid_type)


def _picture(
    request: PaintRequest, settings: Settings, finished: Finished, slot: int, pixels: Pixels
) -> PaintedPicture:
    recipe = recipe_of(request, settings, finished, slot)
    return PaintedPicture(
        png=png_from_pixels(pixels, parameters_text(recipe)),
        width=pixels.shape[1],
        height=pixels.shape[0],
        seed=recipe["seed"],
        recipe=recipe,
    )


def _pixels(pictures: Iterable[Tensor]) -> list[Pixels]:
    return [picture.numpy() for picture in pictures]
