"""The page about safety: unsafe pictures, forbidden words, and where moderators read what members report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord

from bot.language import Phrase
from bot.policy.pictures import PictureRules
from bot.replies import moderation_replies, safety_replies, withheld_replies
from bot.server_panel.frame import Item, SettingsPage, button, chosen_channel, control_id, panel_of, row, texts
from bot.store.moderation.channels import ModeratorChannel

MODERATORS_VERB, FORBID_VERB, ALLOW_VERB = "safetychannel", "safetyforbid", "safetyallow"
ELSEWHERE_VERB, RESTRICTED_VERB, STRICTNESS_VERB = "safetyelsewhere", "safetyrestricted", "safetystrictness"
WORDS = "words"

_MAX_WORDS = 2000


@dataclass(frozen=True, kw_only=True)
class SafetyState:
    """What the page shows.

    num_open: cases that moderators have to decide. has_classifier, shows_unsafe: as the operator has it.
    note: what came of the last press, if that has to be said.
    """

    pictures: PictureRules
    words: Sequence[str]
    moderators: ModeratorChannel | None
    num_open: int
    has_classifier: bool
    shows_unsafe: bool
    note: str = ""


def safety_page(state: SafetyState) -> discord.ui.LayoutView:
    """Return the panel."""
    parts = [*_pictures(state), discord.ui.Separator[Any](), *_words(state), *_moderators(state)]
    return panel_of(SettingsPage.SAFETY, state.note, parts)


def words_form(verb: str, title: Phrase, label: Phrase) -> discord.ui.Modal:
    """Return a form for words."""
    form = discord.ui.Modal(title=str(title), custom_id=control_id(verb))
    style = discord.TextStyle.paragraph
    field = discord.ui.TextInput[Any](custom_id=WORDS, max_length=_MAX_WORDS, style=style)
    form.add_item(discord.ui.Label(text=str(label), description=str(safety_replies.RULES_HELP), component=field))
    return form


def _pictures(state: SafetyState) -> Sequence[Item]:
    rules = state.pictures
    showings = {showing.value: label for showing, label in withheld_replies.SHOWINGS.items()}
    strictness = "strict" if rules.is_strict else "normal"
    said = withheld_replies.rules_text(rules, has_classifier=state.has_classifier, shows_unsafe=state.shows_unsafe)
    said = f"{safety_replies.PICTURES_TITLE}\n{said}"
    restricted, elsewhere = (str(one) for one in (withheld_replies.RESTRICTED_HELP, withheld_replies.ELSEWHERE_HELP))
    return [
        *texts(said, restricted),
        row(_select(RESTRICTED_VERB, showings, rules.age_restricted.value)),
        *texts(elsewhere),
        row(_select(ELSEWHERE_VERB, showings, rules.elsewhere.value)),
        *texts(str(withheld_replies.STRICTNESS_HELP)),
        row(_select(STRICTNESS_VERB, withheld_replies.STRICTNESS, strictness)),
    ]


def _words(state: SafetyState) -> Sequence[Item]:
    rules = safety_replies.rules(state.words) if state.words else str(safety_replies.ANY_WORDS)
    said = f"{safety_replies.WORDS_TITLE} {rules}"
    allow = [button(ALLOW_VERB, str(safety_replies.ALLOW_LABEL))] if state.words else []
    return [*texts(said), row(button(FORBID_VERB, str(safety_replies.FORBID_LABEL)), *allow)]


def _moderators(state: SafetyState) -> Sequence[Item]:
    chosen = state.moderators
    select = discord.ui.ChannelSelect[Any](
        custom_id=control_id(MODERATORS_VERB),
        channel_types=[discord.ChannelType.text],
        placeholder=str(moderation_replies.CHANNEL_HINT),
        min_values=0,
        default_values=[chosen_channel(chosen.channel_id)] if chosen and not chosen.fault else [],
    )
    said = f"{moderation_replies.REPORTS_TITLE} {moderation_replies.channel_state(chosen, state.num_open)}"
    return [*texts(said), row(select)]


def _select(verb: str, labels: Mapping[str, Phrase], chosen: str) -> discord.ui.Select[Any]:
    options = [
        discord.SelectOption(label=str(label), value=value, default=value == chosen) for value, label in labels.items()
    ]
    return discord.ui.Select(custom_id=control_id(verb), options=options)
