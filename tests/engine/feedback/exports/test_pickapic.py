"""The Pick-a-Pic export: what trainers read of it, and what it must never hold."""

from __future__ import annotations

import asyncio
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from uuid import UUID

import pandas as pd
import pytest
from PIL import Image

from engine.contract.feedback import Consent
from engine.feedback.anonymize import strip_png_metadata
from engine.feedback.exports import FORMATS
from engine.feedback.exports.pickapic import SCHEMA
from engine.feedback.exports.request import Exported
from engine.store.database import open_database
from engine.store.objects import open_objects
from tests.conftest import new_database
from tests.engine.feedback.exports.community import SmallCommunity, all_bytes_of, request_to, rows_of

export_pickapic = FORMATS["pickapic"].export
# Captions that readers of other formats take for something else.
ODD = ("None", "007", "nan", "True", "2024-01-01")
PROMPTS = (*ODD, *(f"a cat and {number} dogs" for number in range(20)))
# With it, the clusters of these prompts are in all three splits.
SEED = 7
_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True)
class _ExportedLog:
    """Two exports of a log in which everybody agreed.

    winners: by prompt, the file of the picture that won and of the other.
    ids, snowflakes: Easel's of members, jobs and pictures, and Discord's.
    """

    one: Path
    two: Path
    exported: Exported
    winners: Mapping[str, list[bytes]]
    ids: Sequence[UUID]
    snowflakes: Sequence[int]


