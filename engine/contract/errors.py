"""Errors that Easel raises on purpose, grouped by who must act; facts as attributes, sentences elsewhere.

EaselError
    RequestError            the member changes the request
        PromptRefused
        TooManyPending, MemberBanned
        JobUnknown, PictureUnknown, NotYours, JobOver
        ModelUnknown, OperationUnsupported, SizeUnsupported, SettingUnsupported
        SourceMismatch, NothingFound, AdapterMismatch, PictureBarred
    TransientError          nobody acts, Easel retries
        StoreUnavailable
            PictureStoreUnavailable
            StorageFull
        PainterLost
            PainterNotReady, RequestLost
        JobInterrupted
    OperatorError           the operator acts
        WeightsMissing, WeightsMismatch, ModelBroken, PaintedNothing, NoRoom, SpeedUnsupported
        PictureCorrupt, RecipeUnreadable
        PostgresBroken, SchemaOutdated, SchemaNewer
        SettingsInvalid
            DatabaseUnusable
"""

from __future__ import annotations

from pathlib import Path

from engine.contract.ranges import Strings, known_range
from engine.contract.store_faults import StoreFault


class EaselError(Exception):
    """The base class; its facts are keyword attributes from which a reply can be written."""

    def __init__(self, **facts: object) -> None:
        super().__init__(", ".join(f"{name}={value!r}" for name, value in facts.items()))
        self.facts = facts


class RequestError(EaselError):
    """The request cannot be fulfilled as it is; the member can change it."""


class TransientError(EaselError):
    """Something is temporarily unavailable; the same work is retried."""


class OperatorError(EaselError):
    """Something is wrong on the server; only its operator can fix it."""


class PromptRefused(RequestError):
    """The prompt is invalid: `message` shows every error in it, with a caret under each."""

    def __init__(self, *, message: str) -> None:
        super().__init__(message=message)
        self.message = message


class TooManyPending(RequestError):
    """The member already has `pending` unfinished jobs of at most `limit`."""

    def __init__(self, *, pending: int, limit: int) -> None:
        super().__init__(pending=pending, limit=limit)
        self.pending, self.limit = pending, limit


class MemberBanned(RequestError):
    """An operator has banned the member: the fact `reason` says why, and `until` until when, None for good."""


class JobUnknown(RequestError):
    """The job does not exist."""


class PictureUnknown(RequestError):
    """The picture does not exist."""


class NotYours(RequestError):
    """Only the job's owner or an administrator may do this."""


class JobOver(RequestError):
    """The job has already ended, with `status`."""

    def __init__(self, *, status: str) -> None:
        super().__init__(status=status)
        self.status = status


class ModelUnknown(RequestError):
    """No model called `name` is registered; `known` are the registered names."""

    def __init__(self, *, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name=name, known=known)
        self.name, self.known = name, known


class OperationUnsupported(RequestError):
    """The model does not support `operation`: "imagine" or "vary"."""

    def __init__(self, *, operation: str, model: str) -> None:
        super().__init__(operation=operation, model=model)
        self.operation, self.model = operation, model


class SourceMismatch(RequestError):
    """`operation` comes without the picture that it needs, or with one that it does not take."""

    def __init__(self, *, operation: str, needs_source: bool) -> None:
        super().__init__(operation=operation, needs_source=needs_source)
        self.operation, self.needs_source = operation, needs_source


class NothingFound(RequestError):
    """Nothing in the source is what the fact `words` names."""


class PictureBarred(RequestError):
    """A finished picture is like one that must never appear, so that none of the job is kept."""


class SizeUnsupported(RequestError):
    """The model cannot paint `width` x `height`."""

    def __init__(self, *, width: int, height: int, model: str) -> None:
        super().__init__(width=width, height=height, model=model)
        self.width, self.height, self.model = width, height, model


class SettingUnsupported(RequestError):
    """The model does not support `value` for the parameter `name`; `known` are the values it supports.

    within: for numbers, as that of `known_range`, which `known` then has in English.
    """

    def __init__(self, *, name: str, value: str, model: str, known: Strings = (), within: Strings = ()) -> None:
        self.name, self.value, self.model, self.known = name, value, model, tuple(known) or known_range(within)
        super().__init__(name=name, value=value, model=model, known=self.known, within=within)


class AdapterMismatch(RequestError):
    """The adapter `name` does not fit the model: `part` is the first part that does not."""

    def __init__(self, *, name: str, model: str, part: str) -> None:
        super().__init__(name=name, model=model, part=part)
        self.name, self.model, self.part = name, model, part


class StoreUnavailable(TransientError):
    """Postgres or the picture store cannot be reached right now."""


