"""Every sentence that members read, except what is said of a prompt, which comes from the prompt language.

Here are those that many places say, and the reply to each error. Every other file has the sentences of one part.

Pictures are numbered from 1 here and in labels, from 0 everywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from bot.language import Phrase, _, plural, said
from bot.policy.between import EndsRefused
from bot.policy.cases import (
    AboutYourself,
    AppealedAlready,
    BannedAlready,
    BansNeeded,
    CaseUnknown,
    NobodyToRestrict,
    NothingToAppeal,
    NothingToRemove,
    NothingToShow,
    RestrictedAgain,
    TooManyAppeals,
    TooManyReports,
)
from bot.policy.guild_rules import ChannelNotAllowed
from bot.policy.pauses import GuildPaused
from bot.policy.pictures import PictureWithheld
from bot.policy.preferences import PreferencesChanged, TooManyOptions
from bot.policy.removals import DeletedByOwner, PictureRemoved
from bot.policy.restrictions import MemberRestricted
from bot.policy.words import WordForbidden
from bot.replies import withheld_replies
from bot.replies.ban_replies import banned, restricted
from bot.replies.cause_replies import (
    known_values,
    names_of,
    no_room,
    nothing_found,
    nothing_painted,
    sentence_from_cause,
    unsupported_speed,
)
from bot.replies.operation_replies import broken, inability, unusable_files
from bot.replies.own_settings_replies import CHANGED_MEANWHILE, too_many_options
from bot.replies.plan_replies import PLAN_SENTENCES
from bot.replies.profile_replies import PROFILE_SENTENCES
from bot.replies.safety_replies import word_refused
from bot.replies.server_replies import elsewhere
from bot.replies.training_replies import TRAINING_SENTENCES
from engine.contract import errors
from engine.contract.jobs import MAX_COUNTED_AHEAD, Job, JobStatus

CANCELLED = Phrase("Cancelled.")
UNKNOWN_BUTTON = Phrase("This button is not supported. Use /imagine to start again.")
ALREADY_DONE = Phrase("This has already been done.")
PRESSED_AGAIN = Phrase("You pressed this a moment ago, and the result is on the way. For another one, press again.")
BROKEN = Phrase("Something went wrong. The error has been logged. Please try again.")
CHANNEL_CLOSED = Phrase(
    "I don't have permission to post pictures here. Ask an administrator for it, or use /imagine in a direct message."
)
UNDELIVERABLE = Phrase(
    "I can no longer post this here, and Discord lets me send you no direct message. What is painted is in /history."
)
UNSAVED = Phrase("The database is not available at the moment, so nothing was saved. Please try again in a minute.")
UNSURE = Phrase("The database did not confirm this, so I cannot say whether it was saved. Look again in a few minutes.")
PICTURE_LOST = Phrase("This picture is missing or damaged. Press 🔄 under the grid, or use /imagine again.")
PICTURES_AWAY = Phrase("The picture storage is not available at the moment.")
STORAGE_FULL = Phrase("The storage of Easel is full.")
_CONTACT = Phrase("Please contact the server's operator; waiting jobs go on afterwards.")
PICTURE_KEPT = Phrase("The picture storage is not available at the moment. This picture appears here when it is back.")
PICTURE_TOO_LARGE = Phrase("This picture is too large for Discord. It is still stored on the server.")

_ENDED = {
    JobStatus.FINISHED.value: Phrase("This job has already finished."),
    JobStatus.FAILED.value: Phrase("This job has already failed."),
    JobStatus.CANCELLED.value: Phrase("This job was already cancelled."),
}
_JOB_OVER = Phrase("This job has already ended.")

_SENTENCES: Mapping[type[errors.EaselError], Callable[[Any], str]] = {
    errors.PromptRefused: lambda error: code_block(error.message),
    errors.TooManyPending: lambda error: _limit(error),
    **PLAN_SENTENCES,
    **TRAINING_SENTENCES,
    **PROFILE_SENTENCES,
    WordForbidden: lambda error: word_refused(error.rule),
    EndsRefused: lambda error: said(error.told),
    PictureWithheld: lambda error: str(withheld_replies.NOT_SHOWN),
    errors.MemberBanned: lambda error: banned(error.facts.get("reason", ""), error.facts.get("until")),
    MemberRestricted: lambda error: restricted(error.restriction),
    CaseUnknown: lambda error: _("There is no such case in this server any more, so there is nothing to decide."),
    NothingToRemove: lambda error: _("This was erased meanwhile, so there is nothing left to remove."),
    NothingToShow: lambda error: _(
        "The picture was erased meanwhile, so it cannot be shown. Refuse the appeal to close it."
    ),
    NobodyToRestrict: lambda error: _("This member has erased their data, so the case is about nobody any more."),
    BannedAlready: lambda error: _(
        "This member is banned here already, and a time out would let them back in when it ends. Nothing has changed."
    ),
    AboutYourself: lambda error: _(
        "This is about you, so that another moderator or an administrator has to decide it. Nothing has changed."
    ),
    BansNeeded: lambda error: _("You need the permission Ban Members in this server for that. Nothing has changed."),
    NothingToAppeal: lambda error: _(
        "This can no longer be appealed: it is over, or something else of yours was refused since. Try again what you"
        " wanted to do, and appeal there."
    ),
    RestrictedAgain: lambda error: _(
        "This member was timed out or banned once more since, which this appeal is not about. Refuse it, or end what"
        " holds now with `/safety allow`."
    ),
    TooManyAppeals: lambda error: plural(
        error.facts["limit"],
        "{n} appeal of yours waits for the moderators of this server already. Wait until they have decided.",
        "{n} appeals of yours wait for the moderators of this server already. Wait until they have decided one.",
    ),
    TooManyReports: lambda error: plural(
        error.facts["limit"],
        "You can report {n} picture a day in this server. Tell its moderators what else they should see.",
        "You can report {n} pictures a day in this server. Tell its moderators what else they should see.",
    ),
    AppealedAlready: lambda error: _("You have appealed against this already, and can do so once."),
    PictureRemoved: lambda error: _(
        "Moderators have removed this picture from this server, so it cannot be shown or used here any more."
    ),
    DeletedByOwner: lambda error: _(
        "Whoever made this picture has deleted it here, so it cannot be shown or used until they bring it back."
    ),
    GuildPaused: lambda error: _(
        "This server's administrators have paused Easel here, so nothing was started. Try again when they resume it."
    ),
    PreferencesChanged: lambda error: str(CHANGED_MEANWHILE),
    TooManyOptions: lambda error: too_many_options(),
    ChannelNotAllowed: lambda error: elsewhere(error.channels),
    errors.JobUnknown: lambda error: _("This was erased, so it can no longer be used. Use /imagine to start again."),
    errors.PictureUnknown: lambda error: _("This picture does not exist yet. Try again when the grid is finished."),
    errors.PictureBarred: lambda error: _("This picture is like one that must never appear, so it was not taken."),
    errors.NotYours: lambda error: _("Only the member who started this job or an administrator can do that."),
    errors.JobOver: lambda error: str(_ENDED.get(error.status, _JOB_OVER)),
    errors.ModelUnknown: lambda error: _(
        'Unknown model "{name}". Available: {known}.', name=error.name, known=names_of(error.known)
    ),
    errors.OperationUnsupported: lambda error: _(
        "The model {model} {inability}. Use /imagine with another --model.",
        model=error.model,
        inability=inability(error.operation),
    ),
    errors.SourceMismatch: lambda error: (
        _("This needs a picture to start from.")
        if error.needs_source
        else _("This does not take a picture to start from.")
    ),
    errors.NothingFound: lambda error: _sentences(*nothing_found(error.facts)),
    errors.SizeUnsupported: lambda error: _(
        "The model {model} does not support {width}x{height}. Use another --ar or a smaller picture.",
        model=error.model,
        width=error.width,
        height=error.height,
    ),
    errors.SettingUnsupported: lambda error: _setting_sentence(error),
    errors.AdapterMismatch: lambda error: _(
        "The LoRA {name} does not work with the model {model}. Remove it, or use another --model.",
        name=error.name,
        model=error.model,
    ),
    errors.StoreUnavailable: lambda error: str(UNSURE if error.facts.get("is_unsure") else UNSAVED),
    errors.PictureStoreUnavailable: lambda error: _(
        "The picture storage is not available at the moment. Please try again later."
    ),
    errors.StorageFull: lambda error: f"{STORAGE_FULL} {_saved(error.facts)} {_CONTACT}",
    errors.PainterLost: lambda error: _("The image engine stopped unexpectedly. Please try again."),
    errors.PainterNotReady: lambda error: _("The image engine does not start at the moment. Please try again later."),
    errors.RequestLost: lambda error: _("The image engine could not paint this because of an error. Please try again."),
    errors.JobInterrupted: lambda error: _("The image engine was restarted. Please try again."),
    errors.WeightsMissing: lambda error: _sentences(*unusable_files(error.facts, is_missing=True)),
    errors.WeightsMismatch: lambda error: _sentences(*unusable_files(error.facts, is_missing=False)),
    errors.ModelBroken: lambda error: _sentences(*broken(error.facts)),
    errors.PaintedNothing: lambda error: _sentences(*nothing_painted(error.facts)),
    errors.NoRoom: lambda error: _sentences(*no_room(error.model, error.size)),
    errors.SpeedUnsupported: lambda error: _sentences(*unsupported_speed(error.name)),
    errors.PictureCorrupt: lambda error: str(PICTURE_LOST),
    errors.RecipeUnreadable: lambda error: _(
        "This picture was made by another version of Easel and cannot be read. Please contact the server's operator."
    ),
    errors.PostgresBroken: lambda error: _("The database does not start. Please contact the server's operator."),
    errors.SchemaOutdated: lambda error: _("The database is being upgraded. Please contact the server's operator."),
    errors.SchemaNewer: lambda error: _("The database is of a newer Easel. Please contact the server's operator."),
    errors.DatabaseUnusable: lambda error: _("The database cannot be used. Please contact the server's operator."),
    errors.SettingsInvalid: lambda error: _("The settings of Easel are invalid. Please contact the server's operator."),
}


def reply_for(error: errors.EaselError) -> str:
    """Return the reply for an error: what is wrong and what to do; every class of the tree has one."""
    for kind in type(error).__mro__:
        if kind in _SENTENCES:
            return _SENTENCES[kind](error)
    return str(BROKEN)


def has_reply(kind: type[errors.EaselError]) -> bool:
    """Return whether errors of exactly this class have a reply of their own."""
    return kind in _SENTENCES


def _saved(facts: Mapping[str, Any]) -> str:
    return str(UNSURE) if facts.get("is_unsure") else _("Nothing was saved.")


def _sentences(*parts: str) -> str:
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in parts)


def picture_title(slot: int) -> str:
    """Return which picture of the grid it is."""
    return _("Image #{number}", number=slot + 1)


def already_posted(slot: int, link: str) -> str:
    """Return where the picture is that another press has already had posted."""
    return _("{picture} is already here: {link}", picture=picture_title(slot), link=link)


def job_ended(job: Job) -> str:
    """Return the state of a job that was cancelled or failed."""
    if job.status is JobStatus.CANCELLED:
        return _("Cancelled")
    return _("Failed: {cause}", cause=sentence_from_cause(job.cause or {}))


def waiting(num_ahead: int, wait: timedelta | None) -> str:
    """Return the state of a waiting job."""
    if num_ahead == 0:
        state = _("Waiting to start: next in line")
    else:
        counted = f"{num_ahead}+" if num_ahead >= MAX_COUNTED_AHEAD else f"{num_ahead}"
        state = _("Waiting to start: {number} ahead", number=counted)
    return _("{state}, about {duration}", state=state, duration=duration(wait)) if wait else state


def moved_from(channel_id: int) -> str:
    """Return why a message is in the direct messages and not in its channel."""
    return _("I can no longer post in {channel}, so your pictures are here.", channel=f"<#{channel_id}>")


def duration(time: timedelta) -> str:
    """Return a rounded duration: 7 s, 40 s, 3 min, 2 h."""
    seconds = max(1, round(time.total_seconds()))
    if seconds < 60:
        return _("{number} s", number=seconds if seconds < 10 else round(seconds, -1))
    if seconds < 5400:
        return _("{number} min", number=round(seconds / 60))
    return _("{number} h", number=round(seconds / 3600))


def code_block(text: str, *, limit: int = 1990) -> str:
    """Return the text in a code block that it cannot close, within Discord's limit of 2,000 characters."""
    return f"```\n{text.replace('```', '` ` `')[: limit - 8]}\n```"


def _setting_sentence(error: errors.SettingUnsupported) -> str:
    what = _(
        "The model {model} does not support {setting}.", model=error.model, setting=f"--{error.name} {error.value}"
    )
    if error.known:
        return _("{what} Available: {known}.", what=what, known=known_values(error.facts))
    return _("{what} Remove it, or use another value.", what=what)


def _limit(error: errors.TooManyPending) -> str:
    if error.pending >= error.limit:
        what = plural(
            error.limit,
            "You have reached the limit of {n} unfinished job.",
            "You have reached the limit of {n} unfinished jobs.",
        )
        return _("{what} Wait for a job to finish, or cancel one.", what=what)
    if not error.pending:
        return plural(
            error.limit,
            "You can have {n} unfinished job, and this asks for more. Ask for fewer at once.",
            "You can have {n} unfinished jobs, and this asks for more. Ask for fewer at once.",
        )
    what = plural(
        error.pending,
        "You have {n} unfinished job, and the limit is {limit}.",
        "You have {n} unfinished jobs, and the limit is {limit}.",
        limit=error.limit,
    )
    return _("{what} Ask for fewer at once, wait for a job to finish, or cancel one.", what=what)
