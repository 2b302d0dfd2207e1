"""Every sentence a member reads, apart from the faults of a prompt, which the prompt language words itself.

Indexes start at 1 here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from engine.contract import errors
from engine.contract.feedback import Rating
from engine.contract.jobs import Job, JobStatus, Operation

Facts = Mapping[str, Any]

RATING_EMOJI: Mapping[Rating, str] = {Rating.AWFUL: "😖", Rating.BAD: "☹️", Rating.GOOD: "🙂", Rating.GREAT: "😍"}

CANCELLED = "Cancelled."
UNKNOWN_BUTTON = "This button is not one Easel knows. Start again with /imagine."
ALREADY_DONE = "That press was already taken care of."
BROKEN = "Something went wrong on Easel's side, and it has been written down. Please try again."
CHANNEL_CLOSED = (
    "Easel may not post pictures here. Ask an administrator to allow it, or use /imagine in a direct message."
)
PICTURE_LOST = "The picture is damaged or missing in Easel's store. Press 🔄 under its grid, or use /imagine again."
PICTURE_TOO_LARGE = "The picture is too large for Discord, even made smaller. It is kept in Easel's store."

_ENDED = {
    JobStatus.FINISHED.value: "has already finished",
    JobStatus.FAILED.value: "has already failed",
    JobStatus.CANCELLED.value: "was already cancelled",
}

_SENTENCES: Mapping[type[errors.EaselError], Callable[[Any], str]] = {
    errors.PromptRefused: lambda error: code_block(error.message),
    errors.TooManyPending: lambda error: (
        f"You have {error.pending} unfinished jobs and may have {error.limit}. Wait for one to finish, or cancel one."
    ),
    errors.JobUnknown: lambda error: "Easel no longer knows this job. Start again with /imagine.",
    errors.PictureUnknown: lambda error: "There is no such picture. Wait until the grid is finished, then press again.",
    errors.NotYours: lambda error: "Only the member who started this job, or an administrator, can cancel it.",
    errors.JobOver: lambda error: f"There is nothing to cancel: the job {_ENDED.get(error.status, 'is over')}.",
    errors.ModelUnknown: lambda error: f"There is no model called {error.name}. Choose one of: {_list(error.known)}.",
    errors.OperationUnsupported: lambda error: (
        f"The model {error.model} {_inability(error.operation)}. Start again with /imagine and another --model."
    ),
    errors.SizeUnsupported: lambda error: (
        f"The model {error.model} cannot paint {error.width}x{error.height}. Choose another --ar, such as --ar 1:1."
    ),
    errors.SettingUnsupported: lambda error: _setting_sentence(error),
    errors.AdapterMismatch: lambda error: (
        f"The adapter {error.name} does not fit the model {error.model}. Leave it out, or choose its own model."
    ),
    errors.StoreUnavailable: lambda error: (
        "Easel cannot reach its database just now, so nothing was stored. Please try again in a minute."
    ),
    errors.PainterLost: lambda error: "The painter stopped unexpectedly. Please try again.",
    errors.JobInterrupted: lambda error: "The painter was being restarted. Please try again.",
    errors.WeightsMissing: lambda error: _sentences(*_unusable_files(error.facts, "missing")),
    errors.WeightsMismatch: lambda error: _sentences(*_unusable_files(error.facts, "damaged")),
    errors.ModelBroken: lambda error: _sentences(*_broken(error.facts)),
    errors.PaintedNothing: lambda error: _sentences(*_nothing(error.facts)),
    errors.NoRoom: lambda error: (
        f"The painter has no room for {_too_large(error.model, error.size)}. Try a smaller --ar or another --model, or"
        " tell Easel's operator."
    ),
    errors.SpeedUnsupported: lambda error: (
        f"The model {error.name} cannot be painted with as it is set up. Try another --model, or tell Easel's operator."
    ),
    errors.StorageFull: lambda error: "Easel has no room left for pictures. Please tell its operator.",
    errors.PictureCorrupt: lambda error: PICTURE_LOST,
    errors.RecipeUnreadable: lambda error: (
        "The picture is from another release of Easel, which this one cannot read. Please tell its operator."
    ),
    errors.PostgresBroken: lambda error: "Easel's database does not start. Please tell its operator.",
    errors.SettingsInvalid: lambda error: "Easel is set up wrongly. Please tell its operator.",
}

_CAUSES: Mapping[str, Callable[[Facts], str]] = {
    "ModelUnknown": lambda facts: f"there is no model called {facts.get('name', 'that')}",
    "OperationUnsupported": lambda facts: (
        f"the model {_inability(facts.get('operation', ''))}; start again with /imagine and another --model"
    ),
    "SizeUnsupported": lambda facts: "the model cannot paint that shape; choose another --ar",
    "SettingUnsupported": lambda facts: (
        f"the model does not take --{facts.get('name', 'setting')} {facts.get('value', '')}".rstrip()
        + (f"; it takes {_list(facts['known'])}" if facts.get("known") else "")
    ),
    "AdapterMismatch": lambda facts: "the adapter does not fit the model",
    "NoRoom": lambda facts: (
        f"the painter has no room for {_too_large(facts.get('model', 'the model'), facts.get('size', ''))};"
        " try a smaller --ar or another --model, or tell Easel's operator"
    ),
    "PainterLost": lambda facts: "the painter stopped three times while at it; change the prompt or tell the operator",
    "JobInterrupted": lambda facts: "the painter was restarted three times while at it; please try again",
    "SpeedUnsupported": lambda facts: (
        f"the model {facts.get('name', '')} cannot be painted with as it is set up;"
        " try another --model, or tell Easel's operator"
    ),
    "StorageFull": lambda facts: "there is no room left for pictures; please tell Easel's operator",
    "PictureCorrupt": lambda facts: "the picture it starts from is damaged; start again with /imagine",
    "WeightsMissing": lambda facts: "; ".join(_unusable_files(facts, "missing")),
    "WeightsMismatch": lambda facts: "; ".join(_unusable_files(facts, "damaged")),
    "ModelBroken": lambda facts: "; ".join(_broken(facts)),
    "PaintedNothing": lambda facts: "; ".join(_nothing(facts)),
}


def reply_for(error: errors.EaselError) -> str:
    """Return the sentence for an error: what is wrong and what to do; every class of the tree has one."""
    for kind in type(error).__mro__:
        if kind in _SENTENCES:
            return _SENTENCES[kind](error)
    return BROKEN


def has_reply(kind: type[errors.EaselError]) -> bool:
    """Return whether errors of exactly this class have a sentence of their own."""
    return kind in _SENTENCES


def sentence_from_cause(cause: Mapping[str, Any]) -> str:
    """Return why a job failed, from what was stored with it, as the end of a sentence."""
    wording = _CAUSES.get(str(cause.get("error")))
    return wording(cause) if wording else "it failed three times; change the prompt or tell Easel's operator"


def _unusable_files(facts: Facts, state: str) -> tuple[str, str]:
    """Return whose files are in that state, and what to do: of an adapter where it is named, else of the model."""
    if adapter := facts.get("adapter"):
        return f"the file of the adapter {adapter} is {state}", "leave it out, and please tell Easel's operator"
    return f"the model's files are {state}", "try another --model, and please tell Easel's operator"


def _broken(facts: Facts) -> tuple[str, str]:
    what = f"the model {facts.get('name', '')} cannot be painted with"
    return what, "try another --model, and please tell Easel's operator"


def _nothing(facts: Facts) -> tuple[str, str]:
    what = f"the model {facts.get('name', '')} painted nothing usable"
    return what, "try another prompt or another --model, and tell Easel's operator if it happens again"


def _sentences(*parts: str) -> str:
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in parts)


def _inability(operation: str) -> str:
    return "paints no variations of a picture" if operation == Operation.VARY else "only varies pictures"


def _too_large(model: str, size: str) -> str:
    return f"a picture of {size} by {model}" if size else f"the model {model}"


def job_title(operation: Operation, discord_id: int) -> str:
    """Return whose job it is, and of what kind."""
    return f"Variations by <@{discord_id}>" if operation is Operation.VARY else f"<@{discord_id}>"


def picture_title(slot: int) -> str:
    """Return which picture of the grid it is."""
    return f"Image #{slot + 1}"


def job_ended(job: Job) -> str:
    """Return the state of a job that was cancelled or failed."""
    return "Cancelled" if job.status is JobStatus.CANCELLED else f"Failed: {sentence_from_cause(job.cause or {})}"


def waiting(num_ahead: int, wait: timedelta | None) -> str:
    """Return the state of a job that has just been queued."""
    place = "next in line" if num_ahead == 0 else f"{num_ahead} ahead"
    return f"Waiting to start: {place}" + (f", about {duration(wait)}" if wait else "")


def rated(rating: Rating, before: Rating | None) -> str:
    """Return the confirmation of a stored rating."""
    if before is None:
        return f"Rated {RATING_EMOJI[rating]}. Press another face to change it."
    if before is rating:
        return f"Your rating stays {RATING_EMOJI[rating]}."
    return f"Rating changed from {RATING_EMOJI[before]} to {RATING_EMOJI[rating]}."


def moved_from(channel_id: int) -> str:
    """Return why a message is in the direct messages and not where it was asked for."""
    return f"Easel may no longer post in <#{channel_id}>, so here is what you asked for there."


def duration(time: timedelta) -> str:
    """Return a length of time rounded as one would say it: 7 s, 40 s, 3 min, 2 h."""
    seconds = max(1, round(time.total_seconds()))
    if seconds < 10:
        return f"{seconds} s"
    if seconds < 60:
        return f"{round(seconds, -1)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{round(seconds / 3600)} h"


def code_block(text: str, *, limit: int = 1990) -> str:
    """Return the text in a code block that it cannot leave, within a message's limit of 2,000 characters."""
    return f"```\n{text.replace('```', '` ` `')[: limit - 8]}\n```"


def _setting_sentence(error: errors.SettingUnsupported) -> str:
    choice = f" Choose one of: {_list(error.known)}." if error.known else " Leave it out, or give another value."
    return f"The model {error.model} does not take --{error.name} {error.value}.{choice}"


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) or "none"
