"""The ImageReward export: members' rankings of the pictures of a grid.

Source: the trainer's rank_pair_dataset, in which the lower rank is better and equal ranks are skipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from engine.feedback.exports.published import Kind, PublishedPrompt
from engine.feedback.exports.text_tables import JsonTablesWriter
from engine.feedback.exports.writing import PublishedFormat, Publishing
from engine.feedback.splits import Split

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("prompt", pa.string()),
        ("generations", pa.list_(pa.string())),
        ("ranking", pa.list_(pa.int64())),
    ]
)
_NAMES: Mapping[str, str] = {Split.TRAIN: "train.json", Split.VALIDATION: "valid.json", Split.TEST: "test.json"}


class ImageRewardWriter(JsonTablesWriter):
    """Writes a JSON file for each split, and the pictures."""

    def __init__(self, folder: Path, publishing: Publishing) -> None:
        super().__init__(folder, publishing, _NAMES, SCHEMA)

    async def add(self, prompt: PublishedPrompt) -> None:
        """Write the rankings of a prompt."""
        intact = await self.intact(prompt.rankings)
        for ranking in intact:
            # By chance: in the order of their ids, pictures would be in that of their slots.
            order = sorted(range(len(ranking.sources)), key=lambda at: self.publishing.uid(ranking.sources[at]))
            row = {
                "id": f"{prompt.split}-{self.tables[prompt.split].num_lines:08}",
                "prompt": ranking.caption,
                "generations": [await self.place(ranking.sources[at], "images") for at in order],
                "ranking": [ranking.label.ranks[at] for at in order],
            }
            await self.add_row(prompt.split, row)
        self.note(prompt, intact, prompt.split, "rankings")


IMAGEREWARD = PublishedFormat(
    name="imagereward",
    title="Rankings in the form of ImageReward",
    readers="the trainer of ImageReward, and HPSv2 for evaluation",
    load="data_base: DIR, image_base: DIR in train/config/config.yaml, then make_dataset.py",
    noun="rankings",
    kinds=frozenset({Kind.RANKINGS}),
    body="""
Pictures of one grid, which were painted from the same prompt, with the ranks that one member of a Discord community
gave them by rating them: 1 is best, equal ranks are ties.
""",
    write=ImageRewardWriter,
    folder="imagereward",
)
