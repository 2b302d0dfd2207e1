"""The HPDv3 export: pairs with the preferred picture first, the votes, and how sure they are.

Source: the README and the loader of HPSv3, which compares a missing confidence as infinite and fails on null, and looks
for files from the working directory.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from engine.feedback.exports.pickapic import model_of
from engine.feedback.exports.published import Kind, Published, PublishedPrompt
from engine.feedback.exports.text_tables import JsonTablesWriter
from engine.feedback.exports.writing import PublishedFormat, Publishing
from engine.feedback.preferences.pairs import MIN_RATERS_WEIGHED, LabelledPair
from engine.feedback.splits import FULL, Split

SCHEMA = pa.schema(
    [
        ("prompt", pa.string()),
        ("path1", pa.string()),
        ("path2", pa.string()),
        ("choice_dist", pa.list_(pa.int64())),
        ("confidence", pa.float64()),
        ("model1", pa.string()),
        ("model2", pa.string()),
    ]
)


class Hpd3Writer(JsonTablesWriter):
    """Writes a JSON file for each split, and the pictures."""

    def __init__(self, folder: Path, publishing: Publishing) -> None:
        super().__init__(folder, publishing, {split: f"{split}.json" for split in FULL}, SCHEMA)

    async def add(self, prompt: PublishedPrompt) -> None:
        """Write the pairs of a prompt."""
        intact = await self.intact(prompt.pairs)
        for pair in intact:
            sides = pair.sources if pair.label.winner == pair.label.first else pair.sources[::-1]
            paths = [await self.place(source, "images") for source in sides]
            if self.publishing.home is not None:
                paths = [str(self.publishing.home / path) for path in paths]
            row = {
                "prompt": pair.caption,
                "path1": paths[0],
                "path2": paths[1],
                "model1": model_of(sides[0]),
                "model2": model_of(sides[1]),
            }
            await self.add_row(prompt.split, row | (_votes(pair) if prompt.split is not Split.TEST else {}))
        self.note(prompt, intact, prompt.split, "pairs")


def _votes(pair: Published[LabelledPair]) -> dict[str, object]:
    """Return the votes, the winner's first, and the confidence where it was measured; what is not known is left out."""
    label = pair.label
    votes = [label.first_votes, label.second_votes]
    known: dict[str, object] = {"choice_dist": votes if label.winner == label.first else votes[::-1]}
    if sum(votes) + label.ties >= MIN_RATERS_WEIGHED:
        known["confidence"] = label.confidence
    return known


HPD3 = PublishedFormat(
    name="hpd3",
    title="Pairs and votes in the form of HPDv3",
    readers="HPSv3 and HPSv3++",
    load='train_json_list: ["DIR/train.json"], test_json_list: ["DIR/test.json"]',
    noun="pairs",
    kinds=frozenset({Kind.PAIRS}),
    body="""
Pairs of pictures that were painted from the same prompt. `path1` is the one that members of a Discord community
together prefer: whoever trains a model that sees both has to shuffle them. `choice_dist` are the numbers of votes for
the two, `confidence` the probability that the preference is right, where three members or more voted. What is not
known is left out, and never null. In a release, start the trainer in this folder: paths are relative to it.
""",
    write=Hpd3Writer,
    folder="hpd_v3",
)
