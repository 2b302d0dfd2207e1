"""Every sentence that members read about consent and about what is stored of them; the others are in `replies`."""

from __future__ import annotations

from datetime import datetime

from bot.language import Phrase, _, plural

PRIVACY_HELP = Phrase("See, change, download or erase what is stored of you")
SAVE_LABEL = Phrase("Save")
CHOICES_LABEL = Phrase("Change choices")
DOWNLOAD_LABEL = Phrase("Download my data")
ERASE_LABEL = Phrase("Erase my data")
ERASE_ALL_LABEL = Phrase("Erase everything")
KEEP_LABEL = Phrase("Keep it")

GUILD_HELP = Phrase("Decide whether what members do here may be used for more than answering them")
COLLECTING_HELP = Phrase("on: as each member agrees; off: nothing from this server is used or published")
ADMINISTRATORS_ONLY = Phrase("Only an administrator of this server can do that.")
COLLECTING_ON = Phrase(
    "**On.** What members do here may be used to train models and be published as far as each agrees."
)
COLLECTING_OFF = Phrase(
    "**Off.** Nothing that members do in this server is used to train models or published, whatever they agree to. That"
    " includes what they did here before."
)

NOTHING_STORED = Phrase("Nothing is stored of you.")
ERASED = Phrase("This was erased.")
ERASING = Phrase(
    "Your data is being erased. Pictures and messages disappear within minutes. You can use Easel again at any time,"
    " as a new member of whom nothing is known."
)
CONSENT_TEXT_CHANGED = Phrase("This text has changed, so nothing was saved. Please choose again.")

_SWITCHES = {
    ("training", True): Phrase("Train models: on"),
    ("training", False): Phrase("Train models: off"),
    ("publishing", True): Phrase("Publish: on"),
    ("publishing", False): Phrase("Publish: off"),
}


def switch_label(verb: str, *, is_on: bool) -> str:
    """Return the label of a switch in the form of consent."""
    return str(_SWITCHES[verb, is_on])


def consent_saved(*, may_train: bool, may_publish: bool) -> str:
    """Return the confirmation of a stored choice."""
    state = consent_state(may_train=may_train, may_publish=may_publish)
    return _("Saved. {state} Change it at any time with /privacy.", state=state)


def consent_state(*, may_train: bool, may_publish: bool) -> str:
    """Return what is on and what is off."""
    return f"{_SWITCHES['training', may_train]}. {_SWITCHES['publishing', may_publish]}."


def stored(*, since: datetime, num_jobs: int, num_pictures: int, num_presses: int, num_uploads: int) -> str:
    """Return what is stored of a member."""
    counted = [_prompts(num_jobs), _pictures(num_pictures), _presses(num_presses)]
    counted += [plural(num_uploads, "{n} upload", "{n} uploads")] if num_uploads else []
    title = _("**Stored of you since {day}**", day=_day(since))
    return f"{title}\n{', '.join(counted)}."


def chosen(*, may_train: bool, may_publish: bool, version: int | None, at: datetime | None) -> str:
    """Return what a member has agreed to, since when, and with which version of the text."""
    state = consent_state(may_train=may_train, may_publish=may_publish)
    if version is None:
        how = _("You have not chosen yet, so both are off.")
    elif at is None:
        how = _("This was set by the operator.")
    else:
        how = _("You chose this on {day}, with version {version} of the text.", day=_day(at), version=version)
    title = _("**What may be done with it beyond answering you**")
    return f"{title}\n{state} {how}"


def sure_to_erase(*, num_jobs: int, num_pictures: int, num_presses: int, num_uploads: int, num_other_jobs: int) -> str:
    """Return what an erasure would erase, for the member to confirm."""
    jobs, pictures = _prompts(num_jobs), _pictures(num_pictures)
    erased = [_("{jobs} and {pictures}, with their files and my messages that show them", jobs=jobs, pictures=pictures)]
    if num_uploads:
        erased.append(plural(num_uploads, "{n} picture that you brought", "{n} pictures that you brought"))
    erased.append(_("{presses}, and what others pressed on your pictures", presses=_presses(num_presses)))
    erased.append(_("your choices and everything else that is stored of you"))
    if num_other_jobs:
        other = plural(
            num_other_jobs,
            "{n} job of others that goes back to your pictures or prompts",
            "{n} jobs of others that go back to your pictures or prompts",
        )
        erased.append(other)
    last = _("Unfinished jobs are cancelled. Data sets that are already published stay as they are.")
    return "\n".join([_("**This erases, for good:**"), *(f"- {one}" for one in erased), last])


def own_data(*, num_pictures: int, num_left_out: int) -> str:
    """Return what the file with a member's own data holds."""
    held = _("Your data: every record, as JSON, and {counts}.", counts=_pictures(num_pictures))
    if not num_left_out:
        return held
    left_out = plural(
        num_left_out,
        "{n} picture did not fit into a file that Discord takes, or cannot be read.",
        "{n} pictures did not fit into a file that Discord takes, or cannot be read.",
    )
    return f"{held} {left_out}"


def _prompts(count: int) -> str:
    return plural(count, "{n} prompt", "{n} prompts")


def _pictures(count: int) -> str:
    return plural(count, "{n} picture", "{n} pictures")


def _presses(count: int) -> str:
    return plural(count, "{n} button press", "{n} button presses")


def _day(at: datetime) -> str:
    """Return a day as Discord's clients write it, in the member's language."""
    return f"<t:{int(at.timestamp())}:D>"
