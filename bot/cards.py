"""What a message of Easel's shows: its line of text and its buttons, from a job as it stands; no pictures here."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import discord

from bot import replies
from bot.custom_ids import ButtonId, ButtonVerb, text_from_id
from engine.contract.feedback import Rating
from engine.contract.jobs import Job, JobStatus, Operation

MAX_CONTENT = 2000
"""Discord's limit on the text of a message."""

_ALL_OPERATIONS = frozenset(Operation)

_MAX_PROMPT = 1400

_LINK = re.compile(r"<?(https?://[^\s<>]+)>?")
_MARKDOWN = re.compile(r"([\\*_~`|<@\[\]])")


@dataclass(frozen=True, kw_only=True)
class ButtonFace:
    """One button: its id, and the label or emoji it wears."""

    id: ButtonId
    label: str | None = None
    emoji: str | None = None


Rows = tuple[tuple[ButtonFace, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Card:
    """A message without its picture: at most 2,000 characters, and rows of at most five buttons."""

    content: str
    rows: Rows = ()


def job_card(
    job: Job,
    discord_id: int,
    *,
    num_ahead: int = 0,
    wait: timedelta | None = None,
    operations: Collection[Operation] = _ALL_OPERATIONS,
) -> Card:
    """Return the message of a job as it stands, from waiting to its end.

    num_ahead: while it waits, how many will be offered before it; wait: until it is finished, None where unknown.
    operations: by which its words can be painted again; a button that starts a job of another is left out.
    """
    if job.status is JobStatus.FINISHED:
        return Card(content=_line(job, discord_id, None), rows=_grid_rows(job, operations))
    if job.status is JobStatus.CANCELLED:
        return Card(content=_line(job, discord_id, "Cancelled"))
    if job.status is JobStatus.FAILED:
        why = replies.sentence_from_cause(job.cause or {})
        return Card(content=_line(job, discord_id, f"Failed: {why}"))
    if job.status is JobStatus.RUNNING:
        return Card(content=_line(job, discord_id, f"{percent(job)}%"), rows=_cancel_row(job))
    return Card(content=_line(job, discord_id, replies.waiting(num_ahead, wait)), rows=_cancel_row(job))


def picture_card(job: Job, discord_id: int, slot: int, *, operations: Collection[Operation] = _ALL_OPERATIONS) -> Card:
    """Return the message of a single picture, `slot` 0 to 3; `operations` as for the job's own message."""
    content = f"**{shown_prompt(job.spec.prompt)}** - Image #{slot + 1} <@{discord_id}>"
    return Card(content=content, rows=_picture_rows(job.id, slot, operations))


def with_note(card: Card, note: str) -> Card:
    """Return the card with one more line under its text, cut where there is no room."""
    return Card(content=f"{card.content}\n{note}"[:MAX_CONTENT], rows=card.rows)


def percent(job: Job) -> int:
    """Return the share of the steps done as members see it, 0 to 100."""
    return int(job.progress * 100)


def shown_prompt(prompt: str) -> str:
    """Return the prompt as one line that Discord shows letter by letter: no markdown, mentions or link previews."""
    line = " ".join(prompt.split())
    shown = _escaped(line)
    while _length(shown) > _MAX_PROMPT:
        line = line[: len(line) * _MAX_PROMPT // _length(shown)].rstrip() if len(line) > 1 else ""
        shown = _escaped(line) + "…"
    return shown


def view_from_card(card: Card) -> discord.ui.View:
    """Return the buttons of the card for discord.py, which is told to forget them: presses are found by id alone."""
    view = discord.ui.View(timeout=None)
    for row, faces in enumerate(card.rows):
        for face in faces:
            view.add_item(
                discord.ui.Button(
                    style=discord.ButtonStyle.secondary,
                    custom_id=text_from_id(face.id),
                    label=face.label,
                    emoji=face.emoji,
                    row=row,
                )
            )
    view.stop()
    return view


def _line(job: Job, discord_id: int, state: str | None) -> str:
    who = f"Variations by <@{discord_id}>" if job.operation is Operation.VARY else f"<@{discord_id}>"
    return f"**{shown_prompt(job.spec.prompt)}** - {who}" + (f" ({state})" if state else "")


def _cancel_row(job: Job) -> Rows:
    return ((ButtonFace(id=ButtonId(verb=ButtonVerb.CANCEL, job_id=job.id), label="Cancel"),),)


def _grid_rows(job: Job, operations: Collection[Operation]) -> Rows:
    again = ButtonFace(id=ButtonId(verb=ButtonVerb.REROLL, job_id=job.id), emoji="🔄")
    return _filled(
        _numbered("U", ButtonVerb.UP, job.id) + ((again,) if job.operation in operations else ()),
        _numbered("V", ButtonVerb.VARY, job.id) if Operation.VARY in operations else (),
        tuple(_face(ButtonVerb.RATE, job.id, rating.value, rating) for rating in Rating),
    )


def _picture_rows(job_id: UUID, slot: int, operations: Collection[Operation]) -> Rows:
    vary = ButtonFace(id=ButtonId(verb=ButtonVerb.VARY, job_id=job_id, index=slot + 1), label="Vary", emoji="🪄")
    tens = 10 * (slot + 1)
    return _filled(
        (vary,) if Operation.VARY in operations else (),
        tuple(_face(ButtonVerb.JUDGE, job_id, tens + rating.value, rating) for rating in Rating),
    )


def _filled(*rows: tuple[ButtonFace, ...]) -> Rows:
    return tuple(row for row in rows if row)


def _numbered(letter: str, verb: ButtonVerb, job_id: UUID) -> tuple[ButtonFace, ...]:
    return tuple(
        ButtonFace(id=ButtonId(verb=verb, job_id=job_id, index=number), label=f"{letter}{number}")
        for number in range(1, 5)
    )


def _face(verb: ButtonVerb, job_id: UUID, index: int, rating: Rating) -> ButtonFace:
    return ButtonFace(id=ButtonId(verb=verb, job_id=job_id, index=index), emoji=replies.FACES[rating])


def _escaped(line: str) -> str:
    pieces = _LINK.split(line)
    # Odd pieces are the addresses: in angle brackets Discord makes no preview of them.
    return "".join(f"<{piece}>" if at % 2 else _MARKDOWN.sub(r"\\\1", piece) for at, piece in enumerate(pieces))


def _length(text: str) -> int:
    """Return the length in UTF-16 units, as Discord's clients count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
