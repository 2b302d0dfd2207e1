"""Every sentence that members read, except errors in a prompt, which come from the prompt language.

Those about ratings and other feedback are in `feedback_replies`.

Pictures are numbered from 1 here and in labels, from 0 everywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot import withheld_replies
from bot.ban_replies import banned, restricted
from bot.operation_replies import inability, unusable_add_on
from bot.plan_replies import PLAN_SENTENCES
from bot.policy.cases import (
    AppealedAlready,
    BannedAlready,
    BansNeeded,
    CaseUnknown,
    NobodyToRestrict,
    NothingToAppeal,
    NothingToRemove,
)
from bot.policy.pauses import GuildPaused
from bot.policy.pictures import PictureWithheld
from bot.policy.removals import DeletedByOwner, PictureRemoved
from bot.policy.restrictions import MemberRestricted
from bot.policy.words import WordForbidden
from bot.safety_replies import word_refused
from engine.contract import errors
from engine.contract.jobs import MAX_COUNTED_AHEAD, Job, JobStatus

Facts = Mapping[str, Any]

CANCELLED = "Cancelled."
UNKNOWN_BUTTON = "This button is not supported. Use /imagine to start again."
ALREADY_DONE = "This has already been done."
PRESSED_AGAIN = "You pressed this a moment ago, and the result is on the way. For another one, press again."
BROKEN = "Something went wrong. The error has been logged. Please try again."
CHANNEL_CLOSED = (
    "I don't have permission to post pictures here. Ask an administrator for it, or use /imagine in a direct message."
)
UNDELIVERABLE = "I can no longer post this here, and Discord lets me send you no direct message."
UNSAVED = "The database is not available at the moment, so nothing was saved. Please try again in a minute."
UNSURE = "The database did not confirm this, so I cannot say whether it was saved. Look again in a few minutes."
PICTURE_LOST = "This picture is missing or damaged. Press 🔄 under the grid, or use /imagine again."
PICTURES_AWAY = "The picture storage is not available at the moment."
STORAGE_FULL = "The storage of Easel is full."
_CONTACT = "Please contact the server's operator; waiting jobs go on afterwards."
PICTURE_KEPT = f"{PICTURES_AWAY} This picture appears here when it is back."
PICTURE_TOO_LARGE = "This picture is too large for Discord. It is still stored on the server."

_ENDED = {
    JobStatus.FINISHED.value: "has already finished",
    JobStatus.FAILED.value: "has already failed",
    JobStatus.CANCELLED.value: "was already cancelled",
}

_SENTENCES: Mapping[type[errors.EaselError], Callable[[Any], str]] = {
    errors.PromptRefused: lambda error: code_block(error.message),
    errors.TooManyPending: lambda error: f"{_limit(error)} Wait for a job to finish, or cancel one.",
    **PLAN_SENTENCES,
    WordForbidden: lambda error: word_refused(error.rule),
    PictureWithheld: lambda error: str(withheld_replies.NOT_SHOWN),
    errors.MemberBanned: lambda error: banned(error.facts.get("reason", ""), error.facts.get("until")),
    MemberRestricted: lambda error: restricted(error.restriction),
    CaseUnknown: lambda error: "There is no such case in this server any more, so there is nothing to decide.",
    NothingToRemove: lambda error: "This was erased meanwhile, so there is nothing left to remove.",
    NobodyToRestrict: lambda error: "This member has erased their data, so the case is about nobody any more.",
    BannedAlready: lambda error: (
        "This member is banned here already, and a time out would let them back in when it ends. Nothing has changed."
    ),
    BansNeeded: lambda error: "You need the permission Ban Members in this server for that. Nothing has changed.",
    NothingToAppeal: lambda error: (
        "This can no longer be appealed: it is over, or something else of yours was refused since. Try again what you"
        " wanted to do, and appeal there."
    ),
    AppealedAlready: lambda error: "You have appealed against this already, and can do so once.",
    PictureRemoved: lambda error: (
        "Moderators have removed this picture from this server, so it cannot be shown or used here any more."
    ),
    DeletedByOwner: lambda error: (
        "Whoever made this picture has deleted it here, so it cannot be shown or used until they bring it back."
    ),
    GuildPaused: lambda error: (
        "This server's administrators have paused Easel here, so nothing was started. Try again when they resume it."
    ),
    errors.JobUnknown: lambda error: "This was erased, so it can no longer be used. Use /imagine to start again.",
    errors.PictureUnknown: lambda error: "This picture does not exist yet. Try again when the grid is finished.",
    errors.NotYours: lambda error: "Only the member who started this job or an administrator can do that.",
    errors.JobOver: lambda error: f"This job {_ENDED.get(error.status, 'has already ended')}.",
    errors.ModelUnknown: lambda error: f'Unknown model "{error.name}". Available: {_list(error.known)}.',
    errors.OperationUnsupported: lambda error: (
        f"The model {error.model} {inability(error.operation)}. Use /imagine with another --model."
    ),
    errors.SourceMismatch: lambda error: (
        "This needs a picture to start from." if error.needs_source else "This does not take a picture to start from."
    ),
    errors.NothingFound: lambda error: _sentences(
        _unfound(error.facts), "name it otherwise, or choose cells of the picture"
    ),
    errors.SizeUnsupported: lambda error: (
        f"The model {error.model} does not support {error.width}x{error.height}. Use another --ar or a smaller picture."
    ),
    errors.SettingUnsupported: lambda error: _setting_sentence(error),
    errors.AdapterMismatch: lambda error: (
        f"The LoRA {error.name} does not work with the model {error.model}. Remove it, or use another --model."
    ),
    errors.StoreUnavailable: lambda error: UNSURE if error.facts.get("is_unsure") else UNSAVED,
    errors.PictureStoreUnavailable: lambda error: f"{PICTURES_AWAY} Please try again later.",
    errors.StorageFull: lambda error: (
        f"{STORAGE_FULL} {UNSURE if error.facts.get('is_unsure') else 'Nothing was saved.'} {_CONTACT}"
    ),
    errors.PainterLost: lambda error: "The image engine stopped unexpectedly. Please try again.",
    errors.PainterNotReady: lambda error: "The image engine does not start at the moment. Please try again later.",
    errors.RequestLost: lambda error: "The image engine could not paint this because of an error. Please try again.",
    errors.JobInterrupted: lambda error: "The image engine was restarted. Please try again.",
    errors.WeightsMissing: lambda error: _sentences(*_unusable_files(error.facts, "missing")),
    errors.WeightsMismatch: lambda error: _sentences(*_unusable_files(error.facts, "damaged")),
    errors.ModelBroken: lambda error: _sentences(*_broken(error.facts)),
    errors.PaintedNothing: lambda error: _sentences(*_nothing(error.facts)),
    errors.NoRoom: lambda error: (
        f"Not enough memory for {_too_large(error.model, error.size)}. Try a smaller --ar or another --model, or"
        " contact the server's operator."
    ),
    errors.SpeedUnsupported: lambda error: (
        f"The model {error.name} does not work with its current settings. Try another --model, or contact the server's"
        " operator."
    ),
    errors.PictureCorrupt: lambda error: PICTURE_LOST,
    errors.RecipeUnreadable: lambda error: (
        "This picture was made by another version of Easel and cannot be read. Please contact the server's operator."
    ),
    errors.PostgresBroken: lambda error: "The database does not start. Please contact the server's operator.",
    errors.SchemaOutdated: lambda error: "The database is being upgraded. Please contact the server's operator.",
    errors.SchemaNewer: lambda error: "The database is of a newer Easel. Please contact the server's operator.",
    errors.DatabaseUnusable: lambda error: "The database cannot be used. Please contact the server's operator.",
    errors.SettingsInvalid: lambda error: "The settings of Easel are invalid. Please contact the server's operator.",
}

_CAUSES: Mapping[str, Callable[[Facts], str]] = {
    "ModelUnknown": lambda facts: f'unknown model "{facts.get("name", "")}"',
    "OperationUnsupported": lambda facts: (
        f"the model {inability(facts.get('operation', ''))}; use /imagine with another --model"
    ),
    "SourceMismatch": lambda facts: (
        "it needs a picture to start from" if facts.get("needs_source") else "it does not take a picture to start from"
    ),
    "NothingFound": lambda facts: f"{_unfound(facts)}; name it otherwise, or choose cells of the picture",
    "SizeUnsupported": lambda facts: "the model does not support this size; use another --ar",
    "SettingUnsupported": lambda facts: (
        f"the model does not support --{facts.get('name', 'setting')} {facts.get('value', '')}".rstrip()
        + (f"; available: {_list(facts['known'])}" if facts.get("known") else "")
    ),
    "AdapterMismatch": lambda facts: "the LoRA does not work with the model; remove it, or use another --model",
    "NoRoom": lambda facts: (
        f"not enough memory for {_too_large(facts.get('model', ''), facts.get('size', ''))};"
        " try a smaller --ar or another --model, or contact the server's operator"
    ),
    "PainterLost": lambda facts: (
        "the image engine stopped three times; change the prompt or contact the server's operator"
    ),
    "JobInterrupted": lambda facts: "the image engine was restarted three times; please try again",
    "SpeedUnsupported": lambda facts: (
        f"the model {facts.get('name', '')} does not work with its current settings;"
        " try another --model, or contact the server's operator"
    ),
    "StorageFull": lambda facts: "the picture storage is full; please contact the server's operator",
    "PictureCorrupt": lambda facts: "the source picture is damaged; use /imagine to start again",
    "WeightsMissing": lambda facts: "; ".join(_unusable_files(facts, "missing")),
    "WeightsMismatch": lambda facts: "; ".join(_unusable_files(facts, "damaged")),
    "ModelBroken": lambda facts: "; ".join(_broken(facts)),
    "PaintedNothing": lambda facts: "; ".join(_nothing(facts)),
}


def reply_for(error: errors.EaselError) -> str:
    """Return the reply for an error: what is wrong and what to do; every class of the tree has one."""
    for kind in type(error).__mro__:
        if kind in _SENTENCES:
            return _SENTENCES[kind](error)
    return BROKEN


def has_reply(kind: type[errors.EaselError]) -> bool:
    """Return whether errors of exactly this class have a reply of their own."""
    return kind in _SENTENCES


def sentence_from_cause(cause: Mapping[str, Any]) -> str:
    """Return why a job failed, from its stored cause, as the end of a sentence."""
    wording = _CAUSES.get(str(cause.get("error")))
    return wording(cause) if wording else "it failed three times; change the prompt or contact the server's operator"


def _unusable_files(facts: Facts, state: str) -> tuple[str, str]:
    """Return which files are missing or damaged, an adapter's or the model's, and what to do."""
    if "add_on" in facts:
        return unusable_add_on(facts, f"is {state}")
    if adapter := facts.get("adapter"):
        return f"the file of the LoRA {adapter} is {state}", "remove it, and please contact the server's operator"
    if control := facts.get("control"):
        return f"the ControlNet {control} is {state}", "remove --control, and please contact the server's operator"
    return f"the model's files are {state}", "try another --model, and please contact the server's operator"


def _broken(facts: Facts) -> tuple[str, str]:
    if "add_on" in facts:
        return unusable_add_on(facts, "does not work")
    what = f"the model {facts.get('name', '')} does not work"
    return what, "try another --model, and please contact the server's operator"


def _nothing(facts: Facts) -> tuple[str, str]:
    what = f"the model {facts.get('name', '')} produced no usable picture"
    return what, "try another prompt or --model, and contact the server's operator if it happens again"


def _unfound(facts: Facts) -> str:
    return f'nothing in the picture looks like "{facts.get("words", "")}"'


def _sentences(*parts: str) -> str:
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in parts)


def _too_large(model: str, size: str) -> str:
    return f"a picture of {size} with the model {model}" if size else f"the model {model}"


def picture_title(slot: int) -> str:
    """Return which picture of the grid it is."""
    return f"Image #{slot + 1}"


def already_posted(slot: int, link: str) -> str:
    """Return where the picture is that another press has already had posted."""
    return f"{picture_title(slot)} is already here: {link}"


def job_ended(job: Job) -> str:
    """Return the state of a job that was cancelled or failed."""
    return "Cancelled" if job.status is JobStatus.CANCELLED else f"Failed: {sentence_from_cause(job.cause or {})}"


def waiting(num_ahead: int, wait: timedelta | None) -> str:
    """Return the state of a waiting job."""
    counted = f"{num_ahead}+" if num_ahead >= MAX_COUNTED_AHEAD else f"{num_ahead}"
    position = "next in line" if num_ahead == 0 else f"{counted} ahead"
    return f"Waiting to start: {position}" + (f", about {duration(wait)}" if wait else "")


def moved_from(channel_id: int) -> str:
    """Return why a message is in the direct messages and not in its channel."""
    return f"I can no longer post in <#{channel_id}>, so your pictures are here."


def duration(time: timedelta) -> str:
    """Return a rounded duration: 7 s, 40 s, 3 min, 2 h."""
    seconds = max(1, round(time.total_seconds()))
    if seconds < 10:
        return f"{seconds} s"
    if seconds < 60:
        return f"{round(seconds, -1)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{round(seconds / 3600)} h"


def code_block(text: str, *, limit: int = 1990) -> str:
    """Return the text in a code block that it cannot close, within Discord's limit of 2,000 characters."""
    return f"```\n{text.replace('```', '` ` `')[: limit - 8]}\n```"


def _setting_sentence(error: errors.SettingUnsupported) -> str:
    choice = f" Available: {_list(error.known)}." if error.known else " Remove it, or use another value."
    return f"The model {error.model} does not support --{error.name} {error.value}.{choice}"


def _limit(error: errors.TooManyPending) -> str:
    if error.pending >= error.limit:
        return f"You have reached the limit of {error.limit} unfinished jobs."
    return f"You have {error.pending} unfinished jobs, and the limit is {error.limit}."


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) or "none"
