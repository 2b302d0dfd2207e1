"""The denoising loop: one thread that runs one step of as many rows as is worth it, of any requests, again and again.

It never encodes files and never waits for a member; events leave through each request's `report`.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from uuid import UUID

import torch
from torch import Tensor

from engine.contract.errors import EaselError, PainterLost
from engine.contract.painting import NUM_PICTURES
from engine.models.files.locate import file_bytes
from engine.models.loading.errors import result_or_error
from engine.models.registry.registry import Model
from engine.painter.batch.decode import decode_request
from engine.painter.batch.host_memory import HostMemoryBound
from engine.painter.batch.memory import MemoryPolicy
from engine.painter.batch.options import LoopOptions
from engine.painter.batch.rows import ActiveRequest, fail
from engine.painter.batch.scheduler import (
    Candidate,
    MemberUsage,
    RequestRow,
    candidates_of,
    choose_batch,
    count_waiting,
    next_usage,
)
from engine.painter.batch.start import start_rows
from engine.painter.batch.step import step_or_split
from engine.painter.batch.throttle import LaunchThrottle
from engine.painter.cache.loader import LoadFinished, LoadProgressed, LoadRequest, ModelCache, ModelLoader
from engine.painter.events import Stepped
from engine.painter.phase import Phase
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.films import frames_of
from engine.painter.sampling.params import SamplingParams

# Called with the job and slot of every row before each forward.
OnForward = Callable[[Sequence[tuple[UUID, int]]], None]

# None only wakes the loop.
Message = ActiveRequest | LoadRequest | LoadFinished | LoadProgressed | None


class DenoisingLoop:
    """The loop and its requests.

    `join`, `leave`, `warm`, `report_progress` and `close` may be called from any thread; the rest is the loop's own.
    """

    def __init__(
        self, models: ModelCache, options: LoopOptions, heartbeat: Callable[[Phase], None], on_forward: OnForward
    ) -> None:
        """`heartbeat` is called whenever the thread enters a phase, or a new round of one."""
        self._models, self._options, self._heartbeat, self._on_forward = models, options, heartbeat, on_forward
        self._throttle = LaunchThrottle()
        self._host_memory = HostMemoryBound(options.host_bytes, is_offloading=torch.cuda.is_available())
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._loader = ModelLoader(models, self._inbox.put, self._fail_waiting, self._bound_load)
        self._memory = MemoryPolicy(models, self._loader)
        self._requests: list[ActiveRequest] = []
        self._usage: dict[Hashable, MemberUsage] = {}
        self._is_open = True

    def join(self, active: ActiveRequest) -> None:
        """Add the request to the batch from the next step on."""
        self._inbox.put(active)
        if not self._is_open:
            fail((active,), PainterLost())

    def warm(self, load: LoadRequest) -> None:
        """Load a model before a request needs it."""
        self._inbox.put(load)
        if not self._is_open:
            load.report(PainterLost())

    def leave(self, active: ActiveRequest) -> None:
        """Remove the request at the next step."""
        active.is_over = True

    def report_progress(self) -> None:
        """Note that a load makes progress; where nothing is painted, the heartbeat then says so."""
        self._inbox.put(LoadProgressed())

    def close(self) -> None:
        """End the loop after the step that is running."""
        self._is_open = False
        self._inbox.put(None)

    @torch.inference_mode()
    def run(self) -> None:
        """Paint until closed; this is the thread's body."""
        try:
            while self._is_open:
                self._receive()
                self._requests = [active for active in self._requests if not active.is_over]
                if self._is_open:
                    self._load_models()
                    with self._bounded_memory():
                        self._prepare_model()
                        self._paint_step()
        finally:
            self._abandon()

    def _abandon(self) -> None:
        """Fail every request that is left."""
        self._is_open = False
        while not self._inbox.empty():
            message = self._inbox.get()
            if isinstance(message, LoadRequest):
                self._loader.request(message)
            elif isinstance(message, ActiveRequest):
                self._requests.append(message)
        self._loader.close()
        fail(self._requests, PainterLost())

    def _receive(self) -> None:
        """Handle all messages; wait for one when there is nothing to do."""
        if not any(self._ready()) and self._models.unprepared is None:
            self._heartbeat(Phase.LOAD if self._loader.loading else Phase.IDLE)
            self._handle(self._inbox.get())
        while not self._inbox.empty():
            self._handle(self._inbox.get())

    def _handle(self, message: Message) -> None:
        if isinstance(message, ActiveRequest):
            self._requests.append(message)
        elif isinstance(message, LoadRequest):
            self._loader.request(message)
        elif isinstance(message, LoadFinished):
            self._heartbeat(Phase.LOAD)
            self._loader.finish(message)
        elif isinstance(message, LoadProgressed):
            self._loader.note_progress()

    def _fail_waiting(self, model: Model, error: EaselError) -> None:
        """Fail the requests that wait for a model."""
        fail((active for active in self._requests if active.params.model == model), error)

    def _load_models(self) -> None:
        """Pin the additions in use and load the next model that is needed and fits."""
        self._models.pin(addition for active in self._requests for addition in active.params.additions)
        self._loader.load_needed(active.params.model for active in self._memory.models_to_load(self._requests))

    def _prepare_model(self) -> None:
        """Measure or compile one part of a model; requests are painted without waiting for the rest."""
        model = self._models.unprepared
        if model is not None:
            self._heartbeat(Phase.LOAD)
            self._loader.prepare(model)

    def _bound_load(self, model: Model) -> Callable[[], None]:
        """Bound the machine's memory that is taken while a model is loaded; return what ends that."""
        return partial(self._host_memory.end, self._host_memory.begin(file_bytes(model)))

    def _bounded_memory(self) -> AbstractContextManager[None]:
        """Bound the machine's memory that is taken, except beside a load, which has its own bound."""
        return self._host_memory.bounded() if self._loader.loading is None else nullcontext()

    def _paint_step(self) -> None:
        """Run one step of the rows that the scheduler chooses; load their model first if it is not loaded."""
        batch = choose_batch(candidates_of(self._ready(), self._models.is_warm), self._usage, self._max_rows)
        if not batch:
            return
        model = batch[0].row[0].params.model
        if not self._models.is_warm(model):
            self._loader.start(model)
            return
        loaded = self._models.use(model)
        if not self._start_requests(model, loaded):
            self._step(model, loaded, batch)

    def _max_rows(self, row: RequestRow) -> int:
        return self._models.max_rows(row[0].params.model, row[0].params.pixels)

    def _ready(self) -> Iterator[ActiveRequest]:
        """Yield the requests that something can be done for now."""
        if not self._loader.is_late(self._options.longest_load):
            yield from (active for active in self._requests if not active.is_over and self._is_ready(active))

    def _is_ready(self, active: ActiveRequest) -> bool:
        if self._loader.loading is None:
            return True
        # While a model is built, accelerate changes how torch registers parameters: no addition may be loaded then.
        return self._models.has_loaded(active.params.model, active.params.additions)

    def _start_requests(self, model: Model, loaded: LoadedModel) -> int:
        """Start the model's requests that have no rows yet; return how many there were."""
        unstarted = [active for active in self._ready() if not active.rows and active.params.model == model]
        for active in unstarted:
            self._heartbeat(Phase.STEP)
            rows = result_or_error(model.name, partial(start_rows, active.request, active.params, loaded))
            if isinstance(rows, Exception):
                self._memory.can_retry_after(active, rows)
            else:
                active.rows = rows
        return len(unstarted)

    def _step(self, model: Model, loaded: LoadedModel, batch: Sequence[Candidate[RequestRow]]) -> None:
        """Move the rows of the batch on by one model call, and report or finish their requests."""
        self._heartbeat(Phase.STEP)
        chosen = [(active, row) for active, row in (one.row for one in batch) if row is not None]
        self._on_forward([(active.request.job_id, row.slot) for active, row in chosen])
        requests = list({id(active): active for active, _ in chosen}.values())
        params = requests[0].params
        limit_rows = partial(self._models.limit_rows, model, params.pixels)
        failures = step_or_split([row for _, row in chosen], loaded, params, limit_rows)
        self._throttle.wait_for_previous_step(loaded.device)
        self._usage = next_usage(self._usage, (active.request.member_id for active in self._requests), batch)
        count_waiting(self._requests, batch)
        for active in self._memory.handle_failures(requests, failures):
            self._report(active, loaded)

    def _report(self, active: ActiveRequest, model: LoadedModel) -> None:
        """Report the request's progress; decode it when all its rows are finished."""
        self._memory.note_fit(active)
        preview = result_or_error(active.params.model.name, partial(self._preview, active, model))
        if isinstance(preview, EaselError):
            fail((active,), preview)
            return
        active.report(_stepped(active, preview if isinstance(preview, Tensor) else None))
        if all(row.trajectory.is_over for row in active.rows):
            self._finish(active, model)

    def _finish(self, active: ActiveRequest, model: LoadedModel) -> None:
        """Decode the request's pictures and report them; a request whose pictures are not finite fails alone."""
        heartbeat = partial(self._heartbeat, Phase.DECODE)
        decode = partial(decode_request, active, model, self._options.decode_pixels, heartbeat)
        finished = result_or_error(active.params.model.name, decode)
        if not isinstance(finished, Exception):
            self._memory.note_fit(active)
            active.is_over = True
            active.report(finished)
        elif self._memory.can_retry_after(active, finished):
            self._finish(active, model)

    def _preview(self, active: ActiveRequest, model: LoadedModel) -> Tensor | None:
        """Return small pictures of the denoised estimates, or None when the last preview is too recent."""
        now = time.monotonic()
        is_due = now - active.preview_time >= self._options.preview_every.total_seconds()
        estimates = active.estimates if is_due or active.params.is_filmed else []
        if not estimates:
            return None
        preview = model.preview(_previewed(active.params, torch.cat(estimates[:: active.params.rows_each])))
        if active.params.is_filmed:
            active.film.append(preview)
        active.preview_time = now if is_due else active.preview_time
        return preview if is_due else None


def _stepped(active: ActiveRequest, preview: Tensor | None) -> Stepped:
    pictures = len(active.rows)
    total = sum(len(row.trajectory.timesteps) for row in active.rows)
    done = sum(row.trajectory.num_done for row in active.rows)
    return Stepped(done=done // pictures, total=total // pictures, preview=preview)


def _previewed(params: SamplingParams, estimates: Tensor) -> Tensor:
    """Return the latents that previews show: of a film, those of a few frames evenly apart, the first of them."""
    if params.film is None:
        return estimates
    return frames_of(estimates, params.film.frames)[:: max(1, params.film.frames // NUM_PICTURES)]
