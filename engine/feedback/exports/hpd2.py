"""The HPDv2 export: pairs to train on, and rankings of the pictures of a prompt to test with.

Source: the README and the loaders of HPSv2, which take the columns from the first row, and another row where a picture
is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from engine.feedback.exports.card import CardConfig
from engine.feedback.exports.published import Kind, Published, PublishedPrompt
from engine.feedback.exports.text_files import TextFile, json_array, json_line
from engine.feedback.exports.text_tables import finish_tables
from engine.feedback.exports.writing import PublishedFormat, Publishing, Writer
from engine.feedback.splits import UNIQUE, Split
from engine.feedback.store.published import PictureSource

TRAIN_SCHEMA = pa.schema(
    [
        ("prompt", pa.string()),
        ("file_path", pa.list_(pa.string())),
        ("human_preference", pa.list_(pa.int64())),
    ]
)
_ANNOTATION = pa.struct([("rank", pa.list_(pa.int64())), ("user_hash", pa.string())])
TEST_SCHEMA = pa.schema(
    [
        ("prompt", pa.string()),
        ("image_path", pa.list_(pa.string())),
        ("rank", pa.list_(pa.int64())),
        ("raw_annotations", pa.list_(_ANNOTATION)),
    ]
)


class Hpd2Writer(Writer):
    """Writes pairs of the training split, and rankings of the two others."""

    def __init__(self, folder: Path, publishing: Publishing) -> None:
        super().__init__(folder, publishing)
        self._pairs: dict[str, TextFile] = {Split.TRAIN: json_array(folder / "train.json")}
        self._rankings: dict[str, TextFile] = {split: json_array(folder / f"{split}.json") for split in UNIQUE}

    async def add(self, prompt: PublishedPrompt) -> None:
        """Write the pairs of a prompt, or the ranking of its pictures."""
        if prompt.split in self._pairs:
            await self._add_pairs(prompt)
        else:
            await self._add_ranking(prompt)

    async def finish(self) -> list[CardConfig]:
        """Write the files."""
        pairs = await finish_tables("pairs", self.folder, self._pairs, TRAIN_SCHEMA)
        return [*pairs, *await finish_tables("rankings", self.folder, self._rankings, TEST_SCHEMA)]

    def abandon(self) -> None:
        """Close the files as they are."""
        for table in (*self._pairs.values(), *self._rankings.values()):
            table.abandon()

    async def _add_pairs(self, prompt: PublishedPrompt) -> None:
        intact = await self.intact(prompt.pairs)
        for pair in intact:
            sides = sorted(pair.sources, key=self.publishing.uid)
            row = {
                "prompt": pair.caption,
                "file_path": await self._place(sides, prompt.split),
                "human_preference": [int(source.picture.id == pair.label.winner) for source in sides],
            }
            await self._pairs[Split.TRAIN].add(json_line(row))
        self.note(prompt, intact, prompt.split, "pairs")

    async def _add_ranking(self, prompt: PublishedPrompt) -> None:
        """Write the ranking of the pictures by their strength; of each member, the one that is of all of them."""
        scores = [score for score in await self.intact(prompt.scores) if score.label.strength is not None]
        if len(scores) < 2:
            return
        sources = tuple(score.sources[0] for score in scores)
        strengths = [score.label.strength or 0.0 for score in scores]
        order = sorted(set(strengths), reverse=True)
        row = {
            "prompt": scores[0].caption,
            "image_path": await self._place(sources, prompt.split),
            "rank": [1 + order.index(strength) for strength in strengths],
            "raw_annotations": self._annotations(prompt, sources),
        }
        await self._rankings[prompt.split].add(json_line(row))
        self.note(prompt, [Published(label=row, sources=sources)], prompt.split, "rankings")

    def _annotations(self, prompt: PublishedPrompt, sources: Sequence[PictureSource]) -> list[Mapping[str, object]]:
        wanted = [source.picture.id for source in sources]
        found = list[Mapping[str, object]]()
        for ranking in self.publishing.shuffled(prompt.rankings):
            if ranking.rater is not None and set(ranking.label.pictures) == set(wanted):
                ranks = dict(zip(ranking.label.pictures, ranking.label.ranks, strict=True))
                user = str(self.publishing.members[ranking.rater])
                found.append({"rank": [ranks[picture_id] for picture_id in wanted], "user_hash": user})
        return found

    async def _place(self, sources: Iterable[PictureSource], split: str) -> list[str]:
        """Return the files' paths in the folder of the split, where the loader looks for them."""
        return [(await self.place(source, split)).removeprefix(f"{split}/") for source in sources]


HPD2 = PublishedFormat(
    name="hpd2",
    title="Pairs and rankings in the form of HPDv2",
    readers="HPSv2",
    load="--dataset-type HPD ranking --train-data DIR/train.json --train-folder DIR/train --val-data DIR/test.json",
    noun="pairs",
    kinds=frozenset({Kind.PAIRS, Kind.SCORES, Kind.RANKINGS}),
    body="""
For training, pairs of pictures that were painted from the same prompt, each with the one that members of a Discord
community together prefer: `human_preference` is 1 for that one. For validation and test, the pictures of a prompt with
their ranks, where 1 is best, by their strength in the comparisons. Files are named relative to the split's folder.
""",
    write=Hpd2Writer,
    folder="hpd_v2",
)
