"""A painter in this process: requests in, pictures out, the denoising loop on its own thread.

A supervised child runs this, and tests paint with it; nothing here survives a hung device.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch

from engine.contract.edits import FAITHFUL
from engine.contract.errors import EaselError, WeightsMismatch, WeightsMissing
from engine.contract.jobs import TEXT_OPERATIONS, Operation
from engine.contract.painting import PaintedPictures, PaintRequest, PaintResult, Progress
from engine.models.files.weights import ProgressCallback as OnRead
from engine.models.loading.device import best_device, memory_budget
from engine.models.registry.registry import SHIPPED, Registry, read_registry
from engine.painter.batch.loop import DenoisingLoop, OnForward
from engine.painter.batch.options import LoopOptions
from engine.painter.batch.rows import ActiveRequest
from engine.painter.cache.loader import LoadRequest
from engine.painter.cache.measurements import Measurements
from engine.painter.cache.models import LoadModel, LruModelCache, create_estimate_bytes, create_load_model
from engine.painter.classification import ClassificationThread
from engine.painter.events import Event, Failed, Finished
from engine.painter.operations import check_operation
from engine.painter.output.encode import encode_enlarged, encode_progress, encode_result
from engine.painter.phase import Phase
from engine.painter.sampling.params import SamplingParams, params_from_request
from engine.painter.segmentation import SegmentationThread
from engine.painter.suggesting.thread import SuggestionThread
from engine.painter.upscaling.enlarge import Enlarged, bytes_from_image
from engine.painter.upscaling.thread import UpscalingThread
from engine.prompt import parse_attention

T = TypeVar("T")

ENCODERS = 2


class LocalPainter:
    """Paints requests in a denoising loop whose thread is running; made by `create_painter`."""

    def __init__(
        self,
        registry: Registry,
        loop: DenoisingLoop,
        encoders: Executor,
        upscaling: UpscalingThread,
        segmentation: SegmentationThread,
        suggesting: SuggestionThread,
        classification: ClassificationThread,
        lost: asyncio.Event,
        current: Callable[[], Registry],
    ) -> None:
        """`lost` is set when the loop's thread has ended, for whatever reason."""
        self._registry, self._current, self._loop, self._encoders = registry, current, loop, encoders
        self._upscaling, self._segmentation, self._suggesting = upscaling, segmentation, suggesting
        self._classification = classification
        self.lost = lost

    async def warm(self, name: str | None = None) -> None:
        """Load the model called `name`, or the default, ahead of its first request.

        Raises: ModelUnknown, OperatorError.
        """
        answer: asyncio.Queue[EaselError | None] = asyncio.Queue()
        self._loop.warm(LoadRequest(model=self._registry.model(name), report=_put_from_any_thread(answer)))
        error = await answer.get()
        if error is not None:
            raise error

    async def paint(self, request: PaintRequest) -> AsyncGenerator[Progress | PaintResult, None]:
        """Yield progress, then the result; see `engine.contract.painting.Painter`."""
        asked, request = request, await self._segmentation.with_mask(request)
        check_operation(request, self._registry)
        if request.operation in TEXT_OPERATIONS:
            yield await self._suggesting.suggest(request)
            return
        params = params_from_request(request, await asyncio.to_thread(self._current))
        if params.is_choice:
            request = replace(request, num_pictures=params.best)
        is_upscale = request.operation is Operation.UPSCALE
        painting = self._upscaled(request, params) if is_upscale else self._painted(request, params)
        async with aclosing(painting):
            async for event in painting:
                if isinstance(event, PaintedPictures):
                    event = await self._classification.scored(event)
                if request.mask is not asked.mask and isinstance(event, PaintedPictures):
                    yield replace(event, mask=request.mask)
                else:
                    yield event

    async def _upscaled(
        self, request: PaintRequest, params: SamplingParams
    ) -> AsyncGenerator[Progress | PaintResult, None]:
        """Make the source larger, and paint on it where the request may leave it."""
        assert request.source is not None
        is_painted = params.strength != FAITHFUL
        async with aclosing(self._upscaling.enlarge(request.source, params.size, request.upscaler)) as steps:
            async for step in steps:
                if isinstance(step, Enlarged):
                    enlarged = step
                else:
                    yield replace(step, done=0) if is_painted else step
        if not is_painted:
            yield await self._encoded(partial(encode_enlarged, request, params, enlarged))
            return
        larger = await self._encoded(partial(bytes_from_image, enlarged.image))
        async with aclosing(self._painted(request, params, larger, enlarged.upscaler)) as painting:
            async for event in painting:
                yield event

    async def _painted(
        self,
        request: PaintRequest,
        params: SamplingParams,
        larger: bytes | None = None,
        upscaler: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[Progress | PaintResult, None]:
        """Denoise; `larger` is the request's source, made larger by the `upscaler`."""
        events: asyncio.Queue[Event] = asyncio.Queue()
        asked = request if larger is None else replace(request, source=larger)
        active = ActiveRequest(request=asked, params=params, report=_put_from_any_thread(events))
        self._loop.join(active)
        try:
            while True:
                event = await events.get()
                if isinstance(event, Failed):
                    raise _with_adapter_name(event.error, params)
                if isinstance(event, Finished):
                    scores = await self._scores(request, params, event)
                    yield await self._encoded(partial(encode_result, request, params, event, upscaler, scores))
                    return
                # Another thread is for pictures: without one it would only take turns with the loop's.
                is_plain = event.preview is None
                yield encode_progress(event) if is_plain else await self._encoded(partial(encode_progress, event))
        finally:
            self._loop.leave(active)

    async def _scores(self, request: PaintRequest, params: SamplingParams, finished: Finished) -> list[float]:
        """Return how well each picture fits the prompt; nothing where all are shown."""
        if not params.is_choice:
            return []
        return await self._suggesting.scores(request, params.model, params.reward, finished.pictures)

    async def _encoded(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._encoders, work)


@asynccontextmanager
async def create_painter(
    registry: Registry | None = None,
    *,
    current: Callable[[], Registry] | None = None,
    options: LoopOptions | None = None,
    max_rows: int | None = None,
    budget_bytes: int | None = None,
    threads: int | None = None,
    heartbeat: Callable[[Phase], None] = lambda _: None,
    on_forward: OnForward = lambda _: None,
    load: LoadModel | None = None,
    measurements: Path | None = None,
) -> AsyncIterator[LocalPainter]:
    """Open a painter of the registered models on this machine's best device; models are loaded on first use.

    registry: the shipped one when None. current: called for each request, from any thread, for the registry with the
        adapters that there are now; None keeps those of `registry`.
    max_rows: most rows in one forward; None measures for each model how many are worth it.
    budget_bytes: device memory for the weights of loaded models; None uses what there is.
    threads: torch's threads on the CPU; None leaves them as they are.
    heartbeat, on_forward: called from the loop's thread, in every phase, and with the rows of every forward.
    load: loads a model; None loads its weights onto the best device.
    measurements: folder that keeps what was measured of the models for the next start; None measures anew.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    known = registry or read_registry(SHIPPED)
    kept = Measurements(folder=measurements)
    models = _models(load, budget_bytes, max_rows, kept, lambda *_: loop.report_progress())
    loop = DenoisingLoop(models, options or LoopOptions(), heartbeat, on_forward)
    lost = asyncio.Event()
    thread = threading.Thread(
        target=_run, args=(loop, asyncio.get_running_loop(), lost), name="denoising-loop", daemon=True
    )
    thread.start()
    with ThreadPoolExecutor(ENCODERS, thread_name_prefix="encoder") as encoders:
        upscaling = UpscalingThread(known)
        segmentation, suggesting = SegmentationThread(known), SuggestionThread(known)
        classification = ClassificationThread(known)
        try:
            yield LocalPainter(
                known,
                loop,
                encoders,
                upscaling,
                segmentation,
                suggesting,
                classification,
                lost,
                current or (lambda: known),
            )
        finally:
            loop.close()
            upscaling.close()
            segmentation.close()
            suggesting.close()
            classification.close()
            await asyncio.to_thread(thread.join)


def _models(
    load: LoadModel | None, budget_bytes: int | None, max_rows: int | None, kept: Measurements, on_read: OnRead
) -> LruModelCache:
    device = best_device()
    budget = memory_budget(device) if budget_bytes is None else budget_bytes
    if load is not None:
        return LruModelCache(load, budget, max_rows, measurements=kept)
    load = create_load_model(device, parse_attention, budget, on_read, kept)
    return LruModelCache(load, budget, max_rows, create_estimate_bytes(device, budget), kept)


def _put_from_any_thread(events: asyncio.Queue[T]) -> Callable[[T], None]:
    """Return a function that puts an event into the queue and may be called from any thread."""
    event_loop = asyncio.get_running_loop()

    def put(event: T) -> None:
        event_loop.call_soon_threadsafe(events.put_nowait, event)

    return put


def _with_adapter_name(error: Exception, params: SamplingParams) -> Exception:
    """Return the error, with the adapter's name where it is about the file of one of the request's adapters."""
    names = {adapter.file: adapter.name for adapter, _ in params.loras}
    control = params.control
    if isinstance(error, WeightsMissing | WeightsMismatch) and control is not None and error.path not in names:
        folder = control.folder or Path(control.hub or "")
        if folder in (error.path, *error.path.parents):
            error.facts = {**error.facts, "control": control.name}
    if isinstance(error, WeightsMissing | WeightsMismatch) and error.path in names:
        error.facts = {**error.facts, "adapter": names[error.path]}
    return error


def _run(loop: DenoisingLoop, event_loop: asyncio.AbstractEventLoop, lost: asyncio.Event) -> None:
    try:
        loop.run()
    finally:
        event_loop.call_soon_threadsafe(lost.set)
