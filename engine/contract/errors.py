"""Errors that Easel raises on purpose, grouped by who must act; facts as attributes, sentences elsewhere.

EaselError
    RequestError            the member changes the request
        PromptRefused
        TooManyPending
        JobUnknown
        PictureUnknown
        NotYours
        JobOver
        ModelUnknown
        OperationUnsupported
        SizeUnsupported
        SettingUnsupported
        AdapterMismatch
    TransientError          nobody acts, Easel retries
        StoreUnavailable
        PainterLost
        JobInterrupted
    OperatorError           the operator acts
        WeightsMissing
        WeightsMismatch
        ModelBroken
        PaintedNothing
        NoRoom
        SpeedUnsupported
        StorageFull
        PictureCorrupt
        RecipeUnreadable
        PostgresBroken
        SettingsInvalid
"""

from __future__ import annotations

from pathlib import Path


class EaselError(Exception):
    """The root: carries facts as keyword attributes, so that a reply can be written from them."""

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
    """The prompt has faults: `message` shows every one of them, with a caret under each."""

    def __init__(self, *, message: str) -> None:
        super().__init__(message=message)
        self.message = message


class TooManyPending(RequestError):
    """The member already has `pending` unfinished jobs of at most `limit`."""

    def __init__(self, *, pending: int, limit: int) -> None:
        super().__init__(pending=pending, limit=limit)
        self.pending, self.limit = pending, limit


class JobUnknown(RequestError):
    """No such job is kept here."""


class PictureUnknown(RequestError):
    """The job has no such picture."""


class NotYours(RequestError):
    """Only the job's owner or an administrator may do this."""


class JobOver(RequestError):
    """The job has already ended, with `status`."""

    def __init__(self, *, status: str) -> None:
        super().__init__(status=status)
        self.status = status


class ModelUnknown(RequestError):
    """No model called `name` is registered; `known` are the names there are."""

    def __init__(self, *, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name=name, known=known)
        self.name, self.known = name, known


class OperationUnsupported(RequestError):
    """The model does not do `operation`: "imagine" or "vary"."""

    def __init__(self, *, operation: str, model: str) -> None:
        super().__init__(operation=operation, model=model)
        self.operation, self.model = operation, model


class SizeUnsupported(RequestError):
    """The model cannot paint `width` x `height`."""

    def __init__(self, *, width: int, height: int, model: str) -> None:
        super().__init__(width=width, height=height, model=model)
        self.width, self.height, self.model = width, height, model


class SettingUnsupported(RequestError):
    """The model does not take `value` for the parameter `name`; `known` are the values it takes."""

    def __init__(self, *, name: str, value: str, model: str, known: tuple[str, ...] = ()) -> None:
        super().__init__(name=name, value=value, model=model, known=known)
        self.name, self.value, self.model, self.known = name, value, model, known


class AdapterMismatch(RequestError):
    """The adapter `name` does not fit the model: `part` is the first place that does not."""

    def __init__(self, *, name: str, model: str, part: str) -> None:
        super().__init__(name=name, model=model, part=part)
        self.name, self.model, self.part = name, model, part


class StoreUnavailable(TransientError):
    """Postgres cannot be reached just now."""


class PainterLost(TransientError):
    """The painting process died or hung; its jobs go back to the queue."""


class JobInterrupted(TransientError):
    """The engine is stopping; the job goes back to the queue at once."""


class WeightsMissing(OperatorError):
    """There is no file or folder at `path`; of an adapter worn in a job, its name is the fact `adapter`."""

    def __init__(self, *, path: Path) -> None:
        super().__init__(path=path)
        self.path = path


class WeightsMismatch(OperatorError):
    """The file at `path` is damaged, or not the one whose hash was recorded; `adapter` as in WeightsMissing."""

    def __init__(self, *, path: Path) -> None:
        super().__init__(path=path)
        self.path = path


class ModelBroken(OperatorError):
    """The model `name` cannot be painted with: `cause` says what was seen."""

    def __init__(self, *, name: str, cause: str) -> None:
        super().__init__(name=name, cause=cause)
        self.name, self.cause = name, cause


class PaintedNothing(OperatorError):
    """What the model `name` painted is no picture: `cause` says what was seen."""

    def __init__(self, *, name: str, cause: str) -> None:
        super().__init__(name=name, cause=cause)
        self.name, self.cause = name, cause


class NoRoom(OperatorError):
    """The device has no room for one picture of `size` by `model`, nothing else being on it.

    size: "width x height" in pixels; empty when there is no room for the model itself.
    """

    def __init__(self, *, model: str, size: str = "") -> None:
        super().__init__(model=model, size=size)
        self.model, self.size = model, size


class SpeedUnsupported(OperatorError):
    """The model `name` cannot be painted with as its `speed` table says: `setting` is the line, `cause` is why."""

    def __init__(self, *, name: str, setting: str, cause: str) -> None:
        super().__init__(name=name, setting=setting, cause=cause)
        self.name, self.setting, self.cause = name, setting, cause


class StorageFull(OperatorError):
    """The picture store has no room left."""


class PictureCorrupt(OperatorError):
    """A stored picture no longer has the bytes its hash names."""


class RecipeUnreadable(OperatorError):
    """A picture's recipe is not one that this release writes: `problems` has a phrase for each wrong entry."""

    def __init__(self, *, problems: tuple[str, ...]) -> None:
        super().__init__(problems=problems)
        self.problems = problems


class PostgresBroken(OperatorError):
    """The Postgres that comes with Easel does not start: the file `log` ends with why."""

    def __init__(self, *, log: Path) -> None:
        super().__init__(log=log)
        self.log = log


class SettingsInvalid(OperatorError):
    """Settings are wrong: `problems` has one sentence for each."""

    def __init__(self, *, problems: tuple[str, ...]) -> None:
        super().__init__(problems=problems)
        self.problems = problems
