"""The HPD v1 export: grids with the picture that a member chose, as the first Human Preference Dataset has them.

Source: the README of tgxs002/align_sd.
"""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa

from engine.feedback.exports.published import Kind, PublishedPrompt
from engine.feedback.exports.text_tables import JsonTablesWriter
from engine.feedback.exports.writing import PublishedFormat, Publishing
from engine.feedback.splits import FULL

SCHEMA = pa.schema(
    [
        ("human_preference", pa.int64()),
        ("prompt", pa.string()),
        ("id", pa.int64()),
        ("file_path", pa.list_(pa.string())),
        ("user_hash", pa.string()),
        ("contain_name", pa.bool_()),
    ]
)
# Two words with capitals in a row, or one after "by": as names of persons are written, and some other names.
_NAME = re.compile(r"\b[^\W\d_a-z][^\W\d_]+ (?:(?:van|von|de|der|da|di|la|le|el|al) )*[^\W\d_a-z][^\W\d_]+")


class Hpd1Writer(JsonTablesWriter):
    """Writes a JSON file for each split, and the pictures of the grids."""

    def __init__(self, folder: Path, publishing: Publishing) -> None:
        super().__init__(folder, publishing, {split: f"preference_{split}.json" for split in FULL}, SCHEMA)
        self._grids = 0

    async def add(self, prompt: PublishedPrompt) -> None:
        """Write a row for each picture that was chosen from a grid."""
        for selection in await self.intact(prompt.selections):
            assert selection.rater is not None
            files = [
                await self.place(source, "preference_images", f"{self._grids:08}_{slot}")
                for slot, source in enumerate(selection.sources)
            ]
            for chosen in selection.label.chosen:
                row = {
                    "human_preference": selection.label.shown.index(chosen),
                    "prompt": selection.caption,
                    "id": self.tables[prompt.split].num_lines,
                    "file_path": files,
                    "user_hash": str(self.publishing.members[selection.rater]),
                    "contain_name": bool(_NAME.search(selection.caption)),
                }
                await self.add_row(prompt.split, row)
                self.note(prompt, [selection], prompt.split, "selections")
            self._grids += 1


HPD1 = PublishedFormat(
    name="hpd1",
    title="Choices from grids in the form of HPD v1",
    readers="align_sd (HPS v1)",
    load='json.load(open("DIR/preference_train.json"))',
    noun="selections",
    kinds=frozenset({Kind.SELECTIONS}),
    body="""
Grids of pictures that were painted from the same prompt, with the picture that a member of a Discord community chose:
`human_preference` is its place in `file_path`, which are the pictures in the order in which they were shown.
`user_hash` is the member's number in this data set. `contain_name` says whether the prompt seems to name a person.
""",
    write=Hpd1Writer,
    folder="hpd_v1",
)
