"""Each format as those who read it do: with the loading code of theirs, unmodified, and without any trap of theirs."""

from __future__ import annotations

import io
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import webdataset
from PIL import Image

from engine.feedback.exports import diffusiondb
from engine.feedback.splits import FULL
from tests.engine.feedback.exports.released import (
    DAMAGED,
    PROMPTS,
    REPORTED,
    TIED,
    ReleasedLog,
    json_of,
    manifest_of,
    picture_files_of,
)


def _of(released: ReleasedLog, path: Path) -> tuple[str, int]:
    """Return the prompt and the slot of the picture in the file."""
    return released.pictures[path.read_bytes()]


def test_kto_by_the_code_of_its_loader(released: ReleasedLog, load: Any) -> None:
    """pandas, then the policy's labels; captions that pandas would change are left out and counted."""
    from datasets import Dataset

    data = pd.read_csv(released.folder / "kto" / "train_processed_v3.csv")
    assert list(data.columns) == ["file_name", "file_path", "caption", "split", "label"]
    assert data.caption.dtype != float and not data.caption.isna().any()
    assert set(data.split) == {"exclusive_win", "exclusive_lose", "intersections"}
    data = data[~(data.split == "intersections")]
    data["label"] = data.split == "exclusive_win"
    for row in Dataset.from_pandas(data):
        prompt, slot = _of(released, released.folder / "kto" / row["file_name"])
        text = (released.folder / "kto" / row["file_path"]).with_suffix(".txt").read_text()
        assert row["caption"] == " ".join(prompt.split()) == text.strip()
        assert row["label"] is (slot != 1) and prompt not in ("None", "007", "nan", "True")
    assert manifest_of(released.folder)["formats"]["kto"]["left_out"]["caption_changed"] > 0


def test_hpd1_by_the_columns_of_its_readme(released: ReleasedLog) -> None:
    rows = json_of(released.folder / "hpd_v1" / "preference_train.json")
    for number, row in enumerate(rows):
        assert list(row) == ["human_preference", "prompt", "id", "file_path", "user_hash", "contain_name"]
        assert row["id"] == number and row["contain_name"] is False and row["user_hash"].isdigit()
        shown = [_of(released, released.folder / "hpd_v1" / path) for path in row["file_path"]]
        assert shown == [(row["prompt"], slot) for slot in range(3)]
        assert all(re.fullmatch(r"preference_images/\d+_\d\.png", path) for path in row["file_path"])
    assert {row["human_preference"] for row in rows} == {0, 1, 2}


def test_hpd2_by_the_code_of_its_loader(released: ReleasedLog) -> None:
    """pyarrow takes the columns of the first row, and a missing file would be another row's without a word."""
    folder = released.folder / "hpd_v2"
    pairs = pa.Table.from_pylist(json_of(folder / "train.json"))
    assert pairs.column_names == ["prompt", "file_path", "human_preference"]
    for row in pairs.to_pylist():
        slots = [_of(released, folder / "train" / path)[1] for path in row["file_path"]]
        assert sorted(row["human_preference"]) == [0, 1]
        if row["prompt"] in released.clear and 2 not in slots:
            assert slots[row["human_preference"].index(1)] == 0
    preferred = {row["human_preference"][0] for row in pairs.to_pylist()}
    assert preferred == {0, 1}, "the preferred picture is always on the same side"
    ranked = pa.Table.from_pylist(json_of(folder / "test.json"))
    assert ranked.column_names == ["prompt", "image_path", "rank", "raw_annotations"]
    for row in ranked.to_pylist():
        assert {_of(released, folder / "test" / path)[0] for path in row["image_path"]} == {row["prompt"]}
        assert min(row["rank"]) == 1 and len(row["rank"]) == len(row["image_path"])
        assert all(len(one["rank"]) == len(row["rank"]) for one in row["raw_annotations"])


