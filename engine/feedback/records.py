"""The feedback log's records: impressions say what was shown, actions say what members did with it.

Both are facts that are appended and never changed; what members prefer is derived from them elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from engine.contract.feedback import Choice as Choice
from engine.contract.feedback import ReportReason, Shown, Surface, Verb


class ImpressionKind(StrEnum):
    """What kind of message showed the pictures.

    grid: the four pictures of a job, slots 0 to 3 from left to right, top to bottom.
    picture: one picture of a job, in the slot that it has in the job's grid.
    pair: two pictures to choose from, slot 0 on the left and slot 1 on the right; chance decided the sides.
    """

    GRID = "grid"
    PICTURE = "picture"
    PAIR = "pair"


class PromptOrigin(StrEnum):
    """Where the words of the prompt came from, because Discord's rules differ.

    command: an option of a slash command, also when a button repeats the job that it started.
    modal: a text field of a form.
    message: the content of a message, which must not be used for training.
    """

    COMMAND = "command"
    MODAL = "modal"
    MESSAGE = "message"


@dataclass(frozen=True, kw_only=True)
class ConsentInForce:
    """What the member had agreed to when the record was made; the two choices are independent.

    version: of the text that the member was asked with; None if the member had not been asked, 0 if the choice was
        made before the text had a version.
    """

    version: int | None
    may_train: bool
    may_publish: bool

    @property
    def has_agreed(self) -> bool:
        """Whether what the member does may be used for more than answering them."""
        return self.may_train or self.may_publish


NOT_ASKED = ConsentInForce(version=None, may_train=False, may_publish=False)


@dataclass(frozen=True, kw_only=True)
class ConsentRecord:
    """What a release says of consent.

    versions: of the text by which each member agrees to publishing now.
    removals: how many members, pictures and the like were erased since there was anything to export.
    """

    versions: Mapping[UUID, int | None]
    removals: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class ShownAdapter:
    """An adapter that a picture was painted with; sha256 is that of its file, None if it was not recorded."""

    name: str
    weight: float
    sha256: str | None


@dataclass(frozen=True, kw_only=True)
class ShownPicture:
    """A picture in its slot, with what it was painted by.

    model, model_hash: name and SHA-256 of the model, None if they were not recorded.
    adapters: in the order in which they were applied.
    settings_hash: SHA-256 of everything else that decides the picture apart from prompt and seed, such as steps, cfg,
        sampler and size; pictures that have it in common, and model and adapters, differ by prompt and seed alone.
    """

    picture_id: UUID
    slot: int
    seed: int
    model: str | None
    model_hash: str | None
    adapters: tuple[ShownAdapter, ...]
    settings_hash: str


@dataclass(frozen=True, kw_only=True)
class Impression:
    """Pictures that a message showed; one is recorded when a result is delivered.

    message_id: Discord's id of the message; None where results are delivered elsewhere.
    job_id: the job that painted the pictures; None for a pair, whose pictures have jobs of their own.
    member_id: who asked for the message.
    pictures: by slot.
    prompt_hash: SHA-256 of the prompt with its spaces and letter case evened out, the same for every job that repeats
        it; for a pair, of the prompt that both pictures have.
    prompt_source: None if it was not recorded.
    parent_job_id, parent_picture_id: what the job started from; None for a new one.
    operation: of the job: `imagine` or `vary`; None for a pair.
    surface: None if it was not recorded.
    is_nsfw_channel: whether Discord restricts the channel by age; None if it was not recorded.
    ui_version: of the message's layout, which decides how prominent each slot and button is.
    consent: of `member_id`; where the guild is closed, it is recorded as no more than answering.
    shown_at: when the message was known to show the pictures.
    guild_id: Discord's id of the guild; None elsewhere, or if it was not recorded.
    """

    id: UUID
    kind: ImpressionKind
    message_id: int | None
    job_id: UUID | None
    member_id: UUID
    pictures: tuple[ShownPicture, ...]
    prompt_hash: str
    prompt_source: PromptOrigin | None
    parent_job_id: UUID | None
    parent_picture_id: UUID | None
    operation: str | None
    surface: Surface | None
    is_nsfw_channel: bool | None
    ui_version: int
    consent: ConsentInForce
    shown_at: datetime
    guild_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Action:
    """One press of a member.

    press_id: Discord's id of the interaction, which orders actions by time; however often a press is delivered, it
        is recorded once.
    impression_id: what the message showed; None if that was not recorded: before there were impressions, or for a
        press on a job that has no result.
    message_id: the message that has the button.
    job_id: the job that the message belongs to; None for a pair.
    member_id: who pressed.
    is_owner: whether the job is theirs.
    slot, picture_id: the picture that the press is about; None for the whole grid or pair.
    value: for `rate` 1 to 4, or 0, which takes the rating back; for `favourite` and `best` 1, or 0, which takes them
        back; otherwise None.
    choice: the answer, for `choose`; otherwise None.
    variation: the kind of variation, for `vary`; None where there is one kind only.
    replaces: the `press_id` of the member's earlier action that no longer counts, such as an earlier rating.
    shown: the pictures that the message showed, by slot; the same as the impression's, and there without it.
    model, model_hash: of the pictures' model, if they were recorded.
    latency: from showing the message to the press, by Discord's clock; None if unknown.
    consent: of `member_id`; where the guild is closed, it is recorded as no more than answering.
    guild_id: as in `Impression`.
    reason: what is wrong, for `report`, if it was asked; otherwise None.
    """

    press_id: int
    impression_id: UUID | None
    message_id: int | None
    job_id: UUID | None
    member_id: UUID
    is_owner: bool
    verb: Verb
    slot: int | None
    picture_id: UUID | None
    value: int | None
    choice: Choice | None
    variation: str | None
    replaces: int | None
    shown: tuple[Shown, ...]
    model: str | None
    model_hash: str | None
    surface: Surface
    latency: timedelta | None
    consent: ConsentInForce
    at: datetime
    reason: ReportReason | None = None
    guild_id: int | None = None


class Press(NamedTuple):
    """An action and what was shown when it was done; `impression` is None if that was not recorded."""

    action: Action
    impression: Impression | None
