"""The WebDataset export: pairs in tar files, for trainers that stream.

Source: diffusers' ORPO trainer for WebDataset, which takes the first picture for the preferred one whatever the labels
say; and the readers of webdataset 1.0.2 and datasets 5.2.0, for which a dot ends the key, and which want every field in
every sample.
"""

from __future__ import annotations

import io
import tarfile
from collections import Counter
from pathlib import Path

from engine.feedback.exports.card import CardConfig
from engine.feedback.exports.published import Kind, Published, PublishedPrompt
from engine.feedback.exports.staging import in_thread
from engine.feedback.exports.writing import PublishedFormat, Publishing, Writer
from engine.feedback.preferences.pairs import LabelledPair
from engine.feedback.splits import UNIQUE

_SHARD_BYTES = 400 * 2**20


class WebDatasetWriter(Writer):
    """Writes pairs to tar files of one split each, and those of the unique splits to others."""

    def __init__(self, folder: Path, publishing: Publishing) -> None:
        super().__init__(folder, publishing)
        self._open: dict[str, tarfile.TarFile] = {}
        self._shards: Counter[str] = Counter()
        self._sizes: Counter[str] = Counter()
        self._samples: Counter[str] = Counter()

    async def add(self, prompt: PublishedPrompt) -> None:
        """Write the pairs of a prompt."""
        intact = await self.intact(prompt.pairs)
        for pair in intact:
            await self._add_sample(prompt.split, pair)
        self.note(prompt, intact, prompt.split, "pairs")
        if intact and prompt.split in UNIQUE:
            await self._add_sample(UNIQUE[prompt.split], max(intact, key=lambda pair: pair.label.weight))
            self.rows[UNIQUE[prompt.split]] += 1

    async def finish(self) -> list[CardConfig]:
        """Write the tar files."""
        await in_thread(self.abandon)
        splits = sorted(split for split in self.rows if self.rows[split])
        config = CardConfig(
            name="default",
            files={split: [f"{split}/*.tar"] for split in splits},
            schema=None,
            rows={split: self.rows[split] for split in splits},
        )
        return [config] if splits else []

    def abandon(self) -> None:
        """Close the tar files as they are."""
        for shard in self._open.values():
            shard.close()
        self._open.clear()

    async def _add_sample(self, split: str, pair: Published[LabelledPair]) -> None:
        winner_first = pair.sources if pair.label.winner == pair.label.first else pair.sources[::-1]
        pictures = [await self.publishing.pictures.read_intact(source.picture.object_key) for source in winner_first]
        key = f"{self._samples[split]:09}"
        self._samples[split] += 1
        sample = {
            f"{key}.original_prompt.txt": pair.caption.encode(),
            f"{key}.jpg_0.jpg": pictures[0],
            f"{key}.jpg_1.jpg": pictures[1],
            f"{key}.label_0.txt": b"1",
            f"{key}.label_1.txt": b"0",
        }
        await in_thread(self._write, split, sample)

    def _write(self, split: str, sample: dict[str, bytes]) -> None:
        if self._sizes[split] >= _SHARD_BYTES:
            self._open.pop(split).close()
            self._sizes[split] = 0
        if split not in self._open:
            path = self.folder / split / f"{self._shards[split]:06}.tar"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open[split] = tarfile.TarFile(path, "w", format=tarfile.USTAR_FORMAT)
            self._shards[split] += 1
        for name, data in sample.items():
            # Without times, and without the name of whoever writes it.
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            self._open[split].addfile(entry, io.BytesIO(data))
            self._sizes[split] += len(data)


WEBDATASET = PublishedFormat(
    name="webdataset",
    title="Pairs as WebDataset",
    readers="the webdataset library, and trainers that stream tar files",
    load='webdataset.WebDataset("DIR/train/{000000..000004}.tar").decode("pil")',
    noun="pairs",
    kinds=frozenset({Kind.PAIRS}),
    body="""
Pairs of pictures that were painted from the same prompt. `jpg_0.jpg` is the one that members of a Discord community
together prefer, because trainers for this format do not read the labels. The files are PNG with another name.
""",
    write=WebDatasetWriter,
    folder="webdataset",
)
