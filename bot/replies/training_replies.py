"""Every sentence that members read about LoRAs of their own: how they are trained, used, shared and deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from discord.utils import escape_markdown

from bot.language import Phrase, _, percentage, plural
from bot.policy.adapters import (
    MAX_NAME,
    AlreadyTraining,
    SharingForbidden,
    TooManyAdapters,
    TrainingFault,
    TrainingRefused,
    WrongNumberOfPictures,
)
from bot.replies.cause_replies import no_room_to_train, unsafe_pictures
from engine.contract.errors import EaselError
from engine.contract.jobs import Job, JobStatus, Operation
from engine.contract.training import (
    MAX_PICTURES,
    MIN_PICTURES,
    AdapterNameTaken,
    AdapterUnknown,
    NoRoomToTrain,
    OwnAdapter,
    PicturesUnsafe,
    TrainingDiverged,
)

TRAIN_HELP = Phrase("Train a LoRA of your own from 3 to 20 pictures of one thing")
LORA_HELP = Phrase("The LoRAs that you have trained")
LIST_HELP = Phrase("See your LoRAs")
RENAME_HELP = Phrase("Give one of your LoRAs another name")
SHARE_HELP = Phrase("Let everybody in this server use one of your LoRAs")
UNSHARE_HELP = Phrase("Keep one of your LoRAs to yourself again")
DELETE_HELP = Phrase("Delete one of your LoRAs for good")
NAME_HELP = Phrase("The name of the LoRA")
NEW_NAME_HELP = Phrase("Its new name: letters, digits and hyphens")

TITLE = Phrase("Train a LoRA")
PICTURES_LABEL = Phrase("Pictures of one thing, person or style")
PICTURES_HINT = Phrase("At least 3, from different sides and with different backgrounds")
MORE_LABEL = Phrase("More pictures")
TRIGGER_LABEL = Phrase("Trigger word")
TRIGGER_HINT = Phrase("A made-up word that will mean it, such as zorkle")
KIND_LABEL = Phrase("What kind of thing it is")
KIND_HINT = Phrase("In one to three words, such as cat, man or oil painting")
CONFIRM_LABEL = Phrase("Please confirm both")
RIGHTS = Phrase("I made these pictures, or have the right to use them so")
CONSENT = Phrase("Whoever is shown agrees that a model learns what they look like")

SHARED_NOWHERE = Phrase("only you")
NONE = Phrase("You have no LoRA of your own yet. `/train` makes one from your pictures.")
GUILD_ONLY = Phrase("LoRAs are shared in a server. Use this command in the one where you want to share it.")
NOT_SHARED = Phrase("Nobody else could use this LoRA here. Nothing has changed.")
CONFIRM_BOTH = Phrase("Both have to be confirmed, so nothing was started. Use `/train` again.")

_FAULTS: Mapping[TrainingFault, Phrase] = {
    TrainingFault.TRIGGER_FORM: Phrase(
        "The trigger word has to be one word of 3 to 16 letters a to z and digits that begins with a letter, such as"
        " zorkle. Use `/train` again."
    ),
    TrainingFault.TRIGGER_ORDINARY: Phrase(
        "This trigger word means something already, which would get in the way. Make up a word, such as zorkle, and use"
        " `/train` again."
    ),
    TrainingFault.KIND_FORM: Phrase(
        "Say in one to three words what kind of thing it is, without the trigger word, such as cat, man or oil"
        " painting. Use `/train` again."
    ),
    TrainingFault.NAME_FORM: Phrase("A name has letters a to z, digits and hyphens, {longest} of them at most."),
}

_TRAINED = Phrase(
    "Your LoRA is trained, and only you can use it. Add `--lora {name}` to a prompt, and say `{subject}` where you want"
    " to see it: `/imagine prompt: a photo of {subject} --lora {name}`. Your pictures are deleted. `/lora` lists,"
    " renames, shares and deletes it."
)

TRAINING_SENTENCES: Mapping[type[EaselError], Callable[[Any], str]] = {
    WrongNumberOfPictures: lambda error: wrong_number(error.facts["number"]),
    TrainingRefused: lambda error: _FAULTS[error.fault].format(longest=MAX_NAME),
    AlreadyTraining: lambda error: _(
        "Your training of **{name}** has not ended yet. Wait for it, or cancel it in its message.", name=error.name
    ),
    TooManyAdapters: lambda error: plural(
        error.facts["limit"],
        "You have {n} LoRA, which is as many as you may have. Delete it with `/lora delete` first.",
        "You have {n} LoRAs, which is as many as you may have. Delete one with `/lora delete` first.",
    ),
    AdapterNameTaken: lambda error: _(
        "There is a LoRA called **{name}** already. Choose another name.", name=escape_markdown(error.name)
    ),
    AdapterUnknown: lambda error: _(
        "You have no trained LoRA called **{name}**. `/lora list` shows those that you have.",
        name=escape_markdown(error.name),
    ),
    SharingForbidden: lambda error: _(
        "Those who manage this server do not let members share LoRAs here, so nobody else can use it."
    ),
    TrainingDiverged: lambda error: diverged(),
    PicturesUnsafe: lambda error: _sentence(unsafe_pictures()),
    NoRoomToTrain: lambda error: _sentence(no_room_to_train()),
}


def diverged() -> str:
    """Return why nothing was learnt."""
    return _("Nothing could be learnt from these pictures. Try again with others.")


def _sentence(end: str) -> str:
    return f"{end[0].upper()}{end[1:]}."


def wrong_number(number: int) -> str:
    """Return that there are too few pictures, or too many."""
    return _(
        "You gave {number} pictures; a LoRA is trained from {least} to {most}. Use `/train` again.",
        number=number,
        least=MIN_PICTURES,
        most=MAX_PICTURES,
    )


def state(job: Job) -> str | None:
    """Return how far a training is, and how long the rest takes; None for other jobs, and before it has begun."""
    if job.operation is not Operation.TRAIN or job.status is not JobStatus.RUNNING or not job.progress:
        return None
    done = percentage(int(job.progress * 100) / 100)
    left = job.expected_at - datetime.now(UTC) if job.expected_at else timedelta()
    return _("{share}, {time} left", share=done, time=_duration(left)) if left > timedelta() else done


def trained(job: Job, discord_id: int) -> str:
    """Return the message of a training that has finished."""
    name = next(iter(job.spec.adapters), "")
    title = _("Training by {who}", who=f"<@{discord_id}>")
    return f"**{escape_markdown(job.spec.prompt)}** - {title}\n{_TRAINED.format(name=name, subject=job.spec.prompt)}"


def listed(adapters: tuple[OwnAdapter, ...], is_shared: Callable[[OwnAdapter], bool]) -> str:
    """Return the member's LoRAs, a line for each."""
    return "\n".join(_line(one, is_shared=is_shared(one)) for one in adapters)


