"""The DiffusionDB export: every picture with its prompt and settings, whether anybody has judged it or not.

Source: the README and metadata of poloclub/diffusiondb.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.feedback.exports.card import CardConfig
from engine.feedback.exports.parquet import TableFile
from engine.feedback.exports.published import Kind, Published, PublishedPrompt, Withheld
from engine.feedback.exports.text_files import TextFile, json_line
from engine.feedback.exports.writing import PublishedFormat, Publishing, Writer, day_of
from engine.feedback.splits import Split, caption_from_spec
from engine.feedback.store.published import PictureSource

SCHEMA = pa.schema(
    [
        ("image_name", pa.string()),
        ("prompt", pa.string()),
        ("part_id", pa.uint16()),
        ("seed", pa.uint32()),
        ("step", pa.uint16()),
        ("cfg", pa.float32()),
        ("sampler", pa.uint8()),
        ("width", pa.uint16()),
        ("height", pa.uint16()),
        ("user_name", pa.string()),
        ("timestamp", pa.timestamp("ms", tz="UTC")),
        ("image_nsfw", pa.float32()),
        ("prompt_nsfw", pa.float32()),
    ]
)
_PART_SIZE = 1000
# DiffusionDB's numbers and names, by Easel's names.
_SAMPLERS = {
    "ddim": (1, "ddim"),
    "euler": (3, "k_euler"),
    "euler-ancestral": (4, "k_euler_ancestral"),
    "heun": (5, "k_heun"),
}
_OTHER_SAMPLER = (9, "others")


class DiffusionDbWriter(Writer):
    """Writes parts of a thousand pictures with a JSON file each, and one table of all."""

    reads_pictures = True

    def __init__(self, folder: Path, publishing: Publishing) -> None:
        super().__init__(folder, publishing)
        self._table = TableFile(folder / "metadata.parquet", SCHEMA)
        self._part: TextFile | None = None

    async def add_picture(self, source: PictureSource, split: Split) -> None:
        """Write a picture."""
        if not await self.are_intact([source]):
            self.left_out[Withheld.DAMAGED] += 1
            return
        part = self._table.num_rows // _PART_SIZE + 1
        folder = f"images/part-{part:06}"
        name = Path(await self.place(source, folder)).name
        row = self._row(source, name, part)
        recipe = source.picture.recipe
        if self._part is None or self._part.num_lines == _PART_SIZE:
            await self._finish_part()
            self._part = TextFile(
                self.folder / folder / f"part-{part:06}.json", first="{\n", between=",\n", last="\n}\n"
            )
        described = {"p": row["prompt"], "se": row["seed"], "c": row["cfg"], "st": row["step"]}
        described["sa"] = _SAMPLERS.get(recipe.get("sampler", ""), _OTHER_SAMPLER)[1]
        await self._part.add(f'"{name}":{json_line(described)}')
        await self._table.add(row)
        self.note(PublishedPrompt(split=split), [Published(label=row, sources=(source,))], Split.TRAIN, "pictures")

    async def finish(self) -> list[CardConfig]:
        """Write the last part and the table."""
        await self._finish_part()
        await self._table.finish()
        rows: dict[str, int] = {Split.TRAIN: self._table.num_rows}
        config = CardConfig(name="default", files={Split.TRAIN: ["metadata.parquet"]}, schema=SCHEMA, rows=rows)
        return [config] if self._table.num_rows else []

    def abandon(self) -> None:
        """Close the files as they are."""
        self._table.abandon()
        if self._part is not None:
            self._part.abandon()

    async def _finish_part(self) -> None:
        if self._part is not None:
            await self._part.finish()

    def _row(self, source: PictureSource, name: str, part: int) -> dict[str, Any]:
        """Return the row of a picture; nobody has judged how safe it is, which is null and not 0."""
        picture, recipe = source.picture, source.picture.recipe
        return {
            "image_name": name,
            "prompt": caption_from_spec(source.spec),
            "part_id": part,
            "seed": picture.seed,
            "step": recipe.get("steps"),
            "cfg": recipe.get("guidance"),
            "sampler": _SAMPLERS.get(recipe.get("sampler", ""), _OTHER_SAMPLER)[0],
            "width": picture.width,
            "height": picture.height,
            "user_name": str(self.publishing.members[source.owner]),
            "timestamp": day_of(source.painted_at),
            "image_nsfw": None,
            "prompt_nsfw": None,
        }


DIFFUSIONDB = PublishedFormat(
    name="diffusiondb",
    title="Pictures and settings in the columns of DiffusionDB",
    readers="what reads DiffusionDB",
    load='pandas.read_parquet("DIR/metadata.parquet")',
    noun="pictures",
    kinds=frozenset({Kind.PICTURES}),
    body="""
Every picture that members of a Discord community painted, with its prompt, seed and settings. `sampler` is the number
that DiffusionDB has for it, 9 for those that it does not have. `user_name` is the member's number in this data set, and
`image_nsfw` and `prompt_nsfw` are null: they were not measured. Pictures from channels restricted by age, and those
that were reported, are not here.
""",
    write=DiffusionDbWriter,
    folder="diffusiondb",
)
