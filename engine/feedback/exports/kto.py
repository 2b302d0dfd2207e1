"""The KTO export: pictures that members like or dislike, for training without pairs.

Source: the loader of Diffusion-KTO, `--dataloader pick`, which reads other columns than its README says.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from engine.feedback.exports.captions import is_kept_by_csv
from engine.feedback.exports.published import Kind, PublishedPrompt, Withheld
from engine.feedback.exports.text_files import TextFile, csv_line, csv_table, one_line
from engine.feedback.exports.text_tables import TextTablesWriter
from engine.feedback.exports.writing import PublishedFormat, Publishing
from engine.feedback.preferences.likes import LikeSplit
from engine.feedback.splits import FULL

SCHEMA = pa.schema(
    [
        ("file_name", pa.string()),
        ("file_path", pa.string()),
        ("caption", pa.string()),
        ("split", pa.string()),
        ("label", pa.int64()),
    ]
)
# As caption folders for trainers that take liked and disliked pictures from folders.
_FOLDERS = {
    LikeSplit.EXCLUSIVE_WIN: "liked",
    LikeSplit.EXCLUSIVE_LOSE: "disliked",
    LikeSplit.INTERSECTIONS: "both",
}


class KtoWriter(TextTablesWriter):
    """Writes a CSV file for each split, and the pictures."""

    def __init__(self, folder: Path, publishing: Publishing) -> None:
        tables: dict[str, TextFile] = {
            split: csv_table(folder / f"{split}_processed_v3.csv", SCHEMA.names) for split in FULL
        }
        super().__init__(folder, publishing, tables, SCHEMA)

    async def add(self, prompt: PublishedPrompt) -> None:
        """Write the liked and disliked pictures of a prompt."""
        read_right = [like for like in prompt.likes if is_kept_by_csv(like.caption)]
        self.left_out[Withheld.CAPTION_CHANGED] += len(prompt.likes) - len(read_right)
        intact = await self.intact(read_right)
        for like in intact:
            split = like.label.split
            path = await self.place(like.sources[0], f"{prompt.split}/{_FOLDERS[split]}")
            label = int(like.label.like_weight > like.label.dislike_weight)
            caption = one_line(like.caption)
            await self.tables[prompt.split].add(csv_line([path, path, caption, split.value, label]))
            text = TextFile((self.folder / path).with_suffix(".txt"))
            await text.add(caption)
            await text.finish()
        self.note(prompt, intact, prompt.split, "pictures")


KTO = PublishedFormat(
    name="kto",
    title="Liked and disliked pictures",
    readers="Diffusion-KTO, and trainers that take folders of liked and disliked pictures with captions",
    load="train_kto_sd_v1.5.py --train_data_dir DIR --dataloader pick --pick_split train --policy gt_label_w_l",
    noun="pictures",
    kinds=frozenset({Kind.LIKES}),
    body="""
Single pictures that members of a Discord community like or dislike, as Diffusion-KTO reads them. `split` says what a
picture is in training: `exclusive_win`, `exclusive_lose`, or `intersections` for what some like and others do not.
`label` is 1 if more weight is on the side of those who like it. Captions that readers of CSV take for a number, a truth
value or a missing one, such as "None" or "007", are left out.
""",
    write=KtoWriter,
    folder="kto",
)