def test_hpd3_by_the_code_of_its_loader(released: ReleasedLog) -> None:
    """It keeps rows at its usual threshold, and finds the files wherever it was started; nothing is null."""
    samples = [row for split in ("train", "validation") for row in json_of(released.hpd3 / f"{split}.json")]
    kept = [sample for sample in samples if sample.get("confidence", float("inf")) >= 0.95]
    assert kept and all(Path(sample[path]).exists() for sample in samples for path in ("path1", "path2"))
    for sample in samples:
        assert None not in sample.values() and sum(sample["choice_dist"]) > 0
        assert "confidence" not in sample or 0 < sample["confidence"] <= 1
        assert sample["model1"] == sample["model2"] == "fake+ink:0.8"
        (prompt, won), (_, lost) = (_of(released, Path(sample[path])) for path in ("path1", "path2"))
        assert sample["prompt"] == prompt and (prompt not in released.clear or (won, lost) != (1, 0))
    tested = json_of(released.hpd3 / "test.json")
    assert tested and all(list(row) == ["prompt", "path1", "path2", "model1", "model2"] for row in tested)
    folder = released.folder / "hpd_v3"
    rows = json_of(folder / "train.json")
    assert not [row for row in rows if row["path1"].startswith("/")]
    assert all((folder / row["path1"]).exists() for row in rows)


def test_imagereward_by_the_code_of_its_loader(released: ReleasedLog) -> None:
    """Of two pictures the one with the lower rank is better, whoever ranked them."""
    folder = released.folder / "imagereward"
    orders = set()
    for row in json_of(folder / "train.json"):
        assert list(row) == ["id", "prompt", "generations", "ranking"] and isinstance(row["id"], str)
        pictures = [_of(released, folder / path) for path in row["generations"]]
        assert {prompt for prompt, _ in pictures} == {row["prompt"]}
        orders.add(tuple(rank for _, rank in sorted(zip([slot for _, slot in pictures], row["ranking"], strict=True))))
    assert orders == {(1, 2), (2, 1)}


def test_flow_dpo_has_a_loser_of_the_same_name_and_size_for_every_winner(released: ReleasedLog) -> None:
    folder = released.folder / "flow_dpo"
    wins = sorted(path for path in folder.rglob("*.*") if path.parent.name == "win")
    assert wins
    for win in wins:
        lose = win.parent.parent / "lose" / win.name
        if win.suffix == ".txt":
            assert win.read_text() == lose.read_text()
            continue
        sizes = {Image.open(io.BytesIO(path.read_bytes())).size for path in (win, lose)}
        (prompt, won), (other, lost) = _of(released, win), _of(released, lose)
        assert len(sizes) == 1 and prompt == other and win.with_suffix(".txt").exists()
        assert prompt not in released.clear or (won, lost) != (1, 0)
    by_id = {one["id"]: one for one in json_of(folder / "multidatabackend.json")}
    assert by_id["rejected"]["source_dataset_id"] == "preferred"
    assert by_id["preferred"]["conditioning_data"] == ["rejected"]


def test_sft_by_imagefolder_and_by_text_files(released: ReleasedLog, load: Any) -> None:
    """Only what is liked by everybody, with captions that are one line."""
    folder = released.folder / "sft"
    loaded = load("imagefolder", data_dir=str(folder))
    assert {split: len(rows) for split, rows in loaded.items()} == manifest_of(released.folder)["formats"]["sft"][
        "splits"
    ]
    for split in loaded:
        assert loaded[split].column_names == ["image", "text"]
        rows = [json.loads(line) for line in (folder / f"{split}.jsonl").read_text().splitlines()]
        assert sorted(row["caption"] for row in rows) == sorted(loaded[split]["text"])
        for row in rows:
            prompt, slot = _of(released, folder / row["image_path"])
            assert row["caption"] == " ".join(prompt.split()) and slot != 1 and prompt != "2024-01-01"
            assert (folder / row["image_path"]).with_suffix(".txt").read_text() == row["caption"] + "\n"
            assert row["image_size"] == [8, 8]
    captions = [row for split in loaded for row in loaded[split]["text"]]
    assert {"None", "007"} & set(captions)


