"""The SFT export: folders of pictures that members like, with captions, for fine-tuning and adapters.

Source: the documentations of kohya's sd-scripts, musubi-tuner, SimpleTuner, OneTrainer and ai-toolkit, and the
imagefolder loader of datasets, which wants the table of a split in the split's own folder.
"""

from __future__ import annotations

from pathlib import Path

from engine.feedback.exports.captions import is_kept_by_json_lines
from engine.feedback.exports.card import CardConfig
from engine.feedback.exports.published import Kind, PublishedPrompt, Withheld
from engine.feedback.exports.text_files import TextFile, json_line, one_line
from engine.feedback.exports.writing import PublishedFormat, Publishing, Writer
from engine.feedback.preferences.likes import LikeSplit
from engine.feedback.preferences.sources import RANKS, Source
from engine.feedback.splits import FULL


class SftWriter(Writer):
    """Writes a folder for each split: pictures, a caption file for each, and tables of them."""

    def __init__(self, folder: Path, publishing: Publishing) -> None:
        super().__init__(folder, publishing)
        self._metadata = {split: TextFile(folder / split / "metadata.jsonl") for split in FULL}
        self._paths = {split: TextFile(folder / f"{split}.jsonl") for split in FULL}

    async def add(self, prompt: PublishedPrompt) -> None:
        """Write the pictures of a prompt that are liked only, and by a clear answer or as favourites."""
        liked = [
            like
            for like in prompt.likes
            if like.label.split is LikeSplit.EXCLUSIVE_WIN
            and like.label.like_rank is not None
            and like.label.like_rank <= RANKS[Source.FAVOURITE]
        ]
        self.left_out[Withheld.WEAK] += len(prompt.likes) - len(liked)
        read_right = [like for like in liked if is_kept_by_json_lines(like.caption)]
        self.left_out[Withheld.CAPTION_CHANGED] += len(liked) - len(read_right)
        intact = await self.intact(read_right)
        for like in intact:
            caption = one_line(like.caption)
            path = await self.place(like.sources[0], prompt.split)
            await self._metadata[prompt.split].add(json_line({"file_name": Path(path).name, "text": caption}))
            size = [like.sources[0].picture.width, like.sources[0].picture.height]
            await self._paths[prompt.split].add(json_line({"image_path": path, "caption": caption, "image_size": size}))
            text = TextFile((self.folder / path).with_suffix(".txt"))
            await text.add(caption)
            await text.finish()
        self.note(prompt, intact, prompt.split, "pictures")

    async def finish(self) -> list[CardConfig]:
        """Write the tables."""
        for table in (*self._metadata.values(), *self._paths.values()):
            await table.finish()
        splits = [split for split in FULL if self.rows[split]]
        config = CardConfig(
            name="default",
            files={split: [f"{split}/*.png", f"{split}/metadata.jsonl"] for split in splits},
            schema=None,
            rows={split: self.rows[split] for split in splits},
        )
        return [config] if splits else []

    def abandon(self) -> None:
        """Close the tables as they are."""
        for table in (*self._metadata.values(), *self._paths.values()):
            table.abandon()


SFT = PublishedFormat(
    name="sft",
    title="Liked pictures with captions",
    readers="kohya's sd-scripts, musubi-tuner, SimpleTuner, OneTrainer, ai-toolkit and the scripts of diffusers",
    load='datasets.load_dataset("imagefolder", data_dir="DIR")',
    noun="pictures",
    kinds=frozenset({Kind.LIKES}),
    body="""
Pictures that members of a Discord community like, and nobody dislikes: by a favourite, the best rating, or a choice
among others. Each has its caption in the text file of its name, in `metadata.jsonl`, and in the table of the split,
whose paths are relative to this folder.
""",
    write=SftWriter,
    folder="sft",
)
