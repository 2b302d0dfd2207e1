"""What exports publish: labels with the pictures that they are about, prompt by prompt, and why others are withheld."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar
from uuid import UUID

from engine.feedback.preferences.derive import LeftOut
from engine.feedback.preferences.likes import LikedPicture
from engine.feedback.preferences.pairs import LabelledPair
from engine.feedback.preferences.ratings import PictureScore, Ranking
from engine.feedback.preferences.selections import Selection
from engine.feedback.preferences.votes import Vote
from engine.feedback.records import Press
from engine.feedback.splits import Split, caption_from_spec
from engine.feedback.store.published import PictureSource

Label = TypeVar("Label")


class Kind(StrEnum):
    """The kinds of labels, as docs/preferences.md has them.

    `pictures` are all pictures, whether labelled or not, and `events` all presses.
    """

    VOTES = "votes"
    TIES = "ties"
    PAIRS = "pairs"
    RANKINGS = "rankings"
    SELECTIONS = "selections"
    LIKES = "likes"
    SCORES = "scores"
    PICTURES = "pictures"
    EVENTS = "events"


PREFERENCES = frozenset(Kind) - {Kind.PICTURES, Kind.EVENTS}
"""The kinds of labels that are derived from presses."""


class Withheld(StrEnum):
    """Why a label is not published.

    gone: a picture was erased. no_consent: an author of the pictures' prompts has not agreed. private: one of the jobs
    is. from_message: a prompt came from the content of a message. linked_picture: a picture of somebody else was used.
    film: the picture is the first frame of one, and members saw more.
    restricted_channel: shown where Discord restricts by age. unsafe: a classifier finds a picture so. closed_server:
    shown in a server that its administrators have closed. identifying: the prompt may tell who somebody is. name: it
    may name a person. reported: a picture was reported, or deleted by its owner. prompts_differ, sizes_differ: of the
    pictures. identical: two of the pictures are the same. tie: none of two is preferred. weak: too little speaks for it
    for what the format is for. caption_changed: those who read the format would read another caption. repeated: the
    same prompt is there already. damaged: a picture's file is missing or altered.
    """

    GONE = "gone"
    NO_CONSENT = "no_consent"
    PRIVATE = "private"
    FROM_MESSAGE = "from_message"
    LINKED_PICTURE = "linked_picture"
    RESTRICTED_CHANNEL = "restricted_channel"
    UNSAFE = "unsafe"
    FILM = "film"
    CLOSED_SERVER = "closed_server"
    IDENTIFYING = "identifying"
    NAME = "name"
    REPORTED = "reported"
    PROMPTS_DIFFER = "prompts_differ"
    SIZES_DIFFER = "sizes_differ"
    IDENTICAL = "identical"
    TIE = "tie"
    WEAK = "weak"
    CAPTION_CHANGED = "caption_changed"
    REPEATED = "repeated"
    DAMAGED = "damaged"


@dataclass(frozen=True, kw_only=True)
class Published(Generic[Label]):
    """A label with the pictures that it is about, in the label's order; all of them may be published.

    rater: whose label it is; None for what several say together.
    """

    label: Label
    sources: tuple[PictureSource, ...]
    rater: UUID | None = None

    @property
    def caption(self) -> str:
        """The prompt of the pictures, in the first one's letters where theirs differ in case."""
        return caption_from_spec(self.sources[0].spec)


@dataclass(frozen=True, kw_only=True)
class PublishedPrompt:
    """The labels of pictures of one prompt that may be published, and how many may not be, by kind and reason.

    raters: everybody whose presses the labels follow from.
    unlabelled: how much of what was pressed became no label at all, by reason, whatever the request's bounds.
    """

    split: Split
    labels: Mapping[Kind, tuple[Published[Any], ...]] = field(default_factory=dict)
    withheld: Mapping[Kind, Counter[str]] = field(default_factory=dict)
    raters: frozenset[UUID] = frozenset()
    unlabelled: Mapping[LeftOut, int] = field(default_factory=dict)

    @property
    def votes(self) -> tuple[Published[Vote], ...]:
        """Votes for one of two pictures, the winner first."""
        return self.labels.get(Kind.VOTES, ())

    @property
    def ties(self) -> tuple[Published[Vote], ...]:
        """Votes for none of two pictures."""
        return self.labels.get(Kind.TIES, ())

    @property
    def pairs(self) -> tuple[Published[LabelledPair], ...]:
        """Pairs that have a winner."""
        return self.labels.get(Kind.PAIRS, ())

    @property
    def rankings(self) -> tuple[Published[Ranking], ...]:
        """Rankings of pictures of one grid."""
        return self.labels.get(Kind.RANKINGS, ())

    @property
    def selections(self) -> tuple[Published[Selection], ...]:
        """Selections from grids, all of whose pictures may be published."""
        return self.labels.get(Kind.SELECTIONS, ())

    @property
    def likes(self) -> tuple[Published[LikedPicture], ...]:
        """Pictures that are liked or disliked."""
        return self.labels.get(Kind.LIKES, ())

    @property
    def scores(self) -> tuple[Published[PictureScore], ...]:
        """Pictures that were rated or compared."""
        return self.labels.get(Kind.SCORES, ())

    @property
    def events(self) -> tuple[Published[Press], ...]:
        """Presses, with all pictures that were in view."""
        return self.labels.get(Kind.EVENTS, ())
