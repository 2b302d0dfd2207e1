"""What those who manage a server read when they look after its plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from discord.utils import escape_markdown

from bot.cards import MAX_CONTENT, length
from bot.language import Phrase, _, listed, plural
from bot.policy.plans import GuildPlans, Plan
from bot.replies.plan_replies import plan_lines

PLAN_HELP = Phrase("What members of this server may use, by their roles")
LIST_HELP = Phrase("The plans of this server and who has them")
SET_HELP = Phrase("Make a plan, or change the limits that you give here")
REMOVE_HELP = Phrase("Remove a plan; its roles have the default one then")
ROLE_HELP = Phrase("Give those with a role a plan; who has several roles has the best of their plans")
DEFAULT_HELP = Phrase("Which plan those have none of whose roles has one")
NAME_HELP = Phrase("The name of the plan")
DAY_HELP = Phrase("GPU time a day, such as 90s, 30m or 2h; none for no limit")
MONTH_HELP = Phrase("GPU time a month, such as 30m or 15h; none for no limit")
AT_ONCE_HELP = Phrase("Jobs of a member that are painted at once; 0 for no limit")
QUEUE_HELP = Phrase("Unfinished jobs of a member, waiting and painted")
REPEAT_HELP = Phrase("The most for --repeat; 0 for no limit")
SETS_HELP = Phrase("The most prompts that sets such as {red, green} make of one; 0 for no limit")
TRAININGS_HELP = Phrase("LoRAs that a member may train a month, such as 3; none for no limit")
SPEEDS_HELP = Phrase("Which of --fast, --relax and --turbo are allowed")
WHOM_HELP = Phrase("The role; @everyone is every member")
NONE_HELP = Phrase("The plan; leave it out for none")

MANAGERS_ONLY = Phrase("Only members who may manage this server can look after its plans.")
NOTHING_CHANGED = Phrase("Nothing has changed: it was so already.")
NO_PLANS = Phrase(
    "This server has no plans, so everyone may use the same. `/plan set` makes one, `/plan role` says who has it, and "
    "`/plan default` what all others have."
)
SET_LABEL, SET_TITLE = Phrase("Make or change a plan…"), Phrase("Make or change a plan")
JOBS_LABEL, JOBS_TITLE = Phrase("Numbers of jobs…"), Phrase("Numbers of jobs in a plan")
ROLE_LABEL, ROLE_TITLE = Phrase("Give a role a plan…"), Phrase("Give a role a plan")
REMOVE_LABEL, REMOVE_TITLE = Phrase("Remove a plan…"), Phrase("Remove a plan")
NAME_LABEL = Phrase("Name; an existing plan is changed")
DAY_LABEL = Phrase("GPU time a day: 90s, 30m, 2h or none")
MONTH_LABEL = Phrase("GPU time a month: 30m, 15h or none")
TRAININGS_LABEL = Phrase("LoRAs trained a month: 3, 0 or none")
SPEEDS_LABEL = Phrase("Speeds")
WHOM_LABEL = Phrase("Role; @everyone is every member")
PLAN_LABEL = Phrase("Plan")
STANDARD_LABEL = Phrase("The standard plan")
NO_PLAN = Phrase("No plan of its own")
EVERYONE_ELSE = Phrase("**Everyone else.** The plan of those none of whose roles has one.")
LEFT_EMPTY = Phrase("-# What is left empty in a form stays as it is.")
_NO_LIMIT = Phrase("1 to 40; 0 for no limit")
NUMBERS: Mapping[str, tuple[Phrase, Phrase]] = {
    "queue": (Phrase("Unfinished jobs of a member"), Phrase("Waiting and painted: 1 to 200")),
    "at_once": (Phrase("Jobs of a member that are painted at once"), _NO_LIMIT),
    "repeat": (Phrase("Jobs of one prompt by --repeat"), _NO_LIMIT),
    "sets": (Phrase("Prompts by sets such as {red, green}"), _NO_LIMIT),
}
"""The numbers of jobs in a plan, by the ids of their fields, with what can be typed."""
_DEFAULT = Phrase("the default")


def listed_plans(found: GuildPlans, guild_id: int, *, num_forgotten: int = 0) -> str:
    """Return the plans with who has them, as much as a message takes; and how many deleted roles had one until now."""
    lines = [_plan_line(plan, found, guild_id) for plan in found.plans.values()] or [str(NO_PLANS)]
    if found.plans and found.default.name not in found.plans:
        lines.append(_("Everyone else: {limits}", limits=", ".join(plan_lines(found.default))))
    if num_forgotten:
        lines.append(
            plural(
                num_forgotten,
                "{n} role with a plan was deleted in Discord, so its plan is forgotten.",
                "{n} roles with plans were deleted in Discord, so their plans are forgotten.",
            )
        )
    return _fitting(lines)


def numbers_refused(fields: Sequence[str]) -> str:
    """Return which of the numbers cannot be typed, and which can."""
    what = listed([f"**{NUMBERS[field][0]}** ({NUMBERS[field][1]})" for field in fields])
    return _("⚠️ Nothing has changed. Type another number for {what}.", what=what)


def plan_set(plan: Plan, found: GuildPlans, guild_id: int) -> str:
    """Return the plan as it is now."""
    said = [_plan_line(plan, found, guild_id)]
    if plan.name not in found.roles.values() and found.default.name != plan.name:
        said.append(_("Nobody has it yet: `/plan role` gives it to a role, `/plan default` to everyone else."))
    return "\n".join(said)


def plan_removed(name: str) -> str:
    """Return that the plan is gone."""
    return _("The plan **{name}** is removed.", name=escape_markdown(name))


def role_given(role_id: int, guild_id: int, name: str | None) -> str:
    """Return which plan the role has now."""
    if name is None:
        return _("{role} has no plan of its own now.", role=_role(role_id, guild_id))
    return _("{role} has the plan **{name}** now.", role=_role(role_id, guild_id), name=escape_markdown(name))


def default_chosen(name: str | None) -> str:
    """Return which plan is the default one now."""
    if name is None:
        return _("Members whose roles have no plan have the standard one now.")
    return _("Members whose roles have no plan have **{name}** now.", name=escape_markdown(name))


def _role(role_id: int, guild_id: int) -> str:
    # The role of everyone has the guild's id, and Discord shows no mention of it.
    return "@everyone" if role_id == guild_id else f"<@&{role_id}>"


def _plan_line(plan: Plan, found: GuildPlans, guild_id: int) -> str:
    whose = [_role(role_id, guild_id) for role_id, name in found.roles.items() if name == plan.name]
    whose += [str(_DEFAULT)] if found.default.name == plan.name else []
    who = f" ({', '.join(whose)})" if whose else ""
    return f"**{escape_markdown(plan.name)}**{who}: {', '.join(plan_lines(plan))}"


def _fitting(lines: Sequence[str]) -> str:
    shown: list[str] = []
    for line in lines:
        if length("\n".join([*shown, line])) > MAX_CONTENT - 20:
            return "\n".join([*shown, "..."])
        shown.append(line)
    return "\n".join(shown)


SPEED_CHOICES: Mapping[str, Phrase] = {
    "fast+relax": Phrase("fast and relax"),
    "fast+relax+turbo": Phrase("fast, relax and turbo"),
    "fast": Phrase("fast alone"),
    "relax": Phrase("relax alone"),
}