@pytest.fixture(scope="module")
def log(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> _ExportedLog:
    """Three members painted and two of them pressed; every other job has a press by both."""
    folder = tmp_path_factory.mktemp("log")

    async def export() -> _ExportedLog:
        async with new_database(postgres, template) as url, open_database(url) as database:
            return await _export_log(
                SmallCommunity(database=database, objects=open_objects((folder / "pictures").as_uri())), folder
            )

    return asyncio.run(export())


async def _export_log(community: SmallCommunity, folder: Path) -> _ExportedLog:
    members = [await community.join(Consent.PUBLISH) for _ in range(3)]
    ids, winners = list(members), dict[str, list[bytes]]()
    for number, prompt in enumerate(PROMPTS):
        painted = await community.paint(members[number % 3], prompt)
        slot = number * 7 % 5 % 2
        for rater in members[: 1 + number % 2]:
            await community.press(painted, slot, rater)
        keys = [painted.pictures[one].object_key for one in (slot, 1 - slot)]
        winners[prompt] = [strip_png_metadata(await community.objects.get(key)) for key in keys]
        ids += [painted.job_id, *(picture.id for picture in painted.pictures)]
    exported = [
        await export_pickapic(community.database, community.objects, request_to(folder / name, split_seed=SEED))
        for name in ("one", "two")
    ]
    return _ExportedLog(
        one=folder / "one",
        two=folder / "two",
        exported=exported[0],
        winners=winners,
        ids=ids,
        snowflakes=community.snowflakes,
    )


def test_datasets_loads_all_splits_unmodified(
    log: _ExportedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With exact counts, bytes for pictures, the winner's label, and captions as they were written."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    import datasets

    loaded = datasets.load_dataset(str(log.one), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == log.exported.splits
    assert log.exported.splits.keys() == {"train", "validation", "test", "validation_unique", "test_unique"}
    assert log.exported.counts["pairs"] == sum(1 + number % 2 for number in range(len(PROMPTS)))
    assert log.exported.left_out == {} and log.exported.damaged == ()
    assert loaded["train"].column_names == SCHEMA.names
    rows = [row for split in ("train", "validation", "test") for row in loaded[split]]
    assert {row["caption"] for row in rows} == set(PROMPTS)
    for row in rows:
        assert (row["label_0"], row["label_1"]) in ((1.0, 0.0), (0.0, 1.0))
        won = 0 if row["label_0"] else 1
        assert [row[f"jpg_{won}"], row[f"jpg_{1 - won}"]] == log.winners[row["caption"]]
        assert row["best_image_uid"] == row[f"image_{won}_uid"]
        assert row["created_at"].isoformat() == "2026-03-04T00:00:00"
        assert row["model_0"] == row["model_1"] == "fake+ink:0.8"
        assert "parameters" not in Image.open(io.BytesIO(row["jpg_0"])).info
    assert 0 < sum(row["label_0"] for row in rows) < len(rows), "the winner is always on the same side"


def test_rows_are_numbered_and_split_as_consumers_expect(log: _ExportedLog) -> None:
    splits = rows_of(log.one)
    captions = {split: Counter(row["caption"] for row in rows) for split, rows in splits.items()}
    for one, other in combinations(("train", "validation", "test"), 2):
        assert not captions[one].keys() & captions[other].keys()
    for split, rows in splits.items():
        assert [row["__index_level_0__"] for row in rows] == list(range(len(rows)))
        assert all(row["num_example_per_prompt"] == captions[split][row["caption"]] for row in rows)
        assert all(row["has_label"] and row["are_different"] for row in rows)
    for split in ("validation", "test"):
        assert captions[f"{split}_unique"] == dict.fromkeys(captions[split], 1)
    full = [row for split in ("train", "validation", "test") for row in splits[split]]
    assert {row["user_id"] for row in full} == {0, 1}
    assert {row["ranking_id"] for row in full} == set(range(len(full)))
    assert all(_UUID4.fullmatch(row[f"image_{side}_uid"]) for row in full for side in (0, 1))


def test_diffusers_preprocessing_puts_the_winner_first(log: _ExportedLog) -> None:
    """As its two DPO scripts and MaPO's do: they open the bytes of both, and swap them where `label_0` is 0."""
    for row in rows_of(log.one)["train"]:
        opened = [Image.open(io.BytesIO(row[f"jpg_{side}"])).convert("RGB") for side in (0, 1)]
        first, second = opened[::-1] if row["label_0"] == 0 else opened
        won, lost = (Image.open(io.BytesIO(file)) for file in log.winners[row["caption"]])
        assert (first.tobytes(), second.tobytes()) == (won.tobytes(), lost.tobytes()) and first.size == second.size


@pytest.mark.parametrize("mode", ["as it is", "from disk", "limited by prompt", "best alone"])
def test_pickscore_keeps_every_row_in_each_of_its_modes(log: _ExportedLog, tmp_path: Path, mode: str) -> None:
    """By the columns that its loader asks for: rows without a label are dropped, and so are cycles of preferences."""
    import datasets

    table = pd.DataFrame(rows_of(log.one)["train"])
    if mode == "from disk":
        datasets.Dataset.from_pandas(table, preserve_index=False).save_to_disk(str(tmp_path / "train"))
        table = datasets.load_from_disk(str(tmp_path / "train")).to_pandas()
    elif mode == "limited by prompt":
        table = table.drop("__index_level_0__", axis=1).groupby("caption").head(1)
        assert sorted(table.caption) == sorted({row["caption"] for row in rows_of(log.one)["train"]})
    elif mode == "best alone":
        worse = [row[f"image_{int(row['label_0'])}_uid"] for _, row in table[table.has_label == 1].iterrows()]
        assert not set(worse) & set(table.best_image_uid), "a picture that both wins and loses"
    assert table.has_label.all() and (table.label_0 + table.label_1 == 1).all() and len(table)
    if mode != "limited by prompt":
        assert (1 / table.num_example_per_prompt).sum() == pytest.approx(table.caption.nunique())
    assert all(isinstance(row.jpg_0, bytes) and isinstance(row.jpg_1, bytes) for row in table.itertuples())


def test_no_identity_is_in_an_export_and_none_joins_two(log: _ExportedLog) -> None:
    """Neither Discord's ids nor Easel's, which tell times, in any byte; ids are new in every export."""
    found = all_bytes_of(log.one)
    assert not [one for one in log.ids if str(one).encode() in found or one.bytes in found]
    assert not [one for one in log.snowflakes if str(one).encode() in found]
    assert not re.search(r"discord\.|https?://|(?<!\d)\d{17,20}(?!\d)", repr(_texts(log.one)))
    assert not _uids(log.one) & _uids(log.two)


def _uids(folder: Path) -> set[str]:
    return {row[f"image_{side}_uid"] for rows in rows_of(folder).values() for row in rows for side in (0, 1)}


def _texts(folder: Path) -> list[str]:
    rows = [row for rows in rows_of(folder).values() for row in rows]
    return [
        (folder / "README.md").read_text(),
        *(str(value) for row in rows for value in row.values() if isinstance(value, str)),
    ]
