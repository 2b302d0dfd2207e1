"""Every sentence about cases that moderators of a server read, and what their decisions mean to a member."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.alt_replies import picture_subject
from bot.cards import shown_prompt
from bot.feedback_replies import REPORT_REASONS
from bot.replies import picture_title
from bot.store.moderation.cases import Case, Ruling
from bot.store.moderation.channels import ModeratorChannel
from bot.store.moderation.members import RestrictedMember
from bot.store.moderation.rulings import Decided
from bot.store.moderation.tables import CaseKind, ChannelFault, Decision
from engine.contract.jobs import Job, Picture

CHANNEL_HELP = "Where moderators read what members report; without an option, shows it"
SET_HELP = "The channel; choose one that only moderators see"
CLEAR_HELP = "Post nothing any more; reports wait until a channel is set"
CASES_HELP = "How the last reports in this server were decided, by whom and why"

GREETING = "Reports of pictures and appeals of members will be posted in this channel, for moderators to decide."
SET_AND_CLEAR = "Choose a channel or clear it, not both. Nothing has changed."
NO_CHANNEL = "This server has no moderators' channel, so reports wait. `/safety channel set:` with one posts them."
CLEARED = "Reports are posted nowhere any more. They wait until `/safety channel` sets a channel."
UNREACHABLE = "Discord does not answer at the moment, so I could not try the channel. Nothing has changed. Try again."
NO_CASES = "No report has been decided in this server yet."

MEMBERS_HELP = "Who is timed out or banned in this server, until when and why"
ALLOW_HELP = "End the time out or the ban of a member"
MEMBER_HELP = "Who may start jobs here again"
MODERATORS_ONLY = "Only members who may time out or ban others here, or manage this server, can do that."
NOBODY_RESTRICTED = "Nobody is timed out or banned in this server."
NOT_RESTRICTED = "This member is neither timed out nor banned here, so nothing has changed."
KEEP_LABEL, REMOVE_LABEL, TIME_OUT_LABEL, BAN_LABEL = "Keep", "Remove", "Time out…", "Ban…"
TIME_OUT_TITLE, BAN_TITLE = "Time out a member", "Ban a member"
LASTS_LABEL = "For how long can they start nothing here?"
REASON_LABEL = "Why? The member reads it."
PICTURE_LABEL = "What about the picture?"
REMOVES_CHOICES: Mapping[str, str] = {"remove": "Remove it from this server", "keep": "Leave it"}
DURATIONS: Mapping[str, tuple[str, timedelta]] = {
    "hour": ("1 hour", timedelta(hours=1)),
    "day": ("1 day", timedelta(days=1)),
    "week": ("1 week", timedelta(weeks=1)),
    "month": ("4 weeks", timedelta(weeks=4)),
}

_NEEDED: Mapping[Decision, str] = {
    Decision.KEEP: "Time out members or Manage Messages",
    Decision.REMOVE: "Time out members or Manage Messages",
    Decision.TIME_OUT: "Time out members",
    Decision.ACCEPT: "Time out members or Ban Members",
    Decision.REFUSE: "Time out members or Ban Members",
    Decision.BAN: "Ban Members",
}
_MAX_PROMPT = 900
_FAULTS: Mapping[ChannelFault, str] = {
    ChannelFault.DELETED: "it was deleted, so reports wait. Set another one with `/safety channel`.",
    ChannelFault.FORBIDDEN: (
        "I may not post there, so reports wait. Let me view the channel, send messages and attach files; I try again"
        " every few minutes."
    ),
}
_DONE: Mapping[Decision, str] = {
    Decision.KEEP: "Kept",
    Decision.REMOVE: "Removed",
    Decision.TIME_OUT: "Timed out",
    Decision.BAN: "Banned",
    Decision.ALLOW: "Allowed again",
    Decision.ACCEPT: "Appeal accepted",
    Decision.REFUSE: "Appeal refused",
    Decision.GONE: "Erased before anybody decided",
}


def channel_set(channel_id: int, *, is_public: bool) -> str:
    """Return that the channel is set; `is_public` adds that everybody sees it."""
    warning = " Everybody in this server can see that channel. Hide it from members." if is_public else ""
    return f"Reports are posted in <#{channel_id}>.{warning}"


def channel_refused(channel_id: int) -> str:
    """Return that the bot may not post in the channel."""
    return (
        f"I may not post in <#{channel_id}>. Let me view the channel, send messages, attach files and read the message"
        " history there, then try again. Nothing has changed."
    )


def channel_state(channel: ModeratorChannel | None, num_open: int) -> str:
    """Return which channel it is, whether cases can be posted there, and how many are to be decided."""
    left = f"To be decided: {num_open}."
    if channel is None:
        return f"{NO_CHANNEL} {left}"
    fault = f", but {_FAULTS[channel.fault]}" if channel.fault else "."
    return f"Reports are posted in <#{channel.channel_id}>{fault} {left}"


def case_text(case: Case, job: Job | None) -> str:
    """Return what moderators read of a case; never who reported it."""
    owner = f"<@{case.discord_id}>" if case.discord_id else "a member who was erased"
    times = "once" if case.num_reports == 1 else f"{case.num_reports} times"
    what = "Grid" if case.slot is None else picture_title(case.slot)
    lines = [f"🚩 **{what} of {owner}**, reported {times}: {_reasons(case)}"]
    if job:
        lines.append(f"> {shown_prompt(job.spec.prompt, _MAX_PROMPT)}")
    if case.reported:
        lines.append(_link(case.guild_id, case.reported.channel_id, case.reported.message_id))
    if case.ruling:
        lines.append(ruling_text(case.ruling))
    return "\n".join(lines)


def case_alt(job: Job, picture: Picture | None) -> str:
    """Return what the reported picture or grid shows, for those who cannot see it."""
    what = "grid" if picture is None else "picture"
    return f"Reported {what}: {picture_subject(job.spec.prompt)}"


def ruling_text(ruling: Ruling) -> str:
    """Return how a case was decided, by whom, when and why."""
    if ruling.decision is Decision.GONE:
        return f"**{_DONE[ruling.decision]}**, <t:{int(ruling.at.timestamp())}:f>."
    who = f"<@{ruling.discord_id}>" if ruling.discord_id else "someone who was erased"
    until = f" until <t:{int(ruling.until.timestamp())}:f>" if ruling.until else ""
    removed = ", picture removed" if ruling.is_removed and ruling.decision is not Decision.REMOVE else ""
    reason = f" Reason: {ruling.reason}" if ruling.reason else ""
    return f"**{_DONE[ruling.decision]}{until}{removed}** by {who}, <t:{int(ruling.at.timestamp())}:f>.{reason}"


def case_line(case: Case) -> str:
    """Return one case in the list of those that were decided."""
    assert case.ruling is not None
    owner = f"<@{case.discord_id}>" if case.discord_id else "someone who was erased"
    if case.kind is not CaseKind.REPORT:
        return f"- {owner}. {ruling_text(case.ruling)}"
    return f"- {owner}, reported {case.num_reports} x ({_reasons(case)}). {ruling_text(case.ruling)}"


def not_allowed(decision: Decision) -> str:
    """Return which permission the decision needs."""
    return f"You need the permission {_NEEDED[decision]} in this server for that. Nothing has changed."


def decided(decided: Decided) -> str:
    """Return how a case is decided, to the moderator who has just pressed."""
    said = ruling_text(decided.ruling)
    return said if decided.is_own else f"This was decided before you pressed: {said}"


def allowed(discord_id: int) -> str:
    """Return that the member may start jobs again."""
    return f"<@{discord_id}> can start jobs in this server again."


def restricted_line(member: RestrictedMember) -> str:
    """Return one member in the list of those who are timed out or banned."""
    until = member.restriction.until
    what = f"timed out until <t:{int(until.timestamp())}:f>" if until else "banned"
    who = f"<@{member.decider_id}>" if member.decider_id else "someone who was erased"
    since = f"<t:{int(member.since.timestamp())}:f>"
    return f"- <@{member.discord_id}>: {what}, by {who}, {since}. Reason: {member.restriction.reason}"


def _reasons(case: Case) -> str:
    counted = sorted(case.reasons.items(), key=lambda one: (-one[1], one[0]))
    if len(counted) == 1:
        return REPORT_REASONS[counted[0][0]]
    return ", ".join(f"{REPORT_REASONS[reason]} ({number})" for reason, number in counted)


def _link(guild_id: int, channel_id: int, message_id: int) -> str:
    return f"https://discord.com/channels/{guild_id}/{channel_id}/{message_id}"
