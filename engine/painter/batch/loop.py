"""The denoising loop: one thread that takes rows from any request, runs one step of as many as pay, and repeats.

It never encodes files and never waits for anybody; events leave through each request's `tell`.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from uuid import UUID

import torch
from torch import Tensor

from engine.contract.errors import EaselError, NoRoom, PainterLost
from engine.models.loading.errors import result_or_error
from engine.models.registry.registry import Model
from engine.painter.batch.decode import decode_request
from engine.painter.batch.options import LoopOptions
from engine.painter.batch.rows import ActiveRequest, Failed, Row, Stepped
from engine.painter.batch.scheduler import Candidate, MemberUsage, chosen, next_usage
from engine.painter.batch.start import start_rows
from engine.painter.batch.step import advance
from engine.painter.batch.throttle import LaunchThrottle
from engine.painter.cache.loader import LoadFinished, LoadProgressed, LoadRequest, ModelLoader, Models
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.process.messages import Phase

# Told the job and slot of every row before each forward.
Watch = Callable[[Sequence[tuple[UUID, int]]], None]


# None only wakes the loop.
Message = ActiveRequest | LoadRequest | LoadFinished | LoadProgressed | None


class DenoisingLoop:
    """The loop and what it holds; `join` and `leave` may be called from any thread, the rest is the thread's own."""

    def __init__(self, models: Models, options: LoopOptions, beat: Callable[[Phase], None], watch: Watch) -> None:
        """`beat` is called whenever the thread comes to a new phase, or to the next round of one."""
        self._models, self._options, self._beat, self._watch = models, options, beat, watch
        self._throttle = LaunchThrottle()
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._loader = ModelLoader(models, self._inbox.put, self._turn_away)
        self._active: list[ActiveRequest] = []
        self._usage_by_member: dict[Hashable, MemberUsage] = {}
        self._is_open = True

    def join(self, active: ActiveRequest) -> None:
        """Let the request take part from the next step on."""
        self._inbox.put(active)
        if not self._is_open:
            _fail((active,), PainterLost())

    def warm(self, warming: LoadRequest) -> None:
        """Load a model before anybody asks for it."""
        self._inbox.put(warming)
        if not self._is_open:
            warming.tell(PainterLost())

    def leave(self, active: ActiveRequest) -> None:
        """Take the request out at the next step."""
        active.is_over = True

    def report_progress(self) -> None:
        """Take note that a load makes progress, and say so where nothing is painted."""
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
                self._active = [active for active in self._active if not active.is_over]
                if self._is_open:
                    self._models.pin(adapter for active in self._active for adapter, _ in active.settings.loras)
                    # What was let go for a request does not come back before it is seen whether that was enough.
                    crowded = [active for active in self._active if active.needed_eviction]
                    self._loader.load_needed(active.settings.model for active in crowded or self._active)
                    self._prepare()
                    self._round()
        finally:
            self._abandon()

    def _abandon(self) -> None:
        """Tell every request that is left that nobody will paint it here."""
        self._is_open = False
        while not self._inbox.empty():
            message = self._inbox.get()
            if isinstance(message, LoadRequest):
                self._loader.ask(message)
            elif isinstance(message, ActiveRequest):
                self._active.append(message)
        self._loader.close()
        _fail(self._active, PainterLost())

    def _receive(self) -> None:
        """Take in what has arrived; wait when there is nothing to do."""
        if not any(self._ready()) and self._models.unready is None:
            self._beat(Phase.LOAD if self._loader.coming else Phase.IDLE)
            self._admit(self._inbox.get())
        while not self._inbox.empty():
            self._admit(self._inbox.get())

    def _admit(self, message: Message) -> None:
        if isinstance(message, ActiveRequest):
            self._active.append(message)
        elif isinstance(message, LoadRequest):
            self._loader.ask(message)
        elif isinstance(message, LoadFinished):
            self._beat(Phase.LOAD)
            self._loader.receive(message)
        elif isinstance(message, LoadProgressed):
            self._loader.renew()

    def _turn_away(self, model: Model, error: EaselError) -> None:
        """Fail the requests that wait for a model."""
        _fail((active for active in self._active if active.settings.model == model), error)

    def _prepare(self) -> None:
        """Measure or compile one piece of a model; what is not ready yet is painted all the same."""
        model = self._models.unready
        if model is not None:
            self._beat(Phase.LOAD)
            self._loader.prepare(model)

    def _round(self) -> None:
        """Paint one step of the rows whose turn it is; when it is that of a model that is not there, send for it."""
        turn = chosen(self._candidates(), self._usage_by_member, self._max_rows_for)
        if not turn:
            return
        lead = turn[0].row[0].settings.model
        if not self._models.is_warm(lead):
            self._loader.begin(lead)
            return
        model = self._models.take(lead)
        if not self._start_all(lead, model):
            self._step(lead, model, turn)

    def _max_rows_for(self, place: Place) -> int:
        return self._models.max_rows(place[0].settings.model, place[0].settings.pixels)

    def _candidates(self) -> list[Candidate[Place]]:
        places = [(active, row) for active in self._ready() for row in active.unfinished_rows]
        return [_candidate(place, self._models.is_warm(place[0].settings.model)) for place in places]

    def _ready(self) -> Iterator[ActiveRequest]:
        """Yield the requests of which something can be done now."""
        if not self._loader.is_late(self._options.longest_load):
            yield from (active for active in self._active if not active.is_over and self._is_ready(active))

    def _is_ready(self, active: ActiveRequest) -> bool:
        if self._loader.coming is None:
            return True
        # While a model is built, accelerate changes how torch takes in parameters: no adapter may be put on then.
        return self._models.has_loaded(active.settings.model, active.settings.loras)

    def _start_all(self, lead: Model, model: LoadedModel) -> int:
        """Open what is still closed of the model's requests; return how many were."""
        closed = [active for active in self._ready() if not active.rows and active.settings.model == lead]
        for active in closed:
            self._beat(Phase.STEP)
            opened = result_or_error(lead.name, partial(start_rows, active.request, active.settings, model))
            if isinstance(opened, Exception):
                self._give_up(active, opened)
            else:
                active.rows = opened
        return len(closed)

    def _step(self, lead: Model, model: LoadedModel, turn: Sequence[Candidate[Place]]) -> None:
        self._beat(Phase.STEP)
        places = [(active, row) for active, row in (one.row for one in turn) if row is not None]
        rows = [row for _, row in places]
        self._watch([(active.request.job_id, row.slot) for active, row in places])
        several = list({id(active): active for active, _ in places}.values())
        settings = several[0].settings
        failures = advance(
            rows, model, settings, lambda num_rows: self._models.limit_rows(lead, settings.pixels, num_rows)
        )
        self._throttle.step(model.device)
        self._count(turn)
        is_roomier = False
        for active in several:
            own = min((one for one in failures if one.row in active.rows), key=lambda one: one.can_retry, default=None)
            if own is None:
                self._report(active, model)
            elif not (is_roomier and own.can_retry):
                is_roomier = self._give_up(active, own.error, own.can_retry) or is_roomier

    def _give_up(self, active: ActiveRequest, error: Exception, can_retry: bool = True) -> bool:
        """Fail a request, unless all that it lacks is room and other models can go; return whether they went."""
        settings = active.settings
        if isinstance(error, EaselError):
            _fail((active,), error)
        elif can_retry and self._loader.coming not in (None, settings.model):
            # What has no room may be what is on its way: once it is here, it can be let go.
            return True
        elif can_retry and self._models.evict_others(settings.model):
            active.needed_eviction = True
            return True
        else:
            _fail((active,), NoRoom(model=settings.model.name, size=f"{settings.width} x {settings.height}"))
        return False

    def _count(self, turn: Sequence[Candidate[Place]]) -> None:
        """Remember who was served, and who had to wait."""
        self._usage_by_member = next_usage(
            self._usage_by_member, (active.request.member_id for active in self._active), turn
        )
        painted = {id(one.row[0]) for one in turn}
        for active in self._active:
            is_painted = id(active) in painted
            active.waited += not is_painted
            active.idle = 0 if is_painted else active.idle + 1

    def _report(self, active: ActiveRequest, model: LoadedModel) -> None:
        """Tell how far the request is; decode it when all its rows are over."""
        self._note_room(active)
        preview = result_or_error(active.settings.model.name, lambda: self._preview(active, model))
        if isinstance(preview, EaselError):
            _fail((active,), preview)
            return
        calls = sum(len(row.trajectory.timesteps) for row in active.rows)
        done = sum(row.trajectory.at for row in active.rows)
        pictures = len(active.rows)
        active.tell(
            Stepped(
                done=done // pictures, total=calls // pictures, preview=preview if isinstance(preview, Tensor) else None
            )
        )
        if all(row.trajectory.is_over for row in active.rows):
            self._finish(active, model)

    def _note_room(self, active: ActiveRequest) -> None:
        """Tell that there was room for a request once the other models had gone, where they went for it."""
        if active.needed_eviction:
            self._models.note_fit(active.settings.model)
            active.needed_eviction = False

    def _finish(self, active: ActiveRequest, model: LoadedModel) -> None:
        """Decode the pictures of a request and tell of them; a request with numbers that are none fails alone."""
        pixels, beat = self._options.decode_pixels, partial(self._beat, Phase.DECODE)
        finished = result_or_error(active.settings.model.name, lambda: decode_request(active, model, pixels, beat))
        if not isinstance(finished, Exception):
            self._note_room(active)
            active.is_over = True
            active.tell(finished)
        elif self._give_up(active, finished):
            self._finish(active, model)

    def _preview(self, active: ActiveRequest, model: LoadedModel) -> Tensor | None:
        """Return small pictures of the best estimate so far, or None when the last preview is too recent."""
        now = time.monotonic()
        denoised = [row.denoised for row in active.rows if row.denoised is not None]
        is_due = now - active.previewed >= self._options.preview_every.total_seconds()
        if not is_due or len(denoised) < len(active.rows):
            return None
        active.previewed = now
        return model.preview(torch.cat(denoised))


Place = tuple[ActiveRequest, Row | None]


def _candidate(place: Place, is_warm: bool) -> Candidate[Place]:
    active, row = place
    return Candidate(
        row=place,
        batch=active.batch,
        is_warm=is_warm,
        member=active.request.member_id,
        num_rows=row.num_rows if row else 1,
        remaining_rows=active.remaining_rows,
        waited=active.waited,
        idle=active.idle,
        remaining_calls=row.trajectory.remaining if row else 0,
    )


def _fail(several: Iterable[ActiveRequest], error: EaselError) -> None:
    for active in several:
        active.is_over = True
        active.tell(Failed(error=error))
