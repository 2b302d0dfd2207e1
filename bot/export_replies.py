"""Every sentence about exports that administrators and members read in Discord."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.store.export_tables import ExportState
from bot.store.exports import Export

EXPORT_HELP = "Export what members of this server agree to publish, as data sets for trainers"
START_HELP = "Make a data set; you get it here, or by direct message if it takes long"
STATUS_HELP = "The last exports of this server, with their files"
FORMAT_HELP = "docs/exports.md says what each is for"
SINCE_HELP = "The first day (UTC), such as 2026-01-31"
UNTIL_HELP = "The first day (UTC) not to export any more, such as 2026-02-28"
MODEL_HELP = "Only pictures of this model"

MANAGERS_ONLY = "Only members who may manage this server can export its data."
NOT_SET_UP = "This bot makes no exports in Discord. Its operator can, with `easel export`."
UNDER_WAY = "An export of this server is being made already. Wait for it; `/export status` shows it."
NO_EXPORTS = "Nothing has been exported from this server yet. `/export start` does that."
OWN_MORE = (
    "A file with all of your pictures is being made. You get a link to it here, or by direct message if it takes long."
)
OWN_REST = "This bot has no public address for a file with all of them. Ask its operator, who can set EASEL_PUBLIC_URL."

_FILE_GONE = "The file was deleted, because it is kept for a day. Make the export again."
_LINK = "Download it here, until {end}: <{link}>\nWhoever has this link can download it."
_NO_ADDRESS = (
    "It is too large for a message in Discord, and this bot has no public address for downloads. Until {end} it is on "
    "the bot's server: `{path}`. Ask the operator for it, or to set EASEL_PUBLIC_URL."
)
_REFUSED: Mapping[str, str] = {
    "nobody_agreed": (
        "Nobody in this server has agreed to publishing, so there is nothing to export. Members choose with /privacy."
    ),
    "nothing_left": "Nothing that members of this server agreed to publish fits what you asked for.",
    "withdrawn": "A member withdrew their consent each time while the export was being made. Try it again later.",
    "erased": "A member whose data was in it has erased themselves, so the file was deleted. Make the export again.",
    "withdrew": (
        "A member whose data was in it has withdrawn their consent, so the file was deleted. Make the export again."
    ),
    "not_manager": (
        "You may not manage this server any more, so you do not get its data. Those who may can make the export again."
    ),
    "full": "The disk of the bot's server is full, so nothing was exported. Ask the operator to free some space.",
    "broken": "The export failed. Ask the operator to look into the bot's log.",
}


def not_a_day(text: str) -> str:
    """Return that what was given is not a day."""
    return f'"{text[:40]}" is not a day. Write it as year, month and day, such as 2026-01-31.'


def no_days_between(since: str, until: str) -> str:
    """Return that the bounds leave nothing."""
    return f"There is no day from {since} to before {until}. Choose an `until` that is later than `since`."


def takes_no_bounds(name: str) -> str:
    """Return that the format always holds everything that may be in it."""
    return f"The format {name} holds all that members here agree to publish: leave out since, until and model."


def started(name: str) -> str:
    """Return that an export has begun."""
    return f"The export `{name}` is being made. You get it here, or by direct message if it takes over 15 minutes."


def ended(export: Export, *, delivered: str | None) -> str:
    """Return what became of the export; `delivered` is where its file is, None if it is attached."""
    if export.state is not ExportState.DONE:
        said = _REFUSED.get(str(export.outcome.get("reason")), _REFUSED["broken"])
        return "\n".join(filter(None, (said, _left_out(export.outcome))))
    if export.guild_id is None:
        held = f"Your data: every record, as JSON, and {_listed(export.outcome['counts'])}."
    else:
        held = f"**{_name(export)}**: {_listed(export.outcome['counts'])}, {_size(int(export.outcome['bytes']))}."
    damaged = export.outcome.get("damaged")
    lost = f"{damaged} pictures are damaged or missing. The operator can restore them from a backup." if damaged else ""
    return "\n".join(filter(None, (held, _left_out(export.outcome), lost, delivered)))


def link(address: str, end: datetime) -> str:
    """Return where the file can be downloaded, and until when."""
    return _LINK.format(link=address, end=_time(end))


def no_address(path: Path, end: datetime) -> str:
    """Return where the file is on the server."""
    return _NO_ADDRESS.format(path=path, end=_time(end))


def file_gone() -> str:
    """Return that the file is no longer there."""
    return _FILE_GONE


def listed(export: Export, *, delivered: str | None) -> str:
    """Return the export as a line of the list; `delivered` is where its file is, None if it is attached."""
    if export.state is ExportState.WAITING:
        state = "waiting" if export.claimed_until is None else "being made"
        return f"- **{_name(export)}**, asked for {_ago(export.created_at)}: {state}"
    said = ended(export, delivered=delivered).replace(f"**{_name(export)}**: ", "").replace("\n", " ")
    return f"- **{_name(export)}**, asked for {_ago(export.created_at)}: {said}"


def _name(export: Export) -> str:
    options = export.options
    bounds = (("since", "since"), ("until", "until"), ("model", "of"))
    return " ".join([options["format"], *(f"{word} {options[name]}" for name, word in bounds if options.get(name))])


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(
        f"{number:,} {noun.removesuffix('s') if number == 1 else noun}" for noun, number in sorted(counts.items())
    )


def _left_out(outcome: Mapping[str, Any]) -> str:
    """Return what was left out, by reason; of a release in sums, because a message has no room for each format."""
    left_out: Mapping[str, int] = outcome.get("left_out") or {}
    by_reason = Counter[str]()
    for reason, number in left_out.items():
        by_reason[reason.rpartition(": ")[2].replace("_", " ")] += number
    reasons = ", ".join(f"{number:,} {reason}" for reason, number in sorted(by_reason.items(), key=lambda one: -one[1]))
    is_release = any(": " in reason for reason in left_out)
    end = "; manifest.json says of which formats." if is_release else "."
    return f"Left out: {reasons}{end}" if reasons else ""


def _size(num_bytes: int) -> str:
    return f"{num_bytes / 1e6:,.1f} MB" if num_bytes >= 100_000 else f"{num_bytes / 1e3:,.1f} kB"


def _time(at: datetime) -> str:
    """Return a time as Discord's clients write it, in the member's language."""
    return f"<t:{int(at.timestamp())}:f>"


def _ago(at: datetime) -> str:
    return f"<t:{int(at.timestamp())}:R>"
