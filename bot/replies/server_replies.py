"""Every sentence about the settings of a server, for those who manage it, and for members whom they concern."""

from __future__ import annotations

from collections.abc import Collection

from bot.language import Phrase, _, listed

SETTINGS_HELP = Phrase("Where Easel answers in this server, in which language, and its switches")

TITLE = Phrase("## Easel in this server")
CHANNELS_HINT = Phrase("Everywhere; choose channels to answer in these alone")
LANGUAGE_HINT = Phrase("Language of the answers")
AS_MEMBER = Phrase("As the Discord of each member")
PAUSE_LABEL, RESUME_LABEL = Phrase("Pause"), Phrase("Resume")
CLOSE_LABEL, OPEN_LABEL = Phrase("Switch off"), Phrase("Switch on")
FORBID_LABEL, ALLOW_LABEL = Phrase("Forbid sharing"), Phrase("Allow sharing")
REMOVE_LABEL = Phrase("Remove deleted channels")
LANGUAGE_NAMES = {"en": "English", "de": "Deutsch"}

EVERYWHERE = Phrase("**Channels.** Members start jobs in every channel where they may use commands.")
LANGUAGE = Phrase("**Language.** In which language answers are that one member reads.")
RUNNING = Phrase("**Jobs.** Members can start jobs here.")
PAUSED = Phrase("**Jobs.** Paused: nobody can start jobs here, and waiting ones are held.")
COLLECTING = Phrase(
    "**Training and publishing.** What happens here may be used to train models and be published, as far as each member"
    " agrees."
)
NOT_COLLECTING = Phrase("**Training and publishing.** Nothing that happens here is used or published.")
GENERAL_LABEL, GALLERY_LABEL = Phrase("General"), Phrase("Gallery")
LIMITS_LABEL, SAFETY_LABEL = Phrase("Limits"), Phrase("Safety")
SHARING = Phrase("**LoRAs.** Members may let everybody here use LoRAs that they have trained, with `/lora share`.")
NOT_SHARING = Phrase("**LoRAs.** Here members can use only LoRAs of their own, beside those of Easel.")
ELSEWHERE = Phrase(
    "-# What waits and what it cost: `/queue`. What was reported and decided: `/safety`. Who changed what: `/server"
    " changes`. Who may use which command: Server Settings > Integrations."
)
NO_CHANNEL_LEFT = Phrase(
    "Easel answers in no channel of this server, because those that were chosen for it have been deleted. Ask somebody"
    " who manages the server to choose others with `/server settings`."
)


def channels(ids: Collection[int]) -> str:
    """Return where members start jobs."""
    return _(
        "**Channels.** Members start jobs in {channels} and the threads there; elsewhere they are told so.",
        channels=_mentions(ids),
    )


def deleted(number: int) -> str:
    """Return that a setting names channels that are gone."""
    return _("⚠️ Chosen channels that were deleted: {number}.", number=number)


def elsewhere(ids: Collection[int]) -> str:
    """Return to a member where the server wants jobs to be started; no ids if those channels were deleted."""
    if not ids:
        return str(NO_CHANNEL_LEFT)
    return _(
        "Here nobody can start jobs with Easel. Use {channels} instead, or a direct message.", channels=_mentions(ids)
    )


def _mentions(ids: Collection[int]) -> str:
    return listed([f"<#{channel_id}>" for channel_id in sorted(ids)])
