"""Each format as those who read it do: with the loading code of theirs, unmodified, and without any trap of theirs."""

from __future__ import annotations

import asyncio
import io
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from engine.feedback.exports import aesthetic, diffusiondb, hpd1, hpd3, imagereward, kto
from engine.feedback.splits import cluster_of_caption
from engine.store.database import open_database
from engine.store.objects import open_objects
from tests.conftest import new_database
from tests.engine.feedback.exports.released import (
    DAMAGED,
    IDENTIFYING,
    NAME,
    PROMPTS,
    REPORTED,
    TIED,
    TWO_LINES,
    UNAGREED,
    ReleasedLog,
    release,
)

_SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def log(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> ReleasedLog:
    folder = tmp_path_factory.mktemp("log")

    async def export() -> ReleasedLog:
        async with new_database(postgres, template) as url, open_database(url) as database:
            return await release(database, open_objects((folder / "pictures").as_uri()), folder)

    return asyncio.run(export())


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return `datasets.load_dataset`, offline and with a cache of its own."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    import datasets

    return lambda *args, **kwargs: datasets.load_dataset(*args, **kwargs, cache_dir=str(tmp_path / "cache"))


def _manifest(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "manifest.json").read_text()))


def _json(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text()))


def _of(log: ReleasedLog, path: Path) -> tuple[str, int]:
    """Return the prompt and the slot of the picture in the file."""
    return log.pictures[path.read_bytes()]


@pytest.mark.parametrize(
    ("name", "config", "schema"),
    [
        ("aesthetic", None, aesthetic.SCHEMA),
        ("diffusiondb", None, diffusiondb.SCHEMA),
        ("flow-dpo", "win", None),
        ("flow-dpo", "lose", None),
        ("hpd1", None, hpd1.SCHEMA),
        ("hpd3", None, hpd3.SCHEMA),
        ("imagereward", None, imagereward.SCHEMA),
        ("kto", None, kto.SCHEMA),
        ("pickapic", None, None),
        ("pickapic-ties", None, None),
        ("prompts", None, None),
        ("sft", None, None),
        ("webdataset", None, None),
    ],
)
def test_datasets_loads_every_split_with_its_exact_count(
    log: ReleasedLog, load: Any, name: str, config: str | None, schema: pa.Schema | None
) -> None:
    described = _manifest(log.folder)["formats"][name]
    loaded = load(str(log.folder / described["folder"]), config)
    assert {split: len(rows) for split, rows in loaded.items()} == described["splits"]
    assert described["splits"].keys() >= {"train"} or name == "pickapic-ties"
    if schema is not None:
        assert loaded["train"].column_names == schema.names
        assert all(row.keys() == set(schema.names) for row in loaded["train"])


def test_datasets_loads_the_release_itself(log: ReleasedLog, load: Any) -> None:
    """Its tables in Parquet, by their folders' names; the preferences are what it is without one."""
    described = _manifest(log.folder)["formats"]
    for config, name in ((None, "pickapic"), ("aesthetic", "aesthetic")):
        loaded = load(str(log.folder), config)
        assert {split: len(rows) for split, rows in loaded.items()} == described[name]["splits"]
    assert described["pickapic"]["splits"].keys() == {*_SPLITS, "validation_unique", "test_unique"}


def test_kto_by_the_code_of_its_loader(log: ReleasedLog, load: Any) -> None:
    """pandas, then the policy's labels; captions that pandas would change are left out and counted."""
    from datasets import Dataset

    data = pd.read_csv(log.folder / "kto" / "train_processed_v3.csv")
    assert list(data.columns) == ["file_name", "file_path", "caption", "split", "label"]
    assert data.caption.dtype != float and not data.caption.isna().any()
    assert set(data.split) == {"exclusive_win", "exclusive_lose", "intersections"}
    data = data[~(data.split == "intersections")]
    data["label"] = data.split == "exclusive_win"
    for row in Dataset.from_pandas(data):
        prompt, slot = _of(log, log.folder / "kto" / row["file_name"])
        text = (log.folder / "kto" / row["file_path"]).with_suffix(".txt").read_text()
        assert row["caption"] == " ".join(prompt.split()) == text.strip()
        assert row["label"] is (slot != 1) and prompt not in ("None", "007", "nan", "True")
    assert _manifest(log.folder)["formats"]["kto"]["left_out"]["caption_changed"] > 0


