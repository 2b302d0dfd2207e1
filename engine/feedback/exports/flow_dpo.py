"""The Flow-DPO export: two folders of pictures, in which files of the same name are the preferred one and the other.

Source: SimpleTuner's documentation/experimental/FLOW_DPO.md and its sampler, which finds the loser by the winner's
path with another root, and takes sizes and captions of the winner's.
"""

from __future__ import annotations

import json
from pathlib import Path

from engine.feedback.exports.card import CardConfig
from engine.feedback.exports.published import Kind, PublishedPrompt
from engine.feedback.exports.staging import in_thread
from engine.feedback.exports.text_files import TextFile, one_line
from engine.feedback.exports.writing import PublishedFormat, Publishing, Writer
from engine.feedback.splits import FULL, Split

_SIDES = ("win", "lose")
_SETTINGS = [
    {
        "id": "preferred",
        "type": "local",
        "dataset_type": "image",
        "instance_data_dir": "win",
        "caption_strategy": "textfile",
        "conditioning_data": ["rejected"],
    },
    {
        "id": "rejected",
        "type": "local",
        "dataset_type": "conditioning",
        "conditioning_type": "reference_strict",
        "source_dataset_id": "preferred",
        "instance_data_dir": "lose",
        "caption_strategy": "textfile",
    },
]


class FlowDpoWriter(Writer):
    """Writes each pair as two files of one name, with their caption."""

    def __init__(self, folder: Path, publishing: Publishing) -> None:
        super().__init__(folder, publishing)
        self._pairs = 0

    async def add(self, prompt: PublishedPrompt) -> None:
        """Write the pairs of a prompt; those for training are in the folders that the trainer is told of."""
        intact = await self.intact(prompt.pairs)
        for pair in intact:
            sides = pair.sources if pair.label.winner == pair.label.first else pair.sources[::-1]
            for side, source in zip(_SIDES, sides, strict=True):
                path = await self.place(source, _folder(prompt.split, side), f"{self._pairs:08}")
                text = TextFile((self.folder / path).with_suffix(".txt"))
                await text.add(one_line(pair.caption))
                await text.finish()
            self._pairs += 1
        self.note(prompt, intact, prompt.split, "pairs")

    async def finish(self) -> list[CardConfig]:
        """Write the trainer's settings."""
        splits = [split for split in FULL if self.rows[split]]
        if not splits:
            return []
        settings = json.dumps(_SETTINGS, indent=2) + "\n"
        await in_thread((self.folder / "multidatabackend.json").write_text, settings, encoding="utf-8")
        return [
            CardConfig(
                name=side,
                files={split: [f"{_folder(split, side)}/*.png"] for split in splits},
                schema=None,
                rows={split: self.rows[split] for split in splits},
            )
            for side in _SIDES
        ]


def _folder(split: Split, side: str) -> str:
    return side if split is Split.TRAIN else f"{split}/{side}"


FLOW_DPO = PublishedFormat(
    name="flow-dpo",
    title="Preferred and other pictures",
    readers="SimpleTuner's Flow-DPO",
    load="--distillation_method=flow_dpo --data_backend_config=DIR/multidatabackend.json, started in DIR",
    noun="pairs",
    kinds=frozenset({Kind.PAIRS}),
    body="""
Pairs of pictures of the same prompt and size. Of two files of the same name, members of a Discord community together
prefer the one in `win` to that in `lose`. The caption of each is in the text file of its name. Pairs for validation and
test are in folders of their own.
""",
    write=FlowDpoWriter,
    folder="flow_dpo",
)
