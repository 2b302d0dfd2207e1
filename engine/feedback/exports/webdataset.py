"""The WebDataset export: pairs in tar files, for trainers that stream.

Source: diffusers' ORPO trainer for WebDataset, which takes the first picture for the preferred one whatever the labels
say; and the readers of webdataset 1.0.2 and datasets 5.2.0, for which a dot ends the key, and which want every field in
every sample.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from engine.feedback.exports.card import CardConfig
from engine.feedback.exports.hashed_file import HashedFile
from engine.feedback.exports.made import Shards
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
        self._shards = Shards(publishing.made, "webdataset")
        self._open: dict[str, _OpenTar] = {}

    async def begin(self) -> None:
        """Take over the tar files of an export that was killed."""
        await in_thread(self._shards.take_over)

    async def add(self, prompt: PublishedPrompt) -> None:
        """Write the pairs of a prompt."""
        intact = await self.intact(prompt.pairs, is_made=self._shards.has(prompt.split, len(prompt.pairs)))
        for pair in intact:
            await self._add_sample(prompt.split, pair)
        self.note(prompt, intact, prompt.split, "pairs")
        if intact and prompt.split in UNIQUE:
            await self._add_sample(UNIQUE[prompt.split], max(intact, key=lambda pair: pair.label.weight))
            self.rows[UNIQUE[prompt.split]] += 1

    async def finish(self) -> list[CardConfig]:
        """Write the tar files."""
        for split in list(self._open):
            await in_thread(self._finish_shard, split)
        await in_thread(self._shards.place, self._path)
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

    async def _add_sample(self, split: str, pair: Published[LabelledPair]) -> None:
        key = f"{self._shards.rows[split]:09}"
        if self._shards.passes(split, self.publishing.digest_of(pair)):
            return
        winner_first = pair.sources if pair.label.winner == pair.label.first else pair.sources[::-1]
        pictures = [await self.publishing.read_intact(source) for source in winner_first]
        sample = {
            f"{key}.original_prompt.txt": pair.caption.encode(),
            f"{key}.jpg_0.jpg": pictures[0],
            f"{key}.jpg_1.jpg": pictures[1],
            f"{key}.label_0.txt": b"1",
            f"{key}.label_1.txt": b"0",
        }
        await in_thread(self._write, split, sample)

    def _write(self, split: str, sample: dict[str, bytes]) -> None:
        shard = self._open.get(split) or self._open_shard(split)
        for name, data in sample.items():
            # Without times, and without the name of whoever writes it.
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            shard.tar.addfile(entry, io.BytesIO(data))
            shard.size += len(data)
        shard.samples += 1
        if shard.size >= _SHARD_BYTES:
            self._finish_shard(split)

    def _open_shard(self, split: str) -> _OpenTar:
        file = HashedFile(self._shards.part(split))
        tar = tarfile.TarFile(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT)
        self._open[split] = _OpenTar(file=file, tar=tar)
        return self._open[split]

    def _finish_shard(self, split: str) -> None:
        shard = self._open.pop(split)
        shard.close()
        self._shards.finish(split, rows=shard.samples, size=shard.size, digest=shard.file.hexdigest())

    def _path(self, split: str, number: int, total: int) -> Path:
        return self.folder / split / f"{number:06}.tar"


@dataclass(kw_only=True)
class _OpenTar:
    """A tar file that is being written; size: of what is in it, in bytes."""

    file: HashedFile
    tar: tarfile.TarFile
    samples: int = 0
    size: int = 0

    def close(self) -> None:
        self.tar.close()
        self.file.close()


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
