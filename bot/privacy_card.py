"""The messages of `/privacy`: what is stored of a member with the buttons below it, and the question before erasing."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.consent_form import unkept
from bot.consent_text import CONSENT_VERSION
from bot.custom_ids import text_from_version
from bot.language import Phrase
from bot.replies import privacy_replies
from bot.store.own_data import StoredOfMember

CHOICES_VERB, DOWNLOAD_VERB = "choices", "mydata"
ERASE_VERB, ERASE_ALL_VERB, STAY_VERB = "erase", "eraseall", "stay"

_GREY, _RED = discord.ButtonStyle.secondary, discord.ButtonStyle.danger

_SUMMARY = (
    (CHOICES_VERB, privacy_replies.CHOICES_LABEL, _GREY),
    (DOWNLOAD_VERB, privacy_replies.DOWNLOAD_LABEL, _GREY),
    (ERASE_VERB, privacy_replies.ERASE_LABEL, _RED),
)
_QUESTION = (
    (ERASE_ALL_VERB, privacy_replies.ERASE_ALL_LABEL, _RED),
    (STAY_VERB, privacy_replies.KEEP_LABEL, _GREY),
)


def summary_content(stored: StoredOfMember | None) -> str:
    """Return what is stored of the member and what they agree to."""
    if stored is None:
        return str(privacy_replies.NOTHING_STORED)
    kept = privacy_replies.stored(
        since=stored.since,
        num_jobs=stored.jobs,
        num_pictures=stored.pictures,
        num_presses=stored.presses,
        num_uploads=stored.uploads,
    )
    consent = stored.consent
    chosen = privacy_replies.chosen(
        may_train=consent.may_train, may_publish=consent.may_publish, version=consent.version, at=stored.chosen_at
    )
    return f"{kept}\n\n{chosen}"


def summary_view(stored: StoredOfMember | None) -> discord.ui.View:
    """Return the buttons below it; of whom nothing is stored, there is nothing to download or erase."""
    return _view(_SUMMARY if stored else _SUMMARY[:1])


def question_content(stored: StoredOfMember) -> str:
    """Return what an erasure would erase."""
    return privacy_replies.sure_to_erase(
        num_jobs=stored.jobs,
        num_pictures=stored.pictures,
        num_presses=stored.presses,
        num_uploads=stored.uploads,
        num_other_jobs=stored.other_jobs,
    )


def question_view() -> discord.ui.View:
    """Return the two answers."""
    return _view(_QUESTION)


def _view(buttons: Sequence[tuple[str, Phrase, discord.ButtonStyle]]) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for verb, label, style in buttons:
        custom_id = text_from_version(verb, CONSENT_VERSION)
        view.add_item(discord.ui.Button(style=style, label=str(label), custom_id=custom_id))
    return unkept(view)
