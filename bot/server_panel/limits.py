"""The page about limits: the plans of the server with who has them, and what changes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord

from bot.language import Phrase
from bot.policy.plans import MAX_NAME, GuildPlans
from bot.replies import plan_command_replies as replies
from bot.server_panel.frame import SettingsPage, button, control_id, panel_of, row, texts

DEFAULT_VERB, PLAN_VERB, JOBS_VERB, ROLE_VERB = "plandefault", "planset", "planjobs", "planrole"
REMOVE_VERB = "planremove"
NAME, PER_DAY, PER_MONTH, SPEEDS, TRAININGS = "name", "per_day", "per_month", "speeds", "trainings"
QUEUE, AT_ONCE, REPEAT, SETS = "queue", "at_once", "repeat", "sets"
PLAN, ROLE = "plan", "role"

_NONE = "-"
_MAX_OPTIONS = 25
_MAX_TIME, _MAX_NUMBER = 12, 3

Field = discord.ui.Label[Any]

_OF_PLANS: Mapping[str, Phrase] = {
    JOBS_VERB: replies.JOBS_LABEL,
    ROLE_VERB: replies.ROLE_LABEL,
    REMOVE_VERB: replies.REMOVE_LABEL,
}
"""What can be done once there is a plan."""


@dataclass(frozen=True, kw_only=True)
class LimitsState:
    """What the page shows of which guild; `note` is what came of the last press, if that has to be said."""

    guild_id: int
    plans: GuildPlans
    note: str = ""


def limits_page(state: LimitsState) -> discord.ui.LayoutView:
    """Return the panel."""
    found = state.plans
    default = discord.ui.Select[Any](
        custom_id=control_id(DEFAULT_VERB),
        options=_plan_options(found, str(replies.STANDARD_LABEL), found.default.name),
    )
    shown = [
        *texts(replies.listed_plans(found, state.guild_id), str(replies.EVERYONE_ELSE)),
        row(default),
        row(
            button(PLAN_VERB, str(replies.SET_LABEL)),
            *([button(verb, str(label)) for verb, label in _OF_PLANS.items()] if found.plans else []),
        ),
        *texts(str(replies.LEFT_EMPTY)),
    ]
    return panel_of(SettingsPage.LIMITS, state.note, shown)


def plan_form() -> discord.ui.Modal:
    """Return the form that makes or changes a plan; what is left empty stays as it is."""
    speeds = [discord.SelectOption(label=str(label), value=value) for value, label in replies.SPEED_CHOICES.items()]
    return _form(
        PLAN_VERB,
        str(replies.SET_TITLE),
        [
            _text(NAME, str(replies.NAME_LABEL), MAX_NAME, is_required=True),
            _text(PER_DAY, str(replies.DAY_LABEL), _MAX_TIME),
            _text(PER_MONTH, str(replies.MONTH_LABEL), _MAX_TIME),
            _text(TRAININGS, str(replies.TRAININGS_LABEL), _MAX_TIME),
            discord.ui.Label(
                text=str(replies.SPEEDS_LABEL),
                component=discord.ui.Select(custom_id=SPEEDS, options=speeds, min_values=0, required=False),
            ),
        ],
    )


def jobs_form(found: GuildPlans) -> discord.ui.Modal:
    """Return the form with the numbers of jobs in a plan, as Discord shows five fields at most."""
    numbers = [
        _text(field, str(label), _MAX_NUMBER, described=str(of)) for field, (label, of) in replies.NUMBERS.items()
    ]
    return _form(
        JOBS_VERB,
        str(replies.JOBS_TITLE),
        [discord.ui.Label(text=str(replies.PLAN_LABEL), component=_plan_select(found)), *numbers],
    )


def role_form(found: GuildPlans) -> discord.ui.Modal:
    """Return the form that gives a role a plan."""
    plans = discord.ui.Select[Any](custom_id=PLAN, options=_plan_options(found, str(replies.NO_PLAN), None))
    role = discord.ui.RoleSelect[Any](custom_id=ROLE, required=True)
    labels = [
        discord.ui.Label(text=str(replies.WHOM_LABEL), component=role),
        discord.ui.Label(text=str(replies.PLAN_LABEL), component=plans),
    ]
    return _form(ROLE_VERB, str(replies.ROLE_TITLE), labels)


def remove_form(found: GuildPlans) -> discord.ui.Modal:
    """Return the form that removes a plan."""
    label = discord.ui.Label[Any](
        text=str(replies.PLAN_LABEL), description=str(replies.REMOVE_HELP), component=_plan_select(found)
    )
    return _form(REMOVE_VERB, str(replies.REMOVE_TITLE), [label])


def plan_from_choice(value: str) -> str | None:
    """Return the name of the plan that was chosen; None for none of the server's."""
    return None if value == _NONE else value


def _plan_select(found: GuildPlans) -> discord.ui.Select[Any]:
    options = [discord.SelectOption(label=name, value=name) for name in found.plans]
    return discord.ui.Select(custom_id=PLAN, options=options)


def _plan_options(found: GuildPlans, none: str, chosen: str | None) -> list[discord.SelectOption]:
    """Return none of the server's plans, and as many of these as fit, the chosen one in any case."""
    names = sorted(found.plans, key=lambda name: name != chosen)[: _MAX_OPTIONS - 1]
    is_chosen = chosen in found.plans
    options = [discord.SelectOption(label=name, value=name, default=name == chosen) for name in sorted(names)]
    return [discord.SelectOption(label=none, value=_NONE, default=chosen is not None and not is_chosen), *options]


def _form(verb: str, title: str, fields: Sequence[Field]) -> discord.ui.Modal:
    form = discord.ui.Modal(title=title, custom_id=control_id(verb))
    for field in fields:
        form.add_item(field)
    return form


def _text(
    custom_id: str, label: str, longest: int, *, described: str | None = None, is_required: bool = False
) -> Field:
    field = discord.ui.TextInput[Any](custom_id=custom_id, max_length=longest, required=is_required)
    return discord.ui.Label(text=label, description=described, component=field)
