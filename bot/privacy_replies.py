"""Every sentence that members read about consent and about what is stored of them; the others are in `replies`."""

from __future__ import annotations

from datetime import datetime

PRIVACY_HELP = "See, change, download or erase what is stored of you"
SAVE_LABEL = "Save"
CHOICES_LABEL = "Change choices"
DOWNLOAD_LABEL = "Download my data"
ERASE_LABEL = "Erase my data"
ERASE_ALL_LABEL = "Erase everything"
KEEP_LABEL = "Keep it"

GUILD_HELP = "Decide whether what members do here may be used for more than answering them"
COLLECTING_HELP = "on: as each member agrees; off: nothing from this server is used or published"
ADMINISTRATORS_ONLY = "Only an administrator of this server can do that."
COLLECTING_ON = "**On.** What members do here may be used to train models and be published as far as each agrees."
COLLECTING_OFF = (
    "**Off.** Nothing that members do in this server is used to train models or published, whatever they agree to. That"
    " includes what they did here before."
)

NOTHING_STORED = "Nothing is stored of you."
ERASED = "This was erased."
ERASING = (
    "Your data is being erased. Pictures and messages disappear within minutes. You can use Easel again at any time,"
    " as a new member of whom nothing is known."
)
CONSENT_TEXT_CHANGED = "This text has changed, so nothing was saved. Please choose again."

_SWITCHES = {"training": "Train models", "publishing": "Publish"}


def switch_label(verb: str, *, is_on: bool) -> str:
    """Return the label of a switch in the form of consent."""
    return f"{_SWITCHES[verb]}: {_on(is_on)}"


def consent_saved(*, may_train: bool, may_publish: bool) -> str:
    """Return the confirmation of a stored choice."""
    return f"Saved. {consent_state(may_train=may_train, may_publish=may_publish)} Change it at any time with /privacy."


def consent_state(*, may_train: bool, may_publish: bool) -> str:
    """Return what is on and what is off."""
    return f"Train models: {_on(may_train)}. Publish: {_on(may_publish)}."


def stored(*, since: datetime, num_jobs: int, num_pictures: int, num_presses: int, num_uploads: int) -> str:
    """Return what is stored of a member."""
    listed = [_counted(num_jobs, "prompt"), _counted(num_pictures, "picture")]
    listed += [_counted(num_presses, "button press", "es")]
    listed += [_counted(num_uploads, "upload")] if num_uploads else []
    counted = ", ".join(listed)
    return f"**Stored of you since {_day(since)}**\n{counted}."


def chosen(*, may_train: bool, may_publish: bool, version: int | None, at: datetime | None) -> str:
    """Return what a member has agreed to, since when, and with which version of the text."""
    state = consent_state(may_train=may_train, may_publish=may_publish)
    if version is None:
        how = "You have not chosen yet, so both are off."
    elif at is None:
        how = "This was set by the operator."
    else:
        how = f"You chose this on {_day(at)}, with version {version} of the text."
    return f"**What may be done with it beyond answering you**\n{state} {how}"


def sure_to_erase(*, num_jobs: int, num_pictures: int, num_presses: int, num_uploads: int, num_other_jobs: int) -> str:
    """Return what an erasure would erase, for the member to confirm."""
    lines = [
        "**This erases, for good:**",
        f"- {_counted(num_jobs, 'prompt')} and {_counted(num_pictures, 'picture')}, with their files and my messages"
        " that show them",
        f"- {_counted(num_presses, 'button press', 'es')}, and what others pressed on your pictures",
        "- your choices and everything else that is stored of you",
    ]
    if num_uploads:
        lines.insert(2, f"- {_counted(num_uploads, 'picture')} that you brought")
    if num_other_jobs:
        lines.append(f"- {_counted(num_other_jobs, 'job')} of others that go back to your pictures or prompts")
    lines.append("Unfinished jobs are cancelled. Data sets that are already published stay as they are.")
    return "\n".join(lines)


def own_data(*, num_pictures: int, num_left_out: int) -> str:
    """Return what the file with a member's own data holds."""
    held = f"Your data: every record, as JSON, and {_counted(num_pictures, 'picture')}."
    if not num_left_out:
        return held
    return f"{held} {_counted(num_left_out, 'picture')} did not fit into a file that Discord takes, or cannot be read."


def _counted(number: int, noun: str, plural: str = "s") -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}{plural}"


def _day(at: datetime) -> str:
    """Return a day as Discord's clients write it, in the member's language."""
    return f"<t:{int(at.timestamp())}:D>"


def _on(is_on: bool) -> str:
    return "on" if is_on else "off"
