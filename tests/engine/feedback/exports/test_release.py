"""The release: everything that is in it can be loaded, tells nobody's identity, and crosses no splits."""

from __future__ import annotations

import hashlib
import re
from datetime import time
from typing import Any

import pyarrow as pa
import pytest

from engine.feedback.exports import aesthetic, diffusiondb, hpd1, hpd3, imagereward, kto
from engine.feedback.splits import FULL, cluster_of_caption
from tests.engine.feedback.exports.released import (
    DAMAGED,
    IDENTIFYING,
    NAME,
    PROMPTS,
    TIED,
    TWO_LINES,
    UNAGREED,
    ReleasedLog,
    all_bytes_in,
    captions_of,
    manifest_of,
    picture_files_of,
)


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
    released: ReleasedLog, load: Any, name: str, config: str | None, schema: pa.Schema | None
) -> None:
    described = manifest_of(released.folder)["formats"][name]
    loaded = load(str(released.folder / described["folder"]), config)
    assert {split: len(rows) for split, rows in loaded.items()} == described["splits"]
    assert described["splits"].keys() >= {"train"} or name == "pickapic-ties"
    if schema is not None:
        assert loaded["train"].column_names == schema.names
        assert all(row.keys() == set(schema.names) for row in loaded["train"])


def test_datasets_loads_the_release_itself(released: ReleasedLog, load: Any) -> None:
    """Its tables in Parquet, by their folders' names; the preferences are what it is without one."""
    described = manifest_of(released.folder)["formats"]
    for config, name in ((None, "pickapic"), ("aesthetic", "aesthetic")):
        loaded = load(str(released.folder), config)
        assert {split: len(rows) for split, rows in loaded.items()} == described[name]["splits"]
    assert described["pickapic"]["splits"].keys() == {*FULL, "validation_unique", "test_unique"}


def test_the_events_say_what_was_shown_and_pressed(released: ReleasedLog, load: Any) -> None:
    """Of who agreed alone, with the pictures' ids of the other folders; of time, the day."""
    actions = load(str(released.folder / "events"), "actions", split="train").to_list()
    shown = load(str(released.folder / "events"), "impressions", split="train").to_list()
    pictures = load(str(released.folder), "diffusiondb", split="train").to_list()
    names = {name.split(".")[0] for name in (row["image_name"] for row in pictures)}
    of_damaged = {row["image_uid"] for row in shown if row["caption"] == DAMAGED}
    assert names <= {row["image_uid"] for row in shown} <= names | of_damaged
    assert {uid for row in actions for uid in row["shown_image_uids"]} <= {row["image_uid"] for row in shown}
    assert all(row["image_uid"] == row["shown_image_uids"][row["slot"]] for row in actions)
    assert {row["verb"] for row in actions} == {"rate", "favourite", "upscale"}
    assert len({row["user_id"] for row in actions}) == 4 and all(row["latency_ms"] == 5000 for row in actions)
    assert {row["day"].time() for row in (*actions, *shown)} == {time()}
    splits = {row["image_uid"]: row["split"] for row in shown}
    assert all(splits[row["image_uid"]] == row["split"] for row in actions)
    counts = manifest_of(released.folder)["formats"]["events"]["counts"]
    assert counts == {"actions": len(actions), "impressions": len(shown)}


def test_no_prompt_is_in_two_splits_of_any_format(released: ReleasedLog) -> None:
    """The same prompt is also in the same split of all of them."""
    seen: dict[str, str] = {}
    for name, split, caption in captions_of(released.folder):
        key = cluster_of_caption(caption)
        assert seen.setdefault(key, split) == split, (name, split, caption)
    assert len(seen) > len(PROMPTS)


def test_nothing_tells_who_somebody_is(released: ReleasedLog) -> None:
    """Neither ids of Easel's or Discord's, nor addresses, nor what nobody agreed to, in any byte or column."""
    found = all_bytes_in(released.folder)
    assert not [one for one in released.ids if str(one).encode() in found or one.bytes in found]
    assert not [one for one in released.snowflakes if str(one).encode() in found]
    assert IDENTIFYING.encode() not in found and UNAGREED.encode() not in found and b"parameters" not in found
    for path in released.folder.rglob("*"):
        if path.suffix in (".json", ".jsonl", ".txt", ".csv") and path.name != "manifest.json":
            assert not re.search(r"discord|@|https?://|(?<![\w.])\d{17,20}(?!\w)", path.read_text()), path
    withheld = {(prompt, slot) for prompt, slot in released.pictures.values() if prompt in (IDENTIFYING, UNAGREED)}
    assert not withheld & {released.pictures[data] for data in picture_files_of(released.folder)}


def test_who_withdraws_is_gone_from_the_next_release(released: ReleasedLog) -> None:
    """Their prompts and pictures, in every byte of every format, and what they pressed about those of others."""
    found = all_bytes_in(released.later)
    plain = [prompt for prompt in released.withdrawn if len(prompt) > 4 and prompt.isascii()]
    assert plain and not [prompt for prompt in plain if prompt.encode() in found]
    assert not released.withdrawn & {released.pictures[data][0] for data in picture_files_of(released.later)}
    assert {prompt for prompt, _ in released.pictures.values()} - released.withdrawn >= {
        released.pictures[data][0] for data in picture_files_of(released.later)
    }
    signals = manifest_of(released.later)["measured"]["votes_by_signal"]
    assert "upscale" in manifest_of(released.folder)["measured"]["votes_by_signal"] and "upscale" not in signals


def test_the_manifest_has_hashes_counts_versions_and_removals(released: ReleasedLog) -> None:
    facts = manifest_of(released.folder)
    files = {
        path.relative_to(released.folder).as_posix(): path for path in released.folder.rglob("*") if path.is_file()
    }
    assert facts["files"].keys() == files.keys() - {"manifest.json"}
    for name, file in facts["files"].items():
        data = files[name].read_bytes()
        assert file == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    assert (facts["release"], facts["split_seed"], facts["damaged_pictures"]) == (NAME, 7, 1)
    assert facts["members_by_consent_version"] == {"1": 4} and facts["removals"] == {"members": 2}
    assert released.exported.damaged == (released.damaged,)
    assert {name: sum(one["counts"].values()) for name, one in facts["formats"].items()} == {
        name: count for name, count in released.exported.counts.items() if count
    }
    card = (released.folder / "README.md").read_text()
    assert "chi-squared" in card and f"{facts['measured']['votes']} votes of 4 members" in card


def test_captions_survive_what_readers_do_to_them(released: ReleasedLog, load: Any) -> None:
    """In Parquet all of them, as they were written; the line ends only where a line ends the text."""
    rows = load(str(released.folder), "diffusiondb", split="train")
    assert {*PROMPTS, DAMAGED, TIED} <= set(rows["prompt"]) and TWO_LINES in rows["prompt"]
