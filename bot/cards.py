"""The text and the buttons of Easel's messages, made from a job's current state; no pictures here."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from types import MappingProxyType
from typing import Any, Protocol
from uuid import UUID

import discord

from bot import replies
from bot.custom_ids import AnswerOrigin
from bot.language import percentage, said
from bot.replies import operation_replies
from engine.contract.jobs import FINAL, Job, JobStatus, Operation
from engine.prompt import Sentence

MAX_CONTENT = 2000
"""Discord's limit on the text of a message."""

_ALL_OPERATIONS = frozenset(Operation)
_MAX_PROMPT, _MAX_TITLE = 1400, 100
_LINK = re.compile(r"<?(https?://[^\s<>]+)>?")
_MARKDOWN = re.compile(r"([\\*_~`|<@\[\]])")


class CardKind(Enum):
    """What a card shows: a job that waits or runs, a series, a grid, the prompts that it suggests, a picture.
    The others are answers to one member: the rating that stands, what else there is to do, whether they want to delete
    it, which region to paint anew, how much larger to make it, a pair, what was found, a refusal; or for moderators.
    """

    PENDING = auto()
    SERIES = auto()
    GRID = auto()
    SUGGESTIONS = auto()
    PICTURE = auto()
    RATED = auto()
    MORE = auto()
    DELETING = auto()
    REGION = auto()
    UPSCALE_SUBTLE = auto()
    UPSCALE_CREATIVE = auto()
    PAIR = auto()
    FOUND = auto()
    CASE = auto()
    APPEAL = auto()
    ADAPTER = auto()
    REFUSED = auto()
    WITHHELD = auto()


class FaceStyle(Enum):
    """How a button looks: like any other, as what stands, or as what cannot be undone."""

    PLAIN = discord.ButtonStyle.secondary
    CHOSEN = discord.ButtonStyle.primary
    DANGER = discord.ButtonStyle.danger


@dataclass(frozen=True, kw_only=True)
class ButtonFace:
    """One button of a card: its id and its label, emoji or both; a disabled one cannot be pressed."""

    custom_id: str
    label: str | None = None
    emoji: str | None = None
    style: FaceStyle = FaceStyle.PLAIN
    is_disabled: bool = False


@dataclass(frozen=True, kw_only=True)
class AnswerSubject:
    """What an answer to one member is about, and what stands of theirs.

    job_id: of a pair, its impression; of what was found, its search. origin: None where the answer is about itself.
    may_delete: whether the member may delete the result.
    favourites: slots of their favourites. best: slot of what they chose as the best of the grid, None if they did not.
    has_pages: whether members can reach the bot's pages.
    has_segmenter: whether the service finds in a picture what words name.
    cells: of `engine.contract.edits.CELLS`, those of a region that they have chosen so far.
    found: own jobs that were found. pages: of a search, those before and after the one that is shown.
    factors: by which of `engine.prompt.checks.upscales.FACTORS` the picture can grow.
    """

    job_id: UUID
    origin: AnswerOrigin | None
    may_delete: bool = False
    favourites: frozenset[int] = frozenset()
    best: int | None = None
    cells: frozenset[int] = frozenset()
    has_pages: bool = False
    factors: frozenset[int] = frozenset()
    has_segmenter: bool = False
    found: tuple[UUID, ...] = ()
    pages: tuple[int | None, int | None] = (None, None)

    @property
    def number(self) -> int | None:
        """The picture that the message shows by itself, 1 to 4; None for a grid."""
        return None if self.origin is None or self.origin.slot is None else self.origin.slot + 1