def test_hpd1_by_the_columns_of_its_readme(log: ReleasedLog) -> None:
    rows = _json(log.folder / "hpd_v1" / "preference_train.json")
    for number, row in enumerate(rows):
        assert list(row) == ["human_preference", "prompt", "id", "file_path", "user_hash", "contain_name"]
        assert row["id"] == number and row["contain_name"] is False and row["user_hash"].isdigit()
        shown = [_of(log, log.folder / "hpd_v1" / path) for path in row["file_path"]]
        assert shown == [(row["prompt"], slot) for slot in range(3)]
        assert all(re.fullmatch(r"preference_images/\d+_\d\.png", path) for path in row["file_path"])
    assert {row["human_preference"] for row in rows} == {0, 1, 2}


def test_hpd2_by_the_code_of_its_loader(log: ReleasedLog) -> None:
    """pyarrow takes the columns of the first row, and a missing file would be another row's without a word."""
    folder = log.folder / "hpd_v2"
    pairs = pa.Table.from_pylist(_json(folder / "train.json"))
    assert pairs.column_names == ["prompt", "file_path", "human_preference"]
    for row in pairs.to_pylist():
        slots = [_of(log, folder / "train" / path)[1] for path in row["file_path"]]
        assert sorted(row["human_preference"]) == [0, 1]
        if row["prompt"] in log.clear and 2 not in slots:
            assert slots[row["human_preference"].index(1)] == 0
    preferred = {row["human_preference"][0] for row in pairs.to_pylist()}
    assert preferred == {0, 1}, "the preferred picture is always on the same side"
    ranked = pa.Table.from_pylist(_json(folder / "test.json"))
    assert ranked.column_names == ["prompt", "image_path", "rank", "raw_annotations"]
    for row in ranked.to_pylist():
        assert {_of(log, folder / "test" / path)[0] for path in row["image_path"]} == {row["prompt"]}
        assert min(row["rank"]) == 1 and len(row["rank"]) == len(row["image_path"])
        assert all(len(one["rank"]) == len(row["rank"]) for one in row["raw_annotations"])


def test_hpd3_by_the_code_of_its_loader(log: ReleasedLog) -> None:
    """It keeps rows at its usual threshold, and finds the files wherever it was started; nothing is null."""
    samples = [row for split in ("train", "validation") for row in _json(log.hpd3 / f"{split}.json")]
    kept = [sample for sample in samples if sample.get("confidence", float("inf")) >= 0.95]
    assert kept and all(Path(sample[path]).exists() for sample in samples for path in ("path1", "path2"))
    for sample in samples:
        assert None not in sample.values() and sum(sample["choice_dist"]) > 0
        assert "confidence" not in sample or 0 < sample["confidence"] <= 1
        assert sample["model1"] == sample["model2"] == "fake+ink:0.8"
        (prompt, won), (_, lost) = (_of(log, Path(sample[path])) for path in ("path1", "path2"))
        assert sample["prompt"] == prompt and (prompt not in log.clear or (won, lost) != (1, 0))
    tested = _json(log.hpd3 / "test.json")
    assert tested and all(list(row) == ["prompt", "path1", "path2", "model1", "model2"] for row in tested)
    released = _json(log.folder / "hpd_v3" / "train.json")
    assert not [row for row in released if row["path1"].startswith("/")]
    assert all((log.folder / "hpd_v3" / row["path1"]).exists() for row in released)


def test_imagereward_by_the_code_of_its_loader(log: ReleasedLog) -> None:
    """Of two pictures the one with the lower rank is better, whoever ranked them."""
    folder = log.folder / "imagereward"
    orders = set()
    for row in _json(folder / "train.json"):
        assert list(row) == ["id", "prompt", "generations", "ranking"] and isinstance(row["id"], str)
        pictures = [_of(log, folder / path) for path in row["generations"]]
        assert {prompt for prompt, _ in pictures} == {row["prompt"]}
        orders.add(tuple(rank for _, rank in sorted(zip([slot for _, slot in pictures], row["ranking"], strict=True))))
    assert orders == {(1, 2), (2, 1)}


def test_flow_dpo_has_a_loser_of_the_same_name_and_size_for_every_winner(log: ReleasedLog) -> None:
    folder = log.folder / "flow_dpo"
    wins = sorted(path for path in folder.rglob("*.*") if path.parent.name == "win")
    assert wins
    for win in wins:
        lose = win.parent.parent / "lose" / win.name
        if win.suffix == ".txt":
            assert win.read_text() == lose.read_text()
            continue
        sizes = {Image.open(io.BytesIO(path.read_bytes())).size for path in (win, lose)}
        (prompt, won), (other, lost) = _of(log, win), _of(log, lose)
        assert len(sizes) == 1 and prompt == other and win.with_suffix(".txt").exists()
        assert prompt not in log.clear or (won, lost) != (1, 0)
    by_id = {one["id"]: one for one in _json(folder / "multidatabackend.json")}
    assert by_id["rejected"]["source_dataset_id"] == "preferred"
    assert by_id["preferred"]["conditioning_data"] == ["rejected"]


