"""The Pick-a-Pic export: pairs of pictures with the one that a member preferred, in the columns of Pick-a-Pic v2.

Source: the cards of pickapic_v1 and _v2, and the loaders of diffusers' DPO, DiffusionDPO, MaPO and PickScore, which
read it unmodified. Ties are apart, because the first of these take a tie for a win of the first picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.feedback.anonymize import anonymize
from engine.feedback.exports.card import CardConfig
from engine.feedback.exports.made import Shards
from engine.feedback.exports.parquet import ParquetShards
from engine.feedback.exports.published import Kind, Published, PublishedPrompt
from engine.feedback.exports.staging import in_thread
from engine.feedback.exports.writing import PublishedFormat, Publishing, Writer, day_of
from engine.feedback.preferences.votes import Vote
from engine.feedback.shown import shown_from_picture
from engine.feedback.splits import UNIQUE
from engine.feedback.store.published import PictureSource

SCHEMA = pa.schema(
    [
        ("are_different", pa.bool_()),
        ("best_image_uid", pa.string()),
        ("caption", pa.string()),
        ("created_at", pa.timestamp("ns")),
        ("has_label", pa.bool_()),
        ("image_0_uid", pa.string()),
        ("image_0_url", pa.string()),
        ("image_1_uid", pa.string()),
        ("image_1_url", pa.string()),
        ("jpg_0", pa.binary()),
        ("jpg_1", pa.binary()),
        ("label_0", pa.float64()),
        ("label_1", pa.float64()),
        ("model_0", pa.string()),
        ("model_1", pa.string()),
        ("ranking_id", pa.int64()),
        ("user_id", pa.int64()),
        ("num_example_per_prompt", pa.int64()),
        ("__index_level_0__", pa.int64()),
        ("x_signal", pa.string()),
        ("x_weight", pa.float64()),
    ]
)
_TIE = "tie"


class PickapicWriter(Writer):
    """Writes votes, or ties, to Parquet shards."""

    made_as = "pickapic"

    def __init__(self, folder: Path, publishing: Publishing) -> None:
        super().__init__(folder, publishing)
        self._shards = Shards(publishing.made, self.made_as)
        self._files = ParquetShards(folder, SCHEMA, self._shards)
        self._rankings = 0

    async def begin(self) -> None:
        """Take over the shards of an export that was killed."""
        await in_thread(self._shards.take_over)

    async def add(self, prompt: PublishedPrompt) -> None:
        """Write the votes of a prompt."""
        await self._add_votes(prompt, prompt.votes, "pairs")

    async def finish(self) -> list[CardConfig]:
        """Write the shards."""
        await self._files.finish()
        rows = {split: self._shards.rows[split] for split in sorted(self._shards.rows)}
        files = {split: [f"data/{split}-*-of-*.parquet"] for split in rows}
        config = CardConfig(name="default", files=files, schema=SCHEMA, rows=rows, sizes=self._shards.sizes)
        return [config] if rows else []

    def abandon(self) -> None:
        """Close the shards as they are."""
        self._files.abandon()

    async def _add_votes(self, prompt: PublishedPrompt, votes: Sequence[Published[Vote]], noun: str) -> None:
        intact = await self.intact(votes, is_made=self._shards.has(prompt.split, len(votes)))
        rankings = dict[int, int]()
        for vote in intact:
            ranking = rankings.setdefault(vote.label.press_id, self._rankings + len(rankings))
            await self._add_row(prompt.split, vote, ranking, len(intact))
        self._rankings += len(rankings)
        self.note(prompt, intact, prompt.split, noun)
        if intact and prompt.split in UNIQUE:
            best = max(intact, key=lambda vote: vote.label.weight)
            await self._add_row(UNIQUE[prompt.split], best, rankings[best.label.press_id], 1)
            self.rows[UNIQUE[prompt.split]] += 1

    async def _add_row(self, split: str, published: Published[Vote], ranking: int, num_of_prompt: int) -> None:
        """Add the row; the picture whose new id is less, which is chance, is the first."""
        index = self._shards.rows[split]
        if self._shards.passes(split, self.publishing.digest_of(published)):
            return
        vote, winner = published.label, published.sources[0]
        assert published.rater is not None
        sides = sorted(published.sources, key=self.publishing.uid)
        row: dict[str, Any] = {
            "are_different": True,
            "best_image_uid": _TIE if vote.is_tie else self.publishing.uid(winner),
            "caption": published.caption,
            "created_at": day_of(vote.at),
            "has_label": True,
            "ranking_id": ranking,
            "user_id": self.publishing.members[published.rater],
            "num_example_per_prompt": num_of_prompt,
            "__index_level_0__": index,
            "x_signal": vote.source.value,
            "x_weight": round(vote.weight, 4),
        }
        for number, source in enumerate(sides):
            label = 0.5 if vote.is_tie else float(source is winner)
            row |= _side(number, source, self.publishing.uid(source), label)
            row[f"jpg_{number}"] = await self.publishing.read_intact(source)
        await self._files.add(split, row)


class PickapicTiesWriter(PickapicWriter):
    """Writes ties, for PickScore, which learns from them."""

    made_as = "pickapic-ties"

    async def add(self, prompt: PublishedPrompt) -> None:
        """Write the ties of a prompt."""
        await self._add_votes(prompt, prompt.ties, "ties")


def model_of(source: PictureSource) -> str:
    """Return what painted the picture, such as `sdxl+watercolour:0.8`; empty if it was not recorded."""
    shown = shown_from_picture(source.picture)
    parts: Sequence[str] = (shown.model or "", *(f"{adapter.name}:{adapter.weight:g}" for adapter in shown.adapters))
    return str(anonymize("+".join(parts)))


def _side(number: int, source: PictureSource, uid: str, label: float) -> Mapping[str, Any]:
    return {
        f"image_{number}_uid": uid,
        f"image_{number}_url": "",
        f"label_{number}": label,
        f"model_{number}": model_of(source),
    }


_BODY = """
Pairs of pictures that were painted from the same prompt, each with the one that a member of a Discord community
preferred, in the columns of Pick-a-Pic v2. `jpg_0` and `jpg_1` are the bytes of the files, PNG with another name.
Which picture is the first is chance. `x_signal` is the kind of press that a preference follows from, `x_weight` how far
to trust that kind, where 1 is an answer to "which of these two". The unique splits have one pair of each prompt.
"""
PICKAPIC = PublishedFormat(
    name="pickapic",
    title="Preferences in the columns of Pick-a-Pic",
    readers="the DPO scripts of diffusers, DiffusionDPO, MaPO and PickScore",
    load='datasets.load_dataset("DIR", split="train")',
    noun="pairs",
    kinds=frozenset({Kind.VOTES}),
    body=f"{_BODY}Ties are left out.\n",
    write=PickapicWriter,
    folder="pickapic_{release}",
)
PICKAPIC_TIES = PublishedFormat(
    name="pickapic-ties",
    title="Ties in the columns of Pick-a-Pic",
    readers="PickScore",
    load='datasets.load_dataset("DIR", split="train")',
    noun="ties",
    kinds=frozenset({Kind.TIES}),
    body=f"{_BODY}All labels are 0.5: none of two was preferred.\n",
    write=PickapicTiesWriter,
    folder="pickapic_{release}_ties",
)
