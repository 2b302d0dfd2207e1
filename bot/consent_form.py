"""The form in which members choose what they consent to: the text with two switches and a button that saves.

What is switched on and not saved yet stands in the message alone, in the colour of its switch: nothing is stored before
it is saved, and the form works after a restart and with any bot process.
"""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bot.custom_ids import text_from_version
from bot.replies import privacy_replies

TRAINING_VERB, PUBLISHING_VERB, SAVE_VERB = "training", "publishing", "saveconsent"

_ON = discord.ButtonStyle.success
_OFF = discord.ButtonStyle.secondary


@dataclass(frozen=True, kw_only=True)
class Switches:
    """What is switched on in a form."""

    may_train: bool
    may_publish: bool


def consent_view(version: int, switches: Switches) -> discord.ui.View:
    """Return the switches and the button that saves them, under a text of this version."""
    view = discord.ui.View(timeout=None)
    for verb, is_on in ((TRAINING_VERB, switches.may_train), (PUBLISHING_VERB, switches.may_publish)):
        view.add_item(
            discord.ui.Button(
                style=_ON if is_on else _OFF,
                label=privacy_replies.switch_label(verb, is_on=is_on),
                custom_id=text_from_version(verb, version),
                row=0,
            )
        )
    save = discord.ui.Button[discord.ui.View](
        style=discord.ButtonStyle.primary,
        label=str(privacy_replies.SAVE_LABEL),
        custom_id=text_from_version(SAVE_VERB, version),
        row=1,
    )
    view.add_item(save)
    return unkept(view)


def unkept(view: discord.ui.View) -> discord.ui.View:
    """Return the view, which discord.py does not keep: presses are dispatched by id alone."""
    view.stop()
    return view


def switches_of(message: discord.Message) -> Switches:
    """Return what is switched on in the form that the message shows."""
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    buttons = [child for row in rows for child in row.children if isinstance(child, discord.Button)]
    on = {(button.custom_id or "").split(":")[1] for button in buttons if button.custom_id and button.style is _ON}
    return Switches(may_train=TRAINING_VERB in on, may_publish=PUBLISHING_VERB in on)
