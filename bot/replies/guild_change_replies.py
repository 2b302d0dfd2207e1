"""Every sentence about who changed what in the settings of a server, which those who manage it read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import discord

from bot.cards import MAX_CONTENT, length
from bot.language import Phrase, _
from bot.policy.plan_facts import plan_from_fact, read_fact
from bot.policy.plans import Plan
from bot.replies.plan_replies import gpu_time
from bot.replies.safety_replies import listed
from bot.replies.server_replies import LANGUAGE_NAMES
from bot.store.guilds.changes import GuildChange
from bot.store.guilds.tables import GuildSetting

SERVER_HELP = Phrase("How Easel works in this server")
CHANGES_HELP = Phrase("Who changed what in the settings of this server")

MANAGERS_ONLY = Phrase("Only members who may manage this server can see and change its settings.")
NO_CHANGES = Phrase("Nobody has changed the settings of this server yet.")
NO_MORE_CHANGES = Phrase("There are no older changes.")
NEWER, OLDER = Phrase("Newer"), Phrase("Older")

_CHANGED: Mapping[GuildSetting, Phrase] = {
    GuildSetting.ADAPTERS: Phrase("{who} changed whether members share their LoRAs here from {old} to {new}"),
    GuildSetting.ANNOUNCEMENTS: Phrase("{who} changed the channel of announcements from {old} to {new}"),
    GuildSetting.CHANNELS: Phrase("{who} changed the channels for Easel from {old} to {new}"),
    GuildSetting.CONSENT: Phrase("{who} changed the use of what happens here from {old} to {new}"),
    GuildSetting.FILTER: Phrase("{who} changed the filter of pictures from {old} to {new}"),
    GuildSetting.GALLERY: Phrase("{who} changed the gallery from {old} to {new}"),
    GuildSetting.LANGUAGE: Phrase("{who} changed the language from {old} to {new}"),
    GuildSetting.LIMITS: Phrase("{who} changed the limits from {old} to {new}"),
}
_SAID: Mapping[str, str | Phrase] = {
    "on": Phrase("on"),
    "off": Phrase("off"),
    "everywhere": Phrase("everywhere"),
    "member": Phrase("that of each member"),
    "elsewhere: withhold": Phrase("elsewhere: withhold"),
    "elsewhere: spoiler": Phrase("elsewhere: spoiler"),
    "elsewhere: show": Phrase("elsewhere: show"),
    "age-restricted: withhold": Phrase("age-restricted: withhold"),
    "age-restricted: spoiler": Phrase("age-restricted: spoiler"),
    "age-restricted: show": Phrase("age-restricted: show"),
    "strict": Phrase("strict"),
    "normal": Phrase("normal"),
    **LANGUAGE_NAMES,
}
"""What values are called that are stored in a word of ours."""
_MAX_VALUE = 200


def change_lines(changes: Sequence[GuildChange]) -> str:
    """Return changes, a line for each, each as long as all of them fit into a message."""
    share = MAX_CONTENT // max(1, len(changes)) - 1
    return "\n".join(change_line(change, share) for change in changes)


def change_line(change: GuildChange, limit: int = MAX_CONTENT) -> str:
    """Return one change in the list of changes; its values are cut before the line would exceed the limit."""
    lines = (_line(change, longest) for longest in (_MAX_VALUE, _MAX_VALUE // 2, _MAX_VALUE // 4, _MAX_VALUE // 8))
    return next((line for line in lines if length(line) <= limit), _cut(_line(change, _MAX_VALUE // 8), limit))


def _line(change: GuildChange, longest: int) -> str:
    who = f"<@{change.discord_id}>" if change.discord_id else _("someone who was erased")
    said = " ".join(_WHAT.get(change.setting, _changed)(change, who, longest))
    return f"<t:{int(change.at.timestamp())}:f> {said}"


def _changed(change: GuildChange, who: str, longest: int) -> list[str]:
    old, new = _values(change.removed, longest), _values(change.added, longest)
    return [_CHANGED[change.setting].format(who=who, old=old, new=new)]


def _changed_words(change: GuildChange, who: str, _longest: int) -> list[str]:
    forbidden = [_("{who} forbade {words}", who=who, words=listed(change.added))] if change.added else []
    return forbidden + ([_("{who} allowed {words}", who=who, words=listed(change.removed))] if change.removed else [])


def _changed_channel(change: GuildChange, who: str, _longest: int) -> list[str]:
    if not change.added:
        return [_("{who} cleared the moderators' channel", who=who)]
    return [_("{who} made {channel} the moderators' channel", who=who, channel=f"<#{change.added[0]}>")]


def _changed_pause(change: GuildChange, who: str, _longest: int) -> list[str]:
    is_paused = "on" in change.added
    return [_("{who} paused Easel here", who=who) if is_paused else _("{who} ended the pause", who=who)]


def _changed_limits(change: GuildChange, who: str, longest: int) -> list[str]:
    old, new = (_values(list(map(limit_text, values)), longest) for values in (change.removed, change.added))
    return [_CHANGED[change.setting].format(who=who, old=old, new=new)]


def limit_text(text: str) -> str:
    """Return a plan, the plan of a role or the default one, from what is kept of it; a text in words as it is."""
    fact = read_fact(text)
    if fact is None:
        return text
    match fact:
        case {"role": role, "plan": name}:
            return f"{role}: {name}"
        case {"default": name}:
            return _("default: {name}", name=name)
        case {"name": name}:
            return f"{name} ({', '.join(_allowed(plan_from_fact(fact)))})"
    return text


def _allowed(plan: Plan) -> Iterator[str]:
    if plan.per_day is not None:
        yield _("{time} a day", time=gpu_time(plan.per_day))
    if plan.per_month is not None:
        yield _("{time} a month", time=gpu_time(plan.per_month))
    if plan.max_running is not None:
        yield _("{n} at once", n=plan.max_running)
    yield _("{n} unfinished", n=plan.max_pending)
    if plan.max_repeat is not None:
        yield _("{n} repeat", n=plan.max_repeat)
    if plan.max_permutations is not None:
        yield _("{n} sets", n=plan.max_permutations)
    if plan.trainings is not None:
        yield _("{n} trainings a month", n=plan.trainings)
    yield from sorted(plan.speeds)


def _values(values: Sequence[str], longest: int) -> str:
    shown = ", ".join(str(_SAID.get(value) or discord.utils.escape_markdown(value)) for value in values)
    return _cut(shown, longest) or _("nothing")


def _cut(text: str, limit: int) -> str:
    if length(text) <= limit:
        return text
    while length(text) > limit - 3:
        text = text[:-1]
    return f"{text}..."


_WHAT: Mapping[GuildSetting, Callable[[GuildChange, str, int], list[str]]] = {
    GuildSetting.CHANNEL: _changed_channel,
    GuildSetting.LIMITS: _changed_limits,
    GuildSetting.PAUSE: _changed_pause,
    GuildSetting.WORDS: _changed_words,
}
