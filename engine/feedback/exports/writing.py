"""What the formats have in common: how each is described, what writes it, and what all writers of an export share."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from itertools import chain
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from engine.feedback.exports.card import CardConfig
from engine.feedback.exports.figures import Figures
from engine.feedback.exports.made import Made
from engine.feedback.exports.picture_files import PictureFiles
from engine.feedback.exports.published import Kind, Published, PublishedPrompt, Withheld
from engine.feedback.exports.request import ExportRequest
from engine.feedback.preferences.slots import SlotBiases
from engine.feedback.splits import Split
from engine.feedback.store.published import PictureSource

Label = TypeVar("Label")

_LABELS_AHEAD = 3


@dataclass(kw_only=True)
class Publishing:
    """What all writers of an export share.

    members: new numbers of those whose labels or pictures are named by one.
    home: the folder that the export becomes, for formats that name files by their whole path; None where it is moved.
    made: files in the making. Its secret makes ids of pictures new in every export, and orders of labels chance.
    needed: the members whose consent what was written needs.
    biases, figures: what was measured of the slots, and of what is published.
    """

    pictures: PictureFiles
    members: Mapping[UUID, int]
    biases: SlotBiases
    request: ExportRequest
    home: Path | None
    made: Made
    needed: set[UUID] = field(default_factory=set)
    figures: Figures = field(default_factory=Figures)

    def uid(self, source: PictureSource) -> str:
        """Return the picture's new random UUID; that of Easel would tell when the picture was painted."""
        return str(UUID(bytes=self.digest(source.picture.id)[:16], version=4))

    def digest(self, *ids: UUID) -> bytes:
        """Return bytes that are chance, and the same for the same ids in one export."""
        return hmac.digest(self.made.secret, b"".join(one.bytes for one in ids), hashlib.sha256)

    def shuffled(self, labels: Iterable[Published[Label]]) -> list[Published[Label]]:
        """Return the labels by chance: what was pressed first, or by whom, must not show."""
        return sorted(labels, key=self.digest_of)

    def digest_of(self, label: Published[Label]) -> bytes:
        """Return the `digest` of what a label is about and of whose it is."""
        return self.digest(*_ids(label))

    def begin(self, source: PictureSource) -> None:
        """Read the picture's file ahead."""
        self.pictures.begin(source.picture.object_key, self.uid(source))

    async def read_intact(self, source: PictureSource) -> bytes:
        """Return the picture's file as `PictureFiles.read_intact` does."""
        return await self.pictures.read_intact(source.picture.object_key, self.uid(source))


class Writer:
    """Writes one format to its folder; close it with `finish` or `abandon`.

    rows: of each split that has any. left_out: how much is not written, by reason. counts: what there is, by plurals.
    reads_pictures: whether `add_picture` reads the file.
    """

    reads_pictures = False

    def __init__(self, folder: Path, publishing: Publishing) -> None:
        self.folder, self.publishing = folder, publishing
        self.rows: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()

    async def begin(self) -> None:
        """Take over what an export that was killed had finished."""

    async def add(self, prompt: PublishedPrompt) -> None:
        """Write the labels of a prompt, those that the format is for."""

    async def add_picture(self, source: PictureSource, split: Split) -> None:
        """Write a picture, for formats that are for all pictures."""

    async def finish(self) -> list[CardConfig]:
        """Write what is left, and return what the card says of it."""
        raise NotImplementedError

    def abandon(self) -> None:
        """Close the files as they are, for a folder that is thrown away."""

    async def intact(self, labels: Sequence[Published[Label]], *, is_made: bool = False) -> list[Published[Label]]:
        """Return the labels whose picture files are intact, by chance; others are counted.

        is_made: whether all of them are in finished files already, so that no file has to be read.
        """
        pictures = self.publishing.pictures
        kept = list[Published[Label]]()
        for at, label in enumerate(labels):
            if is_made:
                is_intact = not any(pictures.is_damaged(source.picture.object_key) for source in label.sources)
            else:
                for source in chain.from_iterable(later.sources for later in labels[at : at + _LABELS_AHEAD]):
                    self.publishing.begin(source)
                is_intact = await self.are_intact(label.sources)
            if is_intact:
                kept.append(label)
        self.left_out[Withheld.DAMAGED] += len(labels) - len(kept)
        return self.publishing.shuffled(kept)

    async def are_intact(self, sources: Iterable[PictureSource]) -> bool:
        """Return whether the files of all these pictures are intact."""
        is_intact = self.publishing.pictures.is_intact
        return all([await is_intact(source.picture.object_key, self.publishing.uid(source)) for source in sources])

    async def place(self, source: PictureSource, folder: str, name: str | None = None) -> str:
        """Make a file of the picture in a folder of the format's; return its path in the format's.

        It is named by the picture's new id, which has no word in it that loaders take for a split's.
        """
        uid = self.publishing.uid(source)
        path = f"{folder}/{name or uid}{Path(source.picture.object_key).suffix}"
        await self.publishing.pictures.place(source.picture.object_key, uid, self.folder / path)
        return path

    def note(self, prompt: PublishedPrompt, labels: Iterable[Published[Label]], split: str, noun: str) -> None:
        """Count labels that were written to a split, and whose consent they need."""
        for label in labels:
            self.rows[split] += 1
            self.counts[noun] += 1
            self.publishing.needed.update(*(source.authors for source in label.sources))
            self.publishing.needed |= prompt.raters if label.rater is None else {label.rater}


@dataclass(frozen=True, kw_only=True)
class PublishedFormat:
    """A format of what members agreed to publish.

    folder: its name in a release; `{release}` stands for the release's.
    readers: who reads it. load: one line of how to.
    noun: what it is a table of, in the plural.
    kinds: of the labels that it is made from.
    body: what its card says.
    """

    name: str
    title: str
    readers: str
    load: str
    noun: str
    kinds: frozenset[Kind]
    body: str
    write: Callable[[Path, Publishing], Writer]
    folder: str


def day_of(at: datetime) -> datetime:
    """Return the start of the day in UTC, which is all of the time that is published."""
    return datetime.combine(at.astimezone(UTC).date(), time())


def _ids(label: Published[Label]) -> tuple[UUID, ...]:
    pictures = tuple(source.picture.id for source in label.sources)
    return pictures if label.rater is None else (label.rater, *pictures)