def test_sft_by_imagefolder_and_by_text_files(log: ReleasedLog, load: Any) -> None:
    """Only what is liked by everybody, with captions that are one line."""
    folder = log.folder / "sft"
    loaded = load("imagefolder", data_dir=str(folder))
    assert {split: len(rows) for split, rows in loaded.items()} == _manifest(log.folder)["formats"]["sft"]["splits"]
    for split in loaded:
        assert loaded[split].column_names == ["image", "text"]
        rows = [json.loads(line) for line in (folder / f"{split}.jsonl").read_text().splitlines()]
        assert sorted(row["caption"] for row in rows) == sorted(loaded[split]["text"])
        for row in rows:
            prompt, slot = _of(log, folder / row["image_path"])
            assert row["caption"] == " ".join(prompt.split()) and slot != 1 and prompt != "2024-01-01"
            assert (folder / row["image_path"]).with_suffix(".txt").read_text() == row["caption"] + "\n"
            assert row["image_size"] == [8, 8]
    captions = [row for split in loaded for row in loaded[split]["text"]]
    assert {"None", "007"} & set(captions)


def test_prompts_are_one_a_line_and_once(log: ReleasedLog) -> None:
    lines = {split: (log.folder / "prompts" / f"{split}.txt").read_text().splitlines() for split in _SPLITS}
    everything = [line for of_split in lines.values() for line in of_split]
    expected = {" ".join(prompt.split()) for prompt in (*PROMPTS, REPORTED, DAMAGED, TIED)}
    assert set(everything) == expected and len(everything) == len(expected)


def test_aesthetic_ratings_are_from_one_to_ten(log: ReleasedLog) -> None:
    data = pd.read_parquet(log.folder / "aesthetic" / "trainingdata.parquet")
    assert list(data.columns) == ["IMAGEPATH", "AVERAGE_RATING"] and data.AVERAGE_RATING.between(1, 10).all()
    for path, rating in data.itertuples(index=False):
        prompt, slot = _of(log, log.folder / "aesthetic" / path)
        assert rating == (5.5 if prompt not in log.clear else 10.0 if slot == 0 else 1.0) or prompt == TIED


def test_diffusiondb_columns_and_parts(log: ReleasedLog) -> None:
    folder = log.folder / "diffusiondb"
    table = pq.read_table(folder / "metadata.parquet")
    assert table.schema.equals(diffusiondb.SCHEMA)
    part = json.loads((folder / "images" / "part-000001" / "part-000001.json").read_text())
    for row in table.to_pylist():
        prompt, _ = _of(log, folder / "images" / f"part-{row['part_id']:06}" / row["image_name"])
        assert part[row["image_name"]] == {"p": prompt, "se": row["seed"], "c": 7.5, "st": 20, "sa": "k_euler"}
        assert row["prompt"] == prompt and row["sampler"] == 3 and row["user_name"].isdigit()
        assert row["image_nsfw"] is None and row["timestamp"].time().isoformat() == "00:00:00"
    assert len(part) == table.num_rows == 3 * (len(PROMPTS) + 3) - 2


def test_webdataset_has_the_winner_first_and_every_field(log: ReleasedLog, load: Any) -> None:
    """Keys have no dot; entries tell neither who wrote them nor when."""
    folder = log.folder / "webdataset"
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
    found = [log.pictures[picture] for picture in _files(folder)]
    shown = list(zip(found[::2], found[1::2], strict=True))
    assert len(shown) == sum(_manifest(log.folder)["formats"]["webdataset"]["splits"].values())
    assert all(first[0] == second[0] for first, second in shown)
    assert not [first for first, second in shown if first[0] in log.clear and (first[1], second[1]) == (1, 0)]


def test_no_prompt_is_in_two_splits_of_any_format(log: ReleasedLog) -> None:
    """The same prompt is also in the same split of all of them."""
    seen: dict[str, str] = {}
    for name, split, caption in _captions(log.folder):
        key = cluster_of_caption(caption)
        assert seen.setdefault(key, split) == split, (name, split, caption)
    assert len(seen) > len(PROMPTS)


def _captions(folder: Path) -> Iterator[tuple[str, str, str]]:
    for path in folder.rglob("*.json"):
        if path.name in ("manifest.json", "multidatabackend.json") or path.name.startswith("part-"):
            continue
        split = re.sub("^valid$", "validation", path.stem.removeprefix("preference_"))
        for row in _json(path):
            yield path.parent.name, split, row["prompt"]
    for path in folder.glob("prompts/*.txt"):
        for line in path.read_text().splitlines():
            yield "prompts", path.stem, line
    for path in folder.glob("pickapic*/data/*.parquet"):
        split = path.name.split("-")[0].removesuffix("_unique")
        for caption in pq.read_table(path, columns=["caption"]).column("caption").to_pylist():
            yield "pickapic", split, caption