def _line(adapter: OwnAdapter, *, is_shared: bool) -> str:
    if adapter.object_key is None:
        return _("**{name}**: is being trained", name=adapter.name)
    facts = [f"`{adapter.subject}`", _("for {model}", model=adapter.model)]
    facts.append(_("shared in this server") if is_shared else str(SHARED_NOWHERE))
    return f"**{adapter.name}** (`--lora {adapter.name}`): {', '.join(facts)}"


def renamed(old: str, new: str) -> str:
    """Return that a LoRA has another name."""
    return _("**{old}** is called **{new}** now. Use it with `--lora {new}`.", old=escape_markdown(old), new=new)


def shared(name: str) -> str:
    """Return that everybody in the guild can use a LoRA."""
    return _(
        "Everybody in this server can use **{name}** now, with `--lora {name}`. `/lora unshare` ends that.", name=name
    )


def unshared(name: str) -> str:
    """Return that nobody else in the guild can use a LoRA any more."""
    return _("Only you can use **{name}** here now. Pictures that others have made with it stay.", name=name)


def deleted(name: str) -> str:
    """Return that a LoRA is deleted."""
    return _("**{name}** is deleted. Pictures that were made with it stay.", name=name)


def _duration(time: timedelta) -> str:
    seconds = max(1, round(time.total_seconds()))
    if seconds < 90:
        return _("{number} s", number=seconds)
    return _("{number} min", number=round(seconds / 60))