def test_prompts_are_one_a_line_and_once(released: ReleasedLog) -> None:
    lines = {split: (released.folder / "prompts" / f"{split}.txt").read_text().splitlines() for split in FULL}
    everything = [line for of_split in lines.values() for line in of_split]
    expected = {" ".join(prompt.split()) for prompt in (*PROMPTS, REPORTED, DAMAGED, TIED)}
    assert set(everything) == expected and len(everything) == len(expected)


def test_aesthetic_ratings_are_from_one_to_ten(released: ReleasedLog) -> None:
    data = pd.read_parquet(released.folder / "aesthetic" / "trainingdata.parquet")
    assert list(data.columns) == ["IMAGEPATH", "AVERAGE_RATING"] and data.AVERAGE_RATING.between(1, 10).all()
    for path, rating in data.itertuples(index=False):
        prompt, slot = _of(released, released.folder / "aesthetic" / path)
        assert rating == (5.5 if prompt not in released.clear else 10.0 if slot == 0 else 1.0) or prompt == TIED


def test_diffusiondb_columns_and_parts(released: ReleasedLog) -> None:
    folder = released.folder / "diffusiondb"
    table = pq.read_table(folder / "metadata.parquet")
    assert table.schema.equals(diffusiondb.SCHEMA)
    part = json.loads((folder / "images" / "part-000001" / "part-000001.json").read_text())
    for row in table.to_pylist():
        prompt, _ = _of(released, folder / "images" / f"part-{row['part_id']:06}" / row["image_name"])
        assert part[row["image_name"]] == {"p": prompt, "se": row["seed"], "c": 7.5, "st": 20, "sa": "k_euler"}
        assert row["prompt"] == prompt and row["sampler"] == 3 and row["user_name"].isdigit()
        assert row["image_nsfw"] is None and row["timestamp"].time().isoformat() == "00:00:00"
    assert len(part) == table.num_rows == 3 * (len(PROMPTS) + 3) - 2


def test_webdataset_has_the_winner_first_and_every_field(released: ReleasedLog, load: Any) -> None:
    """Keys have no dot; entries tell neither who wrote them nor when."""
    folder = released.folder / "webdataset"
    names = set()
    for shard in folder.rglob("*.tar"):
        with tarfile.open(shard) as tar:
            for entry in tar:
                assert (entry.uid, entry.gid, entry.uname, entry.gname, entry.mtime) == (0, 0, "", "", 0)
                names.add(entry.name.partition(".")[2])
    assert names == {"original_prompt.txt", "jpg_0.jpg", "jpg_1.jpg", "label_0.txt", "label_1.txt"}
    for row in load(str(folder), split="train"):
        assert "." not in row["__key__"] and (row["label_0.txt"], row["label_1.txt"]) == ("1", "0")
        assert row["jpg_0.jpg"].size == (8, 8)
    found = [released.pictures[picture] for picture in picture_files_of(folder)]
    shown = list(zip(found[::2], found[1::2], strict=True))
    assert len(shown) == sum(manifest_of(released.folder)["formats"]["webdataset"]["splits"].values())
    assert all(first[0] == second[0] for first, second in shown)
    assert not [first for first, second in shown if first[0] in released.clear and (first[1], second[1]) == (1, 0)]


# The library leaves the closing of its files to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_webdataset_by_its_own_library(released: ReleasedLog) -> None:
    """With the line of docs/exports.md, over all tar files of a split: every sample once, with all of its fields."""
    folder = released.folder / "webdataset"
    for split, count in manifest_of(released.folder)["formats"]["webdataset"]["splits"].items():
        shards = sorted(str(path) for path in (folder / split).glob("*.tar"))
        samples = list(webdataset.WebDataset(shards, shardshuffle=False).decode("pil"))
        assert len({sample["__key__"] for sample in samples}) == len(samples) == count
        for sample in samples:
            assert (sample["label_0.txt"], sample["label_1.txt"]) == ("1", "0")
            assert sample["jpg_0.jpg"].size == sample["jpg_1.jpg"].size == (8, 8)
            assert sample["original_prompt.txt"]