def test_nothing_tells_who_somebody_is(log: ReleasedLog) -> None:
    """Neither ids of Easel's or Discord's, nor addresses, nor what nobody agreed to, in any byte or column."""
    found = _all_bytes(log.folder)
    assert not [one for one in log.ids if str(one).encode() in found or one.bytes in found]
    assert not [one for one in log.snowflakes if str(one).encode() in found]
    assert IDENTIFYING.encode() not in found and UNAGREED.encode() not in found and b"parameters" not in found
    for path in log.folder.rglob("*"):
        if path.suffix in (".json", ".jsonl", ".txt", ".csv") and path.name != "manifest.json":
            assert not re.search(r"discord|@|https?://|(?<![\w.])\d{17,20}(?!\w)", path.read_text()), path
    withheld = {(prompt, slot) for prompt, slot in log.pictures.values() if prompt in (IDENTIFYING, UNAGREED)}
    assert not withheld & {log.pictures[data] for data in _files(log.folder)}


def test_who_withdraws_is_gone_from_the_next_release(log: ReleasedLog) -> None:
    """Their prompts and pictures, in every byte of every format, and what they pressed about those of others."""
    found = _all_bytes(log.later)
    plain = [prompt for prompt in log.withdrawn if len(prompt) > 4 and prompt.isascii()]
    assert plain and not [prompt for prompt in plain if prompt.encode() in found]
    assert not log.withdrawn & {log.pictures[data][0] for data in _files(log.later)}
    assert {prompt for prompt, _ in log.pictures.values()} - log.withdrawn >= {
        log.pictures[data][0] for data in _files(log.later)
    }
    signals = _manifest(log.later)["measured"]["votes_by_signal"]
    assert "upscale" in _manifest(log.folder)["measured"]["votes_by_signal"] and "upscale" not in signals


def test_the_manifest_has_hashes_counts_versions_and_removals(log: ReleasedLog) -> None:
    import hashlib

    facts = _manifest(log.folder)
    files = {path.relative_to(log.folder).as_posix(): path for path in log.folder.rglob("*") if path.is_file()}
    assert facts["files"].keys() == files.keys() - {"manifest.json"}
    for name, file in facts["files"].items():
        data = files[name].read_bytes()
        assert file == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    assert (facts["release"], facts["split_seed"], facts["damaged_pictures"]) == (NAME, 7, 1)
    assert facts["members_by_consent_version"] == {"1": 4} and facts["removals"] == {"members": 2}
    assert log.exported.damaged == (log.damaged,)
    assert {name: sum(one["counts"].values()) for name, one in facts["formats"].items()} == {
        name: count for name, count in log.exported.counts.items() if count
    }
    card = (log.folder / "README.md").read_text()
    assert "chi-squared" in card and f"{facts['measured']['votes']} votes of 4 members" in card


def _files(folder: Path) -> Iterator[bytes]:
    """Yield the picture files, and those in tables and tar files."""
    for path in folder.rglob("*"):
        if path.suffix == ".png":
            yield path.read_bytes()
        elif path.suffix == ".tar":
            with tarfile.open(path) as tar:
                for entry in tar:
                    data = tar.extractfile(entry)
                    if data is not None and entry.name.endswith(".jpg"):
                        yield data.read()
        elif path.suffix == ".parquet" and "pickapic" in path.as_posix():
            for column in pq.read_table(path, columns=["jpg_0", "jpg_1"]).to_pydict().values():
                yield from column


def _all_bytes(folder: Path) -> bytes:
    """Return every byte of the files, and of the tables as they are read, which files hold compressed."""
    found = io.BytesIO()
    for path in folder.rglob("*"):
        if path.is_file():
            found.write(path.as_posix().removeprefix(folder.as_posix()).encode())
            found.write(path.read_bytes())
        if path.suffix == ".parquet":
            rows: list[Mapping[str, Any]] = pq.read_table(path).to_pylist()
            found.write(repr(rows).encode())
    return found.getvalue()


def test_captions_survive_what_readers_do_to_them(log: ReleasedLog, load: Any) -> None:
    """In Parquet all of them, as they were written; the line ends only where a line ends the text."""
    rows = load(str(log.folder), "diffusiondb", split="train")
    assert {*PROMPTS, DAMAGED, TIED} <= set(rows["prompt"]) and TWO_LINES in rows["prompt"]
