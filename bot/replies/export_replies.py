"""Every sentence about exports that administrators and members read in Discord."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.language import Phrase, _, number, plural
from bot.store.export_tables import ExportState
from bot.store.exports import Export

EXPORT_HELP = Phrase("Export what members of this server agree to publish, as data sets for trainers")
START_HELP = Phrase("Make a data set; you get it here, or by direct message if it takes long")
STATUS_HELP = Phrase("The last exports of this server, with their files")
FORMAT_HELP = Phrase("docs/exports.md says what each is for")
SINCE_HELP = Phrase("The first day (UTC), such as 2026-01-31")
UNTIL_HELP = Phrase("The first day (UTC) not to export any more, such as 2026-02-28")
MODEL_HELP = Phrase("Only pictures of this model")

MANAGERS_ONLY = Phrase("Only members who may manage this server can export its data.")
NOT_SET_UP = Phrase("This bot makes no exports in Discord. Its operator can, with `easel export`.")
UNDER_WAY = Phrase("An export of this server is being made already. Wait for it; `/export status` shows it.")
NO_EXPORTS = Phrase("Nothing has been exported from this server yet. `/export start` does that.")
OWN_MORE = Phrase(
    "A file with all of your pictures is being made. You get a link to it here, or by direct message if it takes long."
)
OWN_REST = Phrase(
    "This bot has no public address for a file with all of them. Ask its operator, who can set EASEL_PUBLIC_URL."
)

_FILE_GONE = Phrase("The file was deleted, because it is kept for a day. Make the export again.")
_LINK = Phrase("Download it here, until {end}: <{link}>\nWhoever has this link can download it.")
_NO_ADDRESS = Phrase(
    "It is too large for a message in Discord, and this bot has no public address for downloads. Until {end} it is on "
    "the bot's server: `{path}`. Ask the operator for it, or to set EASEL_PUBLIC_URL."
)
_REFUSED: Mapping[str, Phrase] = {
    "nobody_agreed": Phrase(
        "Nobody in this server has agreed to publishing, so there is nothing to export. Members choose with /privacy."
    ),
    "nothing_left": Phrase("Nothing that members of this server agreed to publish fits what you asked for."),
    "withdrawn": Phrase(
        "A member withdrew their consent each time while the export was being made. Try it again later."
    ),
    "erased": Phrase(
        "A member whose data was in it has erased themselves, so the file was deleted. Make the export again."
    ),
    "withdrew": Phrase(
        "A member whose data was in it has withdrawn their consent, so the file was deleted. Make the export again."
    ),
    "not_manager": Phrase(
        "You may not manage this server any more, so you do not get its data. Those who may can make the export again."
    ),
    "full": Phrase(
        "The disk of the bot's server is full, so nothing was exported. Ask the operator to free some space."
    ),
    "broken": Phrase("The export failed. Ask the operator to look into the bot's log."),
}

_LEFT_OUT: Mapping[str, Phrase] = {
    "gone": Phrase("gone"),
    "no_consent": Phrase("no consent"),
    "from_message": Phrase("from message"),
    "linked_picture": Phrase("linked picture"),
    "restricted_channel": Phrase("restricted channel"),
    "closed_server": Phrase("closed server"),
    "identifying": Phrase("identifying"),
    "name": Phrase("name"),
    "reported": Phrase("reported"),
    "prompts_differ": Phrase("prompts differ"),
    "sizes_differ": Phrase("sizes differ"),
    "identical": Phrase("identical"),
    "tie": Phrase("tie"),
    "weak": Phrase("weak"),
    "caption_changed": Phrase("caption changed"),
    "repeated": Phrase("repeated"),
    "damaged": Phrase("damaged"),
    "unreliable": Phrase("unreliable"),
    "too_fast": Phrase("too fast"),
    "not_standing": Phrase("not standing"),
    "excluded": Phrase("excluded"),
    "outranked": Phrase("outranked"),
    "contradictory": Phrase("contradictory"),
    "cycle": Phrase("cycle"),
}
_COUNTED: Mapping[str, Callable[[int], str]] = {
    "actions": lambda count: plural(count, "{n} action", "{n} actions"),
    "events": lambda count: plural(count, "{n} event", "{n} events"),
    "impressions": lambda count: plural(count, "{n} impression", "{n} impressions"),
    "jobs": lambda count: plural(count, "{n} job", "{n} jobs"),
    "pairs": lambda count: plural(count, "{n} pair", "{n} pairs"),
    "pictures": lambda count: plural(count, "{n} picture", "{n} pictures"),
    "prompts": lambda count: plural(count, "{n} prompt", "{n} prompts"),
    "rankings": lambda count: plural(count, "{n} ranking", "{n} rankings"),
    "selections": lambda count: plural(count, "{n} selection", "{n} selections"),
    "ties": lambda count: plural(count, "{n} tie", "{n} ties"),
}


def not_a_day(text: str) -> str:
    """Return that what was given is not a day."""
    return _('"{text}" is not a day. Write it as year, month and day, such as 2026-01-31.', text=text[:40])


def no_days_between(since: str, until: str) -> str:
    """Return that the bounds leave nothing."""
    return _(
        "There is no day from {since} to before {until}. Choose an `until` that is later than `since`.",
        since=since,
        until=until,
    )


def takes_no_bounds(name: str) -> str:
    """Return that the format always holds everything that may be in it."""
    return _(
        "The format {name} holds all that members here agree to publish: leave out since, until and model.", name=name
    )


def started(name: str) -> str:
    """Return that an export has begun."""
    return _(
        "The export `{name}` is being made. You get it here, or by direct message if it takes over 15 minutes.",
        name=name,
    )


def ended(export: Export, *, delivered: str | None) -> str:
    """Return what became of the export; `delivered` is where its file is, None if it is attached."""
    return "\n".join(filter(None, (_held(export), _result(export, delivered=delivered))))


def _held(export: Export) -> str:
    """Return what its file holds; nothing if it has none."""
    if export.state is not ExportState.DONE:
        return ""
    counts = _listed(export.outcome["counts"])
    if export.guild_id is None:
        return _("Your data: every record, as JSON, and {counts}.", counts=counts)
    size = _size(int(export.outcome["bytes"]))
    return _("**{name}**: {counts}, {size}.", name=_name(export), counts=counts, size=size)


def _result(export: Export, *, delivered: str | None) -> str:
    if export.state is not ExportState.DONE:
        said = _REFUSED.get(str(export.outcome.get("reason")), _REFUSED["broken"])
        return "\n".join(filter(None, (str(said), _left_out(export.outcome))))
    damaged = export.outcome.get("damaged")
    lost = (
        plural(
            damaged,
            "{n} picture is damaged or missing. The operator can restore it from a backup.",
            "{n} pictures are damaged or missing. The operator can restore them from a backup.",
        )
        if damaged
        else ""
    )
    return "\n".join(filter(None, (_left_out(export.outcome), lost, delivered)))


def link(address: str, end: datetime) -> str:
    """Return where the file can be downloaded, and until when."""
    return _LINK.format(link=address, end=_time(end))


def no_address(path: Path, end: datetime) -> str:
    """Return where the file is on the server."""
    return _NO_ADDRESS.format(path=path, end=_time(end))


def file_gone() -> str:
    """Return that the file is no longer there."""
    return str(_FILE_GONE)


def listed(export: Export, *, delivered: str | None) -> str:
    """Return the export as a line of the list; `delivered` is where its file is, None if it is attached."""
    if export.state is ExportState.WAITING:
        state = _("waiting") if export.claimed_until is None else _("being made")
    else:
        state = ended(export, delivered=delivered).replace(f"**{_name(export)}**: ", "").replace("\n", " ")
    return _("- **{name}**, asked for {ago}: {state}", name=_name(export), ago=_ago(export.created_at), state=state)


def _name(export: Export) -> str:
    options = export.options
    bounds = {"since": Phrase("since {day}"), "until": Phrase("until {day}"), "model": Phrase("of {model}")}
    told = [said.format(day=options[name], model=options[name]) for name, said in bounds.items() if options.get(name)]
    return " ".join([options["format"], *told])


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(_counted(number, noun) for noun, number in sorted(counts.items()))


def _counted(count: int, noun: str) -> str:
    counted = _COUNTED.get(noun)
    return counted(count) if counted else f"{number(count)} {noun}"


def _left_out(outcome: Mapping[str, Any]) -> str:
    """Return what was left out, by reason; of a release in sums, because a message has no room for each format."""
    left_out: Mapping[str, int] = outcome.get("left_out") or {}
    by_reason = Counter[str]()
    for reason, count in left_out.items():
        by_reason[reason.rpartition(": ")[2]] += count
    reasons = ", ".join(
        f"{number(count)} {_LEFT_OUT.get(reason, reason.replace('_', ' '))}"
        for reason, count in sorted(by_reason.items(), key=lambda one: -one[1])
    )
    if not reasons:
        return ""
    if any(": " in reason for reason in left_out):
        return _("Left out: {reasons}; manifest.json says of which formats.", reasons=reasons)
    return _("Left out: {reasons}.", reasons=reasons)


def _size(num_bytes: int) -> str:
    if num_bytes >= 100_000:
        return _("{number} MB", number=number(num_bytes / 1e6, digits=1))
    return _("{number} kB", number=number(num_bytes / 1e3, digits=1))


def _time(at: datetime) -> str:
    """Return a time as Discord's clients write it, in the member's language."""
    return f"<t:{int(at.timestamp())}:f>"


def _ago(at: datetime) -> str:
    return f"<t:{int(at.timestamp())}:R>"
