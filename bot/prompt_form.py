"""The form in which a member changes the prompt of a job before another one starts from it."""

from __future__ import annotations

import discord

PROMPT_FIELD = "prompt"

_MAX_LENGTH = 4000
"""Discord's limit on the text of a field, in UTF-16 units."""


def prompt_form(custom_id: str, title: str, label: str, prompt: str) -> discord.ui.Modal:
    """Return the form with the prompt to change; one that is too long for a field is to be written anew, never cut."""
    form = discord.ui.Modal(title=title, custom_id=custom_id)
    fits = len(prompt.encode("utf-16-le")) // 2 <= _MAX_LENGTH
    field: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(
        custom_id=PROMPT_FIELD,
        style=discord.TextStyle.paragraph,
        default=prompt if fits else None,
        max_length=_MAX_LENGTH,
    )
    form.add_item(discord.ui.Label(text=label, component=field))
    return form
