"""The aesthetic export: pictures with their mean rating, from 1 to 10.

Source: the trainer of LAION's aesthetic predictor, which skips ratings below 1.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from engine.feedback.exports.card import CardConfig
from engine.feedback.exports.parquet import TableFile
from engine.feedback.exports.published import Kind, PublishedPrompt
from engine.feedback.exports.writing import PublishedFormat, Publishing, Writer
from engine.feedback.splits import FULL, Split

SCHEMA = pa.schema([("IMAGEPATH", pa.string()), ("AVERAGE_RATING", pa.float64())])
_NAMES = {
    Split.TRAIN: "trainingdata.parquet",
    Split.VALIDATION: "validationdata.parquet",
    Split.TEST: "testdata.parquet",
}


class AestheticWriter(Writer):
    """Writes a table for each split, and the pictures."""

    def __init__(self, folder: Path, publishing: Publishing) -> None:
        super().__init__(folder, publishing)
        self._tables = {split: TableFile(folder / _NAMES[split], SCHEMA) for split in FULL}

    async def add(self, prompt: PublishedPrompt) -> None:
        """Write the rated pictures of a prompt."""
        intact = await self.intact([score for score in prompt.scores if score.label.rating is not None])
        for score in intact:
            path = await self.place(score.sources[0], "images")
            row = {"IMAGEPATH": path, "AVERAGE_RATING": to_ten(score.label.rating or 1.0)}
            await self._tables[prompt.split].add(row)
        self.note(prompt, intact, prompt.split, "pictures")

    async def finish(self) -> list[CardConfig]:
        """Write the tables."""
        for table in self._tables.values():
            await table.finish()
        splits = [split for split in FULL if self.rows[split]]
        config = CardConfig(
            name="default",
            files={split: [_NAMES[split]] for split in splits},
            schema=SCHEMA,
            rows={split: self.rows[split] for split in splits},
        )
        return [config] if splits else []

    def abandon(self) -> None:
        """Close the tables as they are."""
        for table in self._tables.values():
            table.abandon()


def to_ten(rating: float) -> float:
    """Return a mean of ratings from 1 to 4 on the predictor's scale from 1 to 10."""
    return round(1 + (rating - 1) * 3, 4)


AESTHETIC = PublishedFormat(
    name="aesthetic",
    title="Mean ratings of pictures",
    readers="the trainer of LAION's aesthetic predictor",
    load='pandas.read_parquet("trainingdata.parquet"), started in DIR',
    noun="pictures",
    kinds=frozenset({Kind.SCORES}),
    body="""
Pictures with the mean of the ratings that members of a Discord community gave them, on four levels, stretched to 1 to
10. Paths are relative to this folder.
""",
    write=AestheticWriter,
    folder="aesthetic",
)
