"""The denoising loop: one thread that takes rows from any orders, paints one step of as many as pay, and begins again.

It never encodes files and never waits for anybody; events leave through each entry's `tell`.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import torch
from torch import Tensor

from engine.contract.errors import EaselError, ModelBroken, OutOfMemory, PainterLost
from engine.models.registry import Model
from engine.painter.families.protocol import LoadedModel
from engine.painter.forward import advance_split
from engine.painter.opening import opened_rows
from engine.painter.rows import Entry, Failed, Finished, Row, Stepped
from engine.painter.turns import Account, Candidate, chosen, next_accounts
from engine.painter.wire import Phase


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How the loop works.

    preview_every: least time between two previews of an order.
    decode_chunk: pictures decoded at once; a decoder gains little from more.
    """

    preview_every: timedelta = timedelta(seconds=1)
    decode_chunk: int = 4


@dataclass(frozen=True, kw_only=True)
class Warming:
    """A model to load ahead of its first order; `tell` is called with None, or the error that it met."""

    model: Model
    tell: Callable[[EaselError | None], None]


# Told the job and slot of every row before each forward.
Watch = Callable[[Sequence[tuple[UUID, int]]], None]


class Models(Protocol):
    """Where the loop gets models from."""

    def is_warm(self, model: Model) -> bool:
        """Return whether the model is loaded."""
        ...

    def load(self, model: Model) -> LoadedModel:
        """Return the model, loaded. Raises: Fault."""
        ...

    def width(self, model: Model) -> int:
        """Return the forward rows beyond which a wider batch of this model no longer pays."""
        ...

    def narrow(self, model: Model, width: int) -> None:
        """Remember that the device has no room for batches wider than this."""
        ...


class Studio:
    """The loop and what it holds; `join` and `leave` may be called from any thread, the rest is the thread's own."""

    def __init__(self, models: Models, manner: Manner, beat: Callable[[Phase], None], watch: Watch) -> None:
        """`beat` is called whenever the thread comes to a new phase, or to the next round of one."""
        self._models, self._manner, self._beat, self._watch = models, manner, beat, watch
        self._inbox: queue.SimpleQueue[Entry | Warming | None] = queue.SimpleQueue()
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
                if self._entries and self._is_open:
                    self._round()
        finally:
            self._abandon()

    def _abandon(self) -> None:
        """Tell every order that is left that nobody will paint it here."""
        self._is_open = False
        while not self._inbox.empty():
            arrived = self._inbox.get()
            if isinstance(arrived, Warming):
                arrived.tell(PainterLost())
            elif arrived is not None:
                self._entries.append(arrived)
        _fail(self._entries, PainterLost())

    def _receive(self) -> None:
        """Take in what has arrived; wait when there is nothing to paint."""
        if not self._entries:
            self._beat(Phase.IDLE)
            self._admit(self._inbox.get())
        while not self._inbox.empty():
            self._admit(self._inbox.get())

    def _admit(self, arrived: Entry | Warming | None) -> None:
        if isinstance(arrived, Entry):
            self._entries.append(arrived)
        elif isinstance(arrived, Warming):
            self._warm(arrived)

    def _warm(self, warming: Warming) -> None:
        try:
            self._loaded(warming.model)
        except EaselError as error:
            warming.tell(error)
        else:
            warming.tell(None)

    def _round(self) -> None:
        """Paint one step of the rows whose turn it is."""
        turn = chosen(self._candidates(), self._accounts, lambda place: self._models.width(place[0].settings.model))
        lead = turn[0].row[0].settings.model
        try:
            model = self._loaded(lead)
        except EaselError as error:
            _fail((entry for entry in self._entries if entry.settings.model == lead), error)
            return
        if not self._open_all(lead, model):
            self._step(lead, model, turn)

    def _candidates(self) -> list[Candidate[Place]]:
        places = [(entry, row) for entry in self._entries for row in entry.open_rows]
        return [_candidate(place, self._models.is_warm(place[0].settings.model)) for place in places]

    def _loaded(self, model: Model) -> LoadedModel:
        if not self._models.is_warm(model):
            self._beat(Phase.LOAD)
        return self._models.load(model)

    def _open_all(self, lead: Model, model: LoadedModel) -> int:
        """Open what is still closed of the model's orders; return how many were."""
        closed = [entry for entry in self._entries if not entry.rows and entry.settings.model == lead]
        for entry in closed:
            self._beat(Phase.STEP)
            try:
                model.wear(entry.settings.loras)
                entry.rows = opened_rows(entry.order, entry.settings, model)
            except EaselError as error:
                _fail((entry,), error)
        return len(closed)

    def _step(self, lead: Model, model: LoadedModel, turn: Sequence[Candidate[Place]]) -> None:
        self._beat(Phase.STEP)
        places = [(entry, row) for entry, row in (one.row for one in turn) if row is not None]
        rows = [row for _, row in places]
        self._watch([(entry.order.job_id, row.slot) for entry, row in places])
        model.wear(places[0][0].settings.loras)
        crowded = advance_split(rows, model, lambda width: self._models.narrow(lead, width))
        self._count(turn)
        for entry in {id(one.row[0]): one.row[0] for one in turn}.values():
            if any(row in crowded for row in entry.rows):
                _fail((entry,), OutOfMemory(width=entry.rows[0].width))
            else:
                self._report(entry, model)

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
        calls = sum(len(row.course.timesteps) for row in entry.rows)
        done = sum(row.course.at for row in entry.rows)
        pictures = len(entry.rows)
        entry.tell(Stepped(done=done // pictures, total=calls // pictures, preview=self._preview(entry, model)))
        if all(row.course.is_over for row in entry.rows):
            self._beat(Phase.DECODE)
            _finish(entry, model, self._manner.decode_chunk)

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


def _finish(entry: Entry, model: LoadedModel, chunk: int) -> None:
    """Decode the pictures of an order and tell of them; an order with numbers that are none fails alone."""
    entry.is_over = True
    latents = torch.cat([_last(entry.settings.stop, row) for row in entry.rows])
    if not torch.isfinite(latents).all():
        cause = "its latents are not numbers"
        entry.tell(Failed(error=ModelBroken(name=entry.settings.model.name, cause=cause)))
        return
    try:
        pictures = _decoded(latents, model, chunk)
    except torch.OutOfMemoryError:
        entry.tell(Failed(error=OutOfMemory(pictures=1)))
        return
    texts = entry.rows[0].conditioning.texts
    cut = tuple(words.cut for words in texts if words.cut)
    entry.tell(Finished(pictures=pictures, sha256=model.sha256, cut=cut))


def _decoded(latents: Tensor, model: LoadedModel, chunk: int) -> tuple[Tensor, ...]:
    """Return the pictures, decoded one by one where there is no room for more.

    Raises: torch.OutOfMemoryError when there is none for one.
    """
    try:
        return tuple(picture for part in torch.split(latents, chunk) for picture in model.decode(part))
    except torch.OutOfMemoryError:
        return tuple(picture for part in torch.split(latents, 1) for picture in model.decode(part))


def _last(stop: float, row: Row) -> Tensor:
    """Return what becomes the picture: the latents at the end of the way, the best guess where it was cut short."""
    return row.latents if stop == 1.0 or row.guess is None else row.guess


def _fail(entries: Iterable[Entry], error: EaselError) -> None:
    for entry in entries:
        entry.is_over = True
        entry.tell(Failed(error=error))
