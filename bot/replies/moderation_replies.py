"""Every sentence about cases that moderators of a server read, and what their decisions mean to a member."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.cards import shown_prompt
from bot.language import Phrase, _, number, plural
from bot.replies import picture_title
from bot.replies.alt_replies import picture_subject
from bot.replies.feedback_replies import REPORT_REASONS
from bot.store.moderation.cases import Case, Ruling
from bot.store.moderation.channels import ModeratorChannel
from bot.store.moderation.members import RestrictedMember
from bot.store.moderation.rulings import Decided
from bot.store.moderation.tables import CaseKind, ChannelFault, Decision
from engine.contract.jobs import Job, Picture

REPORTS_TITLE = Phrase("**Reports.**")
CHANNEL_HINT = Phrase("Choose the moderators' channel")
CHANNEL_HELP = Phrase("Where moderators read what members report; without an option, shows it")
SET_HELP = Phrase("The channel; choose one that only moderators see")
CLEAR_HELP = Phrase("Post nothing any more; reports wait until a channel is set")
CASES_HELP = Phrase("How the last reports in this server were decided, by whom and why")

GREETING = Phrase(
    "Reports of pictures and appeals of members will be posted in this channel, for moderators to decide."
)
SET_AND_CLEAR = Phrase("Choose a channel or clear it, not both. Nothing has changed.")
NO_CHANNEL = Phrase(
    "This server has no moderators' channel, so reports wait. `/safety channel set:` with one posts them."
)
CLEARED = Phrase("Reports are posted nowhere any more. They wait until `/safety channel` sets a channel.")
UNREACHABLE = Phrase(
    "Discord does not answer at the moment, so I could not try the channel. Nothing has changed. Try again."
)
NO_CASES = Phrase("No report has been decided in this server yet.")

MEMBERS_HELP = Phrase("Who is timed out or banned in this server, until when and why")
ALLOW_HELP = Phrase("End the time out or the ban of a member")
MEMBER_HELP = Phrase("Who may start jobs here again")
MODERATORS_ONLY = Phrase("Only members who may time out or ban others here, or manage this server, can do that.")
NOBODY_RESTRICTED = Phrase("Nobody is timed out or banned in this server.")
NOT_RESTRICTED = Phrase("This member is neither timed out nor banned here, so nothing has changed.")
KEEP_LABEL, REMOVE_LABEL, TIME_OUT_LABEL, BAN_LABEL = (
    Phrase("Keep"),
    Phrase("Remove"),
    Phrase("Time out…"),
    Phrase("Ban…"),
)
TIME_OUT_TITLE, BAN_TITLE = Phrase("Time out a member"), Phrase("Ban a member")
LASTS_LABEL = Phrase("For how long can they start nothing here?")
REASON_LABEL = Phrase("Why? The member reads it.")
PICTURE_LABEL = Phrase("What about the picture?")
REMOVES_CHOICES: Mapping[str, Phrase] = {"remove": Phrase("Remove it from this server"), "keep": Phrase("Leave it")}
DURATIONS: Mapping[str, tuple[Phrase, timedelta]] = {
    "hour": (Phrase("1 hour"), timedelta(hours=1)),
    "day": (Phrase("1 day"), timedelta(days=1)),
    "week": (Phrase("1 week"), timedelta(weeks=1)),
    "month": (Phrase("4 weeks"), timedelta(weeks=4)),
}

_NEEDED: Mapping[Decision, Phrase] = {
    Decision.KEEP: Phrase("Time out members or Manage Messages"),
    Decision.REMOVE: Phrase("Time out members or Manage Messages"),
    Decision.TIME_OUT: Phrase("Time out members"),
    Decision.ACCEPT: Phrase("Time out members or Ban Members"),
    Decision.REFUSE: Phrase("Time out members or Ban Members"),
    Decision.BAN: Phrase("Ban Members"),
}
_MAX_PROMPT = 900
_FAULTS: Mapping[ChannelFault, Phrase] = {
    ChannelFault.DELETED: Phrase(
        "Reports are posted in {channel}, but it was deleted, so reports wait. Set another one with `/safety channel`."
    ),
    ChannelFault.FORBIDDEN: Phrase(
        "Reports are posted in {channel}, but I may not post there, so reports wait. Let me view the channel, send"
        " messages and attach files; I try again every few minutes."
    ),
}
_DONE: Mapping[Decision, Phrase] = {
    Decision.KEEP: Phrase("Kept"),
    Decision.REMOVE: Phrase("Removed"),
    Decision.TIME_OUT: Phrase("Timed out"),
    Decision.BAN: Phrase("Banned"),
    Decision.ALLOW: Phrase("Allowed again"),
    Decision.ACCEPT: Phrase("Appeal accepted"),
    Decision.REFUSE: Phrase("Appeal refused"),
    Decision.GONE: Phrase("Erased before anybody decided"),
}


def channel_set(channel_id: int, *, is_public: bool) -> str:
    """Return that the channel is set; `is_public` adds that everybody sees it."""
    said = _("Reports are posted in {channel}.", channel=f"<#{channel_id}>")
    if not is_public:
        return said
    return _("{said} Everybody in this server can see that channel. Hide it from members.", said=said)


def channel_refused(channel_id: int) -> str:
    """Return that the bot may not post in the channel."""
    return _(
        "I may not post in {channel}. Let me view the channel, send messages, attach files and read the message"
        " history there, then try again. Nothing has changed.",
        channel=f"<#{channel_id}>",
    )


def channel_state(channel: ModeratorChannel | None, num_open: int) -> str:
    """Return which channel it is, whether cases can be posted there, and how many are to be decided."""
    left = _("To be decided: {number}.", number=number(num_open))
    if channel is None:
        return f"{NO_CHANNEL} {left}"
    place = f"<#{channel.channel_id}>"
    if channel.fault:
        return f"{_FAULTS[channel.fault].format(channel=place)} {left}"
    posted = _("Reports are posted in {channel}.", channel=place)
    return f"{posted} {left}"


def case_text(case: Case, job: Job | None) -> str:
    """Return what moderators read of a case; never who reported it."""
    lines = [
        plural(
            case.num_reports,
            "🚩 **{what} of {who}**, reported once: {reasons}",
            "🚩 **{what} of {who}**, reported {n} times: {reasons}",
            what=_("Grid") if case.slot is None else picture_title(case.slot),
            who=f"<@{case.discord_id}>" if case.discord_id else _("a member who was erased"),
            reasons=_reasons(case),
        )
    ]
    if job:
        lines.append(f"> {shown_prompt(job.spec.prompt, _MAX_PROMPT)}")
    if case.reported:
        lines.append(_link(case.guild_id, case.reported.channel_id, case.reported.message_id))
    if case.ruling:
        lines.append(ruling_text(case.ruling))
    return "\n".join(lines)


def case_alt(job: Job, picture: Picture | None) -> str:
    """Return what the reported picture or grid shows, for those who cannot see it."""
    prompt = picture_subject(job.spec.prompt)
    if picture is None:
        return _("Reported grid: {prompt}", prompt=prompt)
    return _("Reported picture: {prompt}", prompt=prompt)


def ruling_text(ruling: Ruling) -> str:
    """Return how a case was decided, by whom, when and why."""
    at, done = f"<t:{int(ruling.at.timestamp())}:f>", str(_DONE[ruling.decision])
    if ruling.decision is Decision.GONE:
        return _("**{decision}**, {at}.", decision=done, at=at)
    if ruling.until:
        done = _("{decision} until {until}", decision=done, until=f"<t:{int(ruling.until.timestamp())}:f>")
    if ruling.is_removed and ruling.decision is not Decision.REMOVE:
        done = _("{decision}, picture removed", decision=done)
    said = _("**{decision}** by {who}, {at}.", decision=done, who=_who(ruling.discord_id), at=at)
    return _("{said} Reason: {reason}", said=said, reason=ruling.reason) if ruling.reason else said


def case_line(case: Case) -> str:
    """Return one case in the list of those that were decided."""
    assert case.ruling is not None
    owner, ruled = _who(case.discord_id), ruling_text(case.ruling)
    if case.kind is CaseKind.BARRED:
        at = f"<t:{int(case.ruling.at.timestamp())}:f>"
        if case.is_brought:
            barred = _("They brought a picture like one that must never appear, so it was not taken, {at}.", at=at)
        else:
            barred = _("A picture was like one that must never appear, so nothing was kept, {at}.", at=at)
        return f"- {owner}. {barred}"
    if case.kind is not CaseKind.REPORT:
        return f"- {owner}. {ruled}"
    reported = _(
        "{who}, reported {number} x ({reasons}).", who=owner, number=number(case.num_reports), reasons=_reasons(case)
    )
    return f"- {reported} {ruled}"


def not_allowed(decision: Decision) -> str:
    """Return which permission the decision needs."""
    return _(
        "You need the permission {permission} in this server for that. Nothing has changed.",
        permission=_NEEDED[decision],
    )


def decided(decided: Decided) -> str:
    """Return how a case is decided, to the moderator who has just pressed."""
    said = ruling_text(decided.ruling)
    return said if decided.is_own else _("This was decided before you pressed: {ruling}", ruling=said)


def allowed(discord_id: int) -> str:
    """Return that the member may start jobs again."""
    return _("{who} can start jobs in this server again.", who=f"<@{discord_id}>")


def restricted_line(member: RestrictedMember) -> str:
    """Return one member in the list of those who are timed out or banned."""
    facts = {
        "who": f"<@{member.discord_id}>",
        "moderator": _who(member.decider_id),
        "at": f"<t:{int(member.since.timestamp())}:f>",
        "reason": member.restriction.reason,
    }
    if until := member.restriction.until:
        end = f"<t:{int(until.timestamp())}:f>"
        return "- " + _("{who}: timed out until {end}, by {moderator}, {at}. Reason: {reason}", end=end, **facts)
    return "- " + _("{who}: banned, by {moderator}, {at}. Reason: {reason}", **facts)


def _who(discord_id: int | None) -> str:
    return f"<@{discord_id}>" if discord_id else _("someone who was erased")


def _reasons(case: Case) -> str:
    counted = sorted(case.reasons.items(), key=lambda one: (-one[1], one[0]))
    if len(counted) == 1:
        return str(REPORT_REASONS[counted[0][0]])
    return ", ".join(f"{REPORT_REASONS[reason]} ({number(times)})" for reason, times in counted)


def _link(guild_id: int, channel_id: int, message_id: int) -> str:
    return f"https://discord.com/channels/{guild_id}/{channel_id}/{message_id}"