class PictureStoreUnavailable(StoreUnavailable):
    """The picture store cannot be used: `fault` says what is wrong, and `cause` quotes its answer or error."""

    def __init__(self, *, fault: StoreFault = StoreFault.BROKEN, cause: str = "") -> None:
        super().__init__(fault=fault, cause=cause)
        self.fault, self.cause = fault, cause


class StorageFull(StoreUnavailable):
    """The disk of Postgres (`place` "database") or of the pictures is full; what cannot be written waits for room."""


class PainterLost(TransientError):
    """The painting process died or hung with the job in hand; the job goes back to the queue.

    was_killed: whether something outside the process killed it, which says nothing about the job.
    """

    def __init__(self, **facts: object) -> None:
        super().__init__(**facts)
        self.was_killed = bool(facts.get("was_killed"))


class PainterNotReady(PainterLost):
    """No painting process could be started, so that none had the job in hand."""


class RequestLost(PainterLost):
    """An unexpected error ended this job and no other; the painting process lives."""


class JobInterrupted(TransientError):
    """The engine is stopping; the job goes back to the queue at once."""


class WeightsMissing(OperatorError):
    """There is no file or folder at `path`; the fact `adapter` names the adapter when it belongs to one."""

    def __init__(self, *, path: Path) -> None:
        super().__init__(path=path)
        self.path = path


class WeightsMismatch(OperatorError):
    """The file at `path` is damaged or does not match the recorded hash; `adapter` as in WeightsMissing."""

    def __init__(self, *, path: Path) -> None:
        super().__init__(path=path)
        self.path = path


class ModelBroken(OperatorError):
    """The model `name` does not work: `cause` says why."""

    def __init__(self, *, name: str, cause: str) -> None:
        super().__init__(name=name, cause=cause)
        self.name, self.cause = name, cause


class PaintedNothing(OperatorError):
    """The model `name` painted no usable picture: `cause` says why."""

    def __init__(self, *, name: str, cause: str) -> None:
        super().__init__(name=name, cause=cause)
        self.name, self.cause = name, cause


class NoRoom(OperatorError):
    """The device has too little memory for one picture of `size` by `model`, even with nothing else on it.

    size: "width x height" in pixels; empty when the model itself does not fit.
    """

    def __init__(self, *, model: str, size: str = "") -> None:
        super().__init__(model=model, size=size)
        self.model, self.size = model, size


class SpeedUnsupported(OperatorError):
    """The model `name` does not support the `setting` of its `speed` table: `cause` says why."""

    def __init__(self, *, name: str, setting: str, cause: str) -> None:
        super().__init__(name=name, setting=setting, cause=cause)
        self.name, self.setting, self.cause = name, setting, cause


class PictureCorrupt(OperatorError):
    """A stored picture is missing or no longer matches its hash."""


class RecipeUnreadable(OperatorError):
    """This release cannot read the picture's recipe: `problems` has a phrase for each invalid entry."""

    def __init__(self, *, problems: tuple[str, ...]) -> None:
        super().__init__(problems=problems)
        self.problems = problems


class PostgresBroken(OperatorError):
    """The embedded Postgres does not start: the end of the file `log` says why."""

    def __init__(self, *, log: Path) -> None:
        super().__init__(log=log)
        self.log = log


class SchemaOutdated(OperatorError):
    """The database, at `revision`, lacks the revisions `missing`; `release` wrote its schema.

    revision: None for an empty database. release: None if the schema does not say.
    """

    def __init__(
        self,
        *,
        revision: str | None = None,
        missing: tuple[str, ...] = (),
        release: str | None = None,
        own_release: str = "this release",
    ) -> None:
        super().__init__(revision=revision, missing=missing, release=release, own_release=own_release)
        self.revision, self.missing, self.release, self.own_release = revision, missing, release, own_release


class SchemaNewer(OperatorError):
    """The database has `revision`, which this release does not know; `release` wrote it, None if it does not say."""

    def __init__(
        self, *, revision: str = "?", release: str | None = None, newest: str = "", own_release: str = "this release"
    ) -> None:
        super().__init__(revision=revision, release=release, newest=newest, own_release=own_release)
        self.revision, self.release, self.newest, self.own_release = revision, release, newest, own_release


class SettingsInvalid(OperatorError):
    """Settings are invalid: `problems` has one sentence for each."""

    def __init__(self, *, problems: tuple[str, ...]) -> None:
        super().__init__(problems=problems)
        self.problems = problems


class DatabaseUnusable(SettingsInvalid):
    """The database of `DATABASE_URL` does not take connections: `problems` says why."""
