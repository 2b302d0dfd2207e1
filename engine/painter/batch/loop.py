"""The denoising loop: one thread that takes rows from any orders, paints one step of as many as pay, and begins again.

It never encodes files and never waits for anybody; events leave through each entry's `tell`.
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
from engine.models.loading.errors import outcome_of
from engine.models.registry.registry import Model
from engine.painter.batch.decode import finished_from
from engine.painter.batch.options import Manner
from engine.painter.batch.rows import Entry, Failed, Row, Stepped
from engine.painter.batch.scheduler import Account, Candidate, chosen, next_accounts
from engine.painter.batch.start import opened_rows
from engine.painter.batch.step import advance
from engine.painter.batch.throttle import Pace
from engine.painter.cache.loader import Arrivals, Arrived, Models, Stirred, Warming
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.process.messages import Phase

# Told the job and slot of every row before each forward.
ProgressCallback = Callable[[Sequence[tuple[UUID, int]]], None]


# None only wakes the loop.
Arrival = Entry | Warming | Arrived | Stirred | None


class Studio:
    """The loop and what it holds; `join` and `leave` may be called from any thread, the rest is the thread's own."""

    def __init__(self, models: Models, manner: Manner, beat: Callable[[Phase], None], watch: ProgressCallback) -> None:
        """`beat` is called whenever the thread comes to a new phase, or to the next round of one."""
        self._models, self._manner, self._beat, self._watch = models, manner, beat, watch
        self._pace = Pace()
        self._inbox: queue.SimpleQueue[Arrival] = queue.SimpleQueue()
        self._arrivals = Arrivals(models, self._inbox.put, self._turn_away)
        self._entries: list[Entry] = []
        self._accounts: dict[Hashable, Account] = {}
        self._is_open = True

    def join(self, entry: Entry) -> None:
        """Let the order take part from the next step on."""
        self._inbox.put(entry)
        if not self._is_open:
            _fail((entry,), PainterLost())

    def warm(self, warming: Warming) -> None:
        """Load a model before anybody asks for it."""
        self._inbox.put(warming)
        if not self._is_open:
            warming.tell(PainterLost())

    def leave(self, entry: Entry) -> None:
        """Take the order out at the next step."""
        entry.is_over = True

    def stir(self) -> None:
        """Take note that a load makes progress, and say so where nothing is painted."""
        self._inbox.put(Stirred())

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
                self._entries = [entry for entry in self._entries if not entry.is_over]
                if self._is_open:
                    self._models.hold(adapter for entry in self._entries for adapter, _ in entry.settings.loras)
                    # What was let go for an order does not come back before it is seen whether that was enough.
                    crowded = [entry for entry in self._entries if entry.was_crowded]
                    self._arrivals.send_for(entry.settings.model for entry in crowded or self._entries)
                    self._prepare()
                    self._round()
        finally:
            self._abandon()

    def _abandon(self) -> None:
        """Tell every order that is left that nobody will paint it here."""
        self._is_open = False
        while not self._inbox.empty():
            arrived = self._inbox.get()
            if isinstance(arrived, Warming):
                self._arrivals.ask(arrived)
            elif isinstance(arrived, Entry):
                self._entries.append(arrived)
        self._arrivals.close()
        _fail(self._entries, PainterLost())

    def _receive(self) -> None:
        """Take in what has arrived; wait when there is nothing to do."""
        if not any(self._ready()) and self._models.unready is None:
            self._beat(Phase.LOAD if self._arrivals.coming else Phase.IDLE)
            self._admit(self._inbox.get())
        while not self._inbox.empty():
            self._admit(self._inbox.get())

    def _admit(self, arrived: Arrival) -> None:
        if isinstance(arrived, Entry):
            self._entries.append(arrived)
        elif isinstance(arrived, Warming):
            self._arrivals.ask(arrived)
        elif isinstance(arrived, Arrived):
            self._beat(Phase.LOAD)
            self._arrivals.receive(arrived)
        elif isinstance(arrived, Stirred):
            self._arrivals.renew()

    def _turn_away(self, model: Model, error: EaselError) -> None:
        """Fail the orders that wait for a model."""
        _fail((entry for entry in self._entries if entry.settings.model == model), error)

    def _prepare(self) -> None:
        """Measure or compile one piece of a model; what is not ready yet is painted all the same."""
        model = self._models.unready
        if model is not None:
            self._beat(Phase.LOAD)
            self._arrivals.prepare(model)

    def _round(self) -> None:
        """Paint one step of the rows whose turn it is; when it is that of a model that is not there, send for it."""
        turn = chosen(self._candidates(), self._accounts, self._width_for)
        if not turn:
            return
        lead = turn[0].row[0].settings.model
        if not self._models.is_warm(lead):
            self._arrivals.begin(lead)
            return
        model = self._models.take(lead)
        if not self._open_all(lead, model):
            self._step(lead, model, turn)

    def _width_for(self, place: Place) -> int:
        return self._models.width(place[0].settings.model, place[0].settings.pixels)

    def _candidates(self) -> list[Candidate[Place]]:
        places = [(entry, row) for entry in self._ready() for row in entry.open_rows]
        return [_candidate(place, self._models.is_warm(place[0].settings.model)) for place in places]

    def _ready(self) -> Iterator[Entry]:
        """Yield the orders of which something can be done now."""
        if not self._arrivals.is_late(self._manner.longest_load):
            yield from (entry for entry in self._entries if not entry.is_over and self._is_ready(entry))

    def _is_ready(self, entry: Entry) -> bool:
        if self._arrivals.coming is None:
            return True
        # While a model is built, accelerate changes how torch takes in parameters: no adapter may be put on then.
        return self._models.has_at_hand(entry.settings.model, entry.settings.loras)

    def _open_all(self, lead: Model, model: LoadedModel) -> int:
        """Open what is still closed of the model's orders; return how many were."""
        closed = [entry for entry in self._ready() if not entry.rows and entry.settings.model == lead]
        for entry in closed:
            self._beat(Phase.STEP)
            opened = outcome_of(lead.name, partial(opened_rows, entry.order, entry.settings, model))
            if isinstance(opened, Exception):
                self._give_up(entry, opened)
            else:
                entry.rows = opened
        return len(closed)

    def _step(self, lead: Model, model: LoadedModel, turn: Sequence[Candidate[Place]]) -> None:
        self._beat(Phase.STEP)
        places = [(entry, row) for entry, row in (one.row for one in turn) if row is not None]
        rows = [row for _, row in places]
        self._watch([(entry.order.job_id, row.slot) for entry, row in places])
        entries = list({id(entry): entry for entry, _ in places}.values())
        settings = entries[0].settings
        stuck = advance(rows, model, settings, lambda width: self._models.narrow(lead, settings.pixels, width))
        self._pace.step(model.device)
        self._count(turn)
        is_roomier = False
        for entry in entries:
            own = min((one for one in stuck if one.row in entry.rows), key=lambda one: one.may_try_again, default=None)
            if own is None:
                self._report(entry, model)
            elif not (is_roomier and own.may_try_again):
                is_roomier = self._give_up(entry, own.error, own.may_try_again) or is_roomier

    def _give_up(self, entry: Entry, error: Exception, may_try_again: bool = True) -> bool:
        """Fail an order, unless all that it lacks is room and other models can go; return whether they went."""
        settings = entry.settings
        if isinstance(error, EaselError):
            _fail((entry,), error)
        elif may_try_again and self._arrivals.coming not in (None, settings.model):
            # What has no room may be what is on its way: once it is here, it can be let go.
            return True
        elif may_try_again and self._models.leave_alone(settings.model):
            entry.was_crowded = True
            return True
        else:
            _fail((entry,), NoRoom(model=settings.model.name, size=f"{settings.width} x {settings.height}"))
        return False

    def _count(self, turn: Sequence[Candidate[Place]]) -> None:
        """Remember who was served, and who had to wait."""
        self._accounts = next_accounts(self._accounts, (entry.order.member_id for entry in self._entries), turn)
        painted = {id(one.row[0]) for one in turn}
        for entry in self._entries:
            is_painted = id(entry) in painted
            entry.waited += not is_painted
            entry.idle = 0 if is_painted else entry.idle + 1

    def _report(self, entry: Entry, model: LoadedModel) -> None:
        """Tell how far the order is; decode it when all its rows are over."""
        self._note_room(entry)
        preview = outcome_of(entry.settings.model.name, lambda: self._preview(entry, model))
        if isinstance(preview, EaselError):
            _fail((entry,), preview)
            return
        calls = sum(len(row.course.timesteps) for row in entry.rows)
        done = sum(row.course.at for row in entry.rows)
        pictures = len(entry.rows)
        entry.tell(
            Stepped(
                done=done // pictures, total=calls // pictures, preview=preview if isinstance(preview, Tensor) else None
            )
        )
        if all(row.course.is_over for row in entry.rows):
            self._finish(entry, model)

    def _note_room(self, entry: Entry) -> None:
        """Tell that there was room for an order once the other models had gone, where they went for it."""
        if entry.was_crowded:
            self._models.has_fitted(entry.settings.model)
            entry.was_crowded = False

    def _finish(self, entry: Entry, model: LoadedModel) -> None:
        """Decode the pictures of an order and tell of them; an order with numbers that are none fails alone."""
        pixels, beat = self._manner.decode_pixels, partial(self._beat, Phase.DECODE)
        finished = outcome_of(entry.settings.model.name, lambda: finished_from(entry, model, pixels, beat))
        if not isinstance(finished, Exception):
            self._note_room(entry)
            entry.is_over = True
            entry.tell(finished)
        elif self._give_up(entry, finished):
            self._finish(entry, model)

    def _preview(self, entry: Entry, model: LoadedModel) -> Tensor | None:
        """Return small pictures of the best guess so far, or None when the last preview is too recent."""
        now = time.monotonic()
        guesses = [row.guess for row in entry.rows if row.guess is not None]
        is_due = now - entry.previewed >= self._manner.preview_every.total_seconds()
        if not is_due or len(guesses) < len(entry.rows):
            return None
        entry.previewed = now
        return model.sketch(torch.cat(guesses))


Place = tuple[Entry, Row | None]


def _candidate(place: Place, is_warm: bool) -> Candidate[Place]:
    entry, row = place
    return Candidate(
        row=place,
        batch=entry.batch,
        is_warm=is_warm,
        member=entry.order.member_id,
        width=row.width if row else 1,
        remaining=entry.remaining,
        waited=entry.waited,
        idle=entry.idle,
        left=row.course.left if row else 0,
    )


def _fail(entries: Iterable[Entry], error: EaselError) -> None:
    for entry in entries:
        entry.is_over = True
        entry.tell(Failed(error=error))
