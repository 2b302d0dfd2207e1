"""The events of a release: what was shown and what was pressed, for who wants to derive preferences in another way.

Nobody and nothing is named by an id that is used elsewhere: pictures and members have those of the release.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa

from engine.feedback.exports.card import CardConfig
from engine.feedback.exports.parquet import TableFile
from engine.feedback.exports.pickapic import model_of
from engine.feedback.exports.published import Kind, Published, PublishedPrompt
from engine.feedback.exports.writing import PublishedFormat, Publishing, Writer, day_of
from engine.feedback.records import Press
from engine.feedback.splits import Split, caption_from_spec
from engine.feedback.store.published import PictureSource

_DAY = pa.timestamp("ms", tz="UTC")
ACTIONS = pa.schema(
    [
        ("id", pa.string()),
        ("user_id", pa.int64()),
        ("is_owner", pa.bool_()),
        ("verb", pa.string()),
        ("image_uid", pa.string()),
        ("slot", pa.int16()),
        ("value", pa.int16()),
        ("choice", pa.string()),
        ("variation", pa.string()),
        ("replaces", pa.string()),
        ("shown_image_uids", pa.list_(pa.string())),
        ("shown_slots", pa.list_(pa.int16())),
        ("latency_ms", pa.int64()),
        ("surface", pa.string()),
        ("day", _DAY),
        ("split", pa.string()),
    ]
)
IMPRESSIONS = pa.schema(
    [
        ("grid_id", pa.string()),
        ("slot", pa.int16()),
        ("image_uid", pa.string()),
        ("owner_id", pa.int64()),
        ("caption", pa.string()),
        ("model", pa.string()),
        ("seed", pa.uint32()),
        ("day", _DAY),
        ("split", pa.string()),
    ]
)


class EventsWriter(Writer):
    """Writes a table of presses, and one of the pictures that were shown."""

    def __init__(self, folder: Path, publishing: Publishing) -> None:
        super().__init__(folder, publishing)
        self._actions = TableFile(folder / "actions.parquet", ACTIONS)
        self._impressions = TableFile(folder / "impressions.parquet", IMPRESSIONS)

    async def add(self, prompt: PublishedPrompt) -> None:
        """Write the presses about a prompt."""
        for event in self.publishing.shuffled(prompt.events):
            await self._actions.add(self._action_row(event, prompt.split))
        self.note(prompt, prompt.events, prompt.split, "actions")

    async def add_picture(self, source: PictureSource, split: Split) -> None:
        """Write that a picture was shown."""
        row = {
            "grid_id": self._new_id(source.picture.job_id),
            "slot": source.picture.slot,
            "image_uid": self.publishing.uid(source),
            "owner_id": self.publishing.members[source.owner],
            "caption": caption_from_spec(source.spec),
            "model": model_of(source),
            "seed": source.picture.seed,
            "day": day_of(source.painted_at),
            "split": split.value,
        }
        await self._impressions.add(row)
        self.note(PublishedPrompt(split=split), [Published(label=row, sources=(source,))], split, "impressions")

    async def finish(self) -> list[CardConfig]:
        """Write what is left."""
        tables = {"actions": (self._actions, ACTIONS), "impressions": (self._impressions, IMPRESSIONS)}
        for table, _ in tables.values():
            await table.finish()
        return [
            CardConfig(
                name=name, files={Split.TRAIN: [table.path.name]}, schema=schema, rows={Split.TRAIN: table.num_rows}
            )
            for name, (table, schema) in tables.items()
            if table.num_rows
        ]

    def abandon(self) -> None:
        """Close the tables as they are."""
        self._actions.abandon()
        self._impressions.abandon()

    def _action_row(self, event: Published[Press], split: Split) -> Mapping[str, Any]:
        action = event.label.action
        uids = {source.picture.id: self.publishing.uid(source) for source in event.sources}
        return {
            "id": self._press_id(action.press_id),
            "user_id": self.publishing.members[action.member_id],
            "is_owner": action.is_owner,
            "verb": action.verb.value,
            "image_uid": uids.get(action.picture_id) if action.picture_id else None,
            "slot": action.slot,
            "value": action.value,
            "choice": action.choice and action.choice.value,
            "variation": action.variation,
            "replaces": None if action.replaces is None else self._press_id(action.replaces),
            "shown_image_uids": [uids[shown.picture_id] for shown in action.shown],
            "shown_slots": [shown.slot for shown in action.shown],
            "latency_ms": None if action.latency is None else round(action.latency.total_seconds() * 1000),
            "surface": action.surface.value,
            "day": day_of(action.at),
            "split": split.value,
        }

    def _press_id(self, press_id: int) -> str:
        return self._new_id(UUID(int=press_id))

    def _new_id(self, one: UUID) -> str:
        return str(UUID(bytes=self.publishing.digest(one)[:16], version=4))


EVENTS = PublishedFormat(
    name="events",
    title="What was shown and what was pressed",
    readers="who derives preferences in another way",
    load='datasets.load_dataset("DIR", "actions", split="train")',
    noun="actions",
    kinds=frozenset({Kind.EVENTS, Kind.PICTURES}),
    body="""
`actions.parquet` has a row for each press of members of a Discord community, with the pictures that were in view, by
slot, how long after they were shown, and which earlier press no longer counts. `impressions.parquet` has one for each
picture that was shown, whether anybody pressed anything or not. Pictures and members have the ids that they have in the
other folders; `split` is where the others have what the same prompt says.
""",
    write=EventsWriter,
    folder="events",
)