class CardButton(Protocol):
    """What the class of a verb declares for the cards.

    rows: the cards on which its buttons are, each with the row, counted from 0. variation: the kind of a press.
    """

    @property
    def rows(self) -> Mapping[CardKind, int]: ...

    @property
    def variation(self) -> str | None: ...

    def faces(self, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return its buttons on a card of the job, from left to right; `slot` as in `picture_card`, else None."""
        ...

    def answer_faces(self, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return its buttons on an answer to one member, from left to right."""
        ...

    def operation_of(self, job: Job) -> Operation | None:
        """Return the operation of the job that a press starts, or None when it starts none."""
        ...


Buttons = Sequence[CardButton]
"""The class of every verb. Within a row, their buttons follow this order."""

Rows = tuple[tuple[ButtonFace, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Card:
    """A message without its picture: at most 2,000 characters, and rows of at most five buttons."""

    content: str
    rows: Rows = ()


def job_card(
    job: Job,
    discord_id: int,
    buttons: Buttons,
    *,
    num_ahead: int | None = None,
    wait: timedelta | None = None,
    operations: Collection[Operation] = _ALL_OPERATIONS,
    state: str | None = None,
    notes: Sequence[Sentence] = (),
) -> Card:
    """Return the message of a job in its current state, from waiting to its end.

    num_ahead: how many jobs start before it, None once it is painted; wait: time until it is finished, None if unknown.
    operations: those that its model supports; buttons that start a job of any other are left out.
    state: of an unfinished job, instead of its progress or its position.
    notes: on its prompt, in lines of their own; not for a job that was cancelled or has failed.
    """
    if job.status is JobStatus.FINISHED:
        rows = rows_of(buttons, CardKind.GRID, job, None, operations)
        return _with_notes(Card(content=_line(job, discord_id, None), rows=rows), notes)
    if job.status in FINAL:
        return Card(content=_line(job, discord_id, replies.job_ended(job)))
    is_painted = job.status is JobStatus.RUNNING and num_ahead is None
    state = state or (percentage(percent(job) / 100) if is_painted else replies.waiting(num_ahead or 0, wait))
    rows = rows_of(buttons, CardKind.PENDING, job, None, operations)
    return _with_notes(Card(content=_line(job, discord_id, state), rows=rows), notes)


def _with_notes(card: Card, notes: Sequence[Sentence]) -> Card:
    return with_note(card, "\n".join(f"⚠️ {escaped(said(note))}" for note in notes)) if notes else card


def suggestions_card(job: Job, discord_id: int, buttons: Buttons, text: str, num_prompts: int) -> Card:
    """Return the message of a job whose result is so many suggested prompts; `text` lists them."""
    rows = rows_of(buttons, CardKind.SUGGESTIONS, job)
    shown = tuple(row[:num_prompts] for row in rows if row[:num_prompts])
    # The member knows the prompt above the list; the prompts that the buttons paint are new.
    title = _line(job, discord_id, None, min(_MAX_PROMPT, MAX_CONTENT - _MAX_TITLE - length(text)))
    return with_note(Card(content=title, rows=shown), text)


def picture_card(
    job: Job,
    discord_id: int,
    slot: int,
    buttons: Buttons,
    *,
    operations: Collection[Operation] = _ALL_OPERATIONS,
    without: Collection[str] = (),
    recipe: Mapping[str, Any] = MappingProxyType({}),
) -> Card:
    """Return the message of a single picture, `slot` 0 to 3, with its recipe; buttons that start a job of another
    operation, or a variation in `without`, are left out."""
    own = operation_replies.own_title(job, discord_id, recipe)
    title = own or f"{replies.picture_title(slot)} <@{discord_id}>"
    content = f"**{shown_prompt(job.spec.prompt)}** - {title}"
    shown = [button for button in buttons if button.variation not in without]
    return Card(content=content, rows=rows_of(shown, CardKind.PICTURE, job, slot, operations))


def with_note(card: Card, note: str) -> Card:
    """Return the card with one more line under its text, cut to Discord's limit."""
    return Card(content=f"{card.content}\n{note}"[:MAX_CONTENT], rows=card.rows)


def percent(job: Job) -> int:
    """Return the percentage of the steps that are done, rounded down, 0 to 100."""
    return int(job.progress * 100)


def shown_prompt(prompt: str, limit: int | None = None) -> str:
    """Return the prompt as one line that Discord shows as it is: no markdown, mentions or link previews.

    limit: the most characters; None for the usual limit.
    """
    longest = _MAX_PROMPT if limit is None else limit
    line = " ".join(prompt.split())
    shown = escaped(line)
    while length(shown) > longest:
        line = line[: len(line) * longest // length(shown)].rstrip() if len(line) > 1 else ""
        shown = escaped(line) + "…"
    return shown


def view_from_card(card: Card) -> discord.ui.View:
    """Return the card's buttons as a view that discord.py does not keep: presses are dispatched by id alone."""
    view = discord.ui.View(timeout=None)
    for row, faces in enumerate(card.rows):
        for face in faces:
            view.add_item(
                discord.ui.Button(
                    style=face.style.value,
                    custom_id=face.custom_id,
                    label=face.label,
                    emoji=face.emoji,
                    row=row,
                    disabled=face.is_disabled,
                )
            )
    view.stop()
    return view


def _line(job: Job, discord_id: int, state: str | None, limit: int | None = None) -> str:
    subject = shown_prompt(operation_replies.job_subject(job), limit)
    title = f"**{subject}** - {operation_replies.job_title(job.operation, discord_id)}"
    return f"{title} ({state})" if state else title


def rows_of(
    buttons: Buttons,
    kind: CardKind,
    job: Job,
    slot: int | None = None,
    operations: Collection[Operation] = _ALL_OPERATIONS,
) -> Rows:
    """Return the buttons of a card of this kind; `slot` and `operations` as in `picture_card`."""
    shown = [button for button in buttons if kind in button.rows and _is_possible(button, job, operations)]
    return _in_rows((button.rows[kind], button.faces(job, slot)) for button in shown)


def answer_rows(buttons: Buttons, kind: CardKind, subject: AnswerSubject) -> Rows:
    """Return the buttons of an answer of this kind to one member."""
    return _in_rows((button.rows[kind], button.answer_faces(subject)) for button in buttons if kind in button.rows)


def _in_rows(numbered: Iterable[tuple[int, tuple[ButtonFace, ...]]]) -> Rows:
    by_row: dict[int, tuple[ButtonFace, ...]] = {}
    for number, faces in numbered:
        if faces:
            by_row[number] = (*by_row.get(number, ()), *faces)
    return tuple(by_row[number] for number in sorted(by_row))


def _is_possible(button: CardButton, job: Job, operations: Collection[Operation]) -> bool:
    operation = button.operation_of(job)
    return operation is None or operation in operations


def escaped(line: str) -> str:
    """Return the line so that Discord shows it letter by letter."""
    pieces = _LINK.split(line)
    # Odd pieces are URLs: Discord shows no preview of those in angle brackets.
    return "".join(f"<{piece}>" if at % 2 else _MARKDOWN.sub(r"\\\1", piece) for at, piece in enumerate(pieces))


def length(text: str) -> int:
    """Return the length in UTF-16 units, as Discord's clients count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
