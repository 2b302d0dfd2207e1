"""The prompts export: one prompt a line, for training that paints for itself and asks a reward model.

Source: the datasets of flow_grpo and DiffusionNFT.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from engine.feedback.exports.published import Kind, Published, PublishedPrompt, Withheld
from engine.feedback.exports.text_files import TextFile, one_line
from engine.feedback.exports.text_tables import TextTablesWriter
from engine.feedback.exports.writing import PublishedFormat, Publishing
from engine.feedback.splits import FULL, Split, caption_from_spec, cluster_of_caption
from engine.feedback.store.published import PictureSource

SCHEMA = pa.schema([("text", pa.string())])


class PromptsWriter(TextTablesWriter):
    """Writes a text file for each split, in which each prompt is once."""

    def __init__(self, folder: Path, publishing: Publishing) -> None:
        super().__init__(folder, publishing, {split: TextFile(folder / f"{split}.txt") for split in FULL}, SCHEMA)
        self._written: set[bytes] = set()

    async def add_picture(self, source: PictureSource, split: Split) -> None:
        """Write the prompt of a picture, unless one of the same words was."""
        caption = one_line(caption_from_spec(source.spec))
        cluster = bytes.fromhex(cluster_of_caption(caption))
        if not caption or cluster in self._written:
            self.left_out[Withheld.REPEATED] += 1
            return
        self._written.add(cluster)
        await self.tables[split].add(caption)
        prompt = PublishedPrompt(split=split)
        self.note(prompt, [Published(label=caption, sources=(source,))], split, "prompts")


PROMPTS = PublishedFormat(
    name="prompts",
    title="Prompts",
    readers="flow_grpo, DiffusionNFT, DanceGRPO, Pref-GRPO and ReFL",
    load='open("DIR/train.txt").read().splitlines()',
    noun="prompts",
    kinds=frozenset({Kind.PICTURES}),
    body="""
Prompts that members of a Discord community painted with, one a line. Of prompts with the same words, one is here.
""",
    write=PromptsWriter,
    folder="prompts",
)
