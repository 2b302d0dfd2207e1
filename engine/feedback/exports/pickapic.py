"""The Pick-a-Pic export: pairs of pictures with the one that a member preferred, in the columns of Pick-a-Pic v2.

Source: the cards of pickapic_v1 and _v2, and the loaders of diffusers' DPO, DiffusionDPO, MaPO and PickScore, which
read it unmodified. Ties are left out, because the first of these take a tie for a win of the first picture.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

import pyarrow as pa

from engine.feedback.anonymize import anonymize, assign_member_numbers
from engine.feedback.exports.card import card, counted
from engine.feedback.exports.parquet import ParquetShards
from engine.feedback.exports.picture_files import PictureFiles
from engine.feedback.exports.publishable import PublishedLog, PublishedPrompt, PublishedVote, Withheld, read_families
from engine.feedback.exports.request import Exported, ExportRefused, ExportRequest, Refusal
from engine.feedback.exports.staging import atomic_folder, in_thread, require_empty
from engine.feedback.labels import measure_log
from engine.feedback.shown import shown_from_picture
from engine.feedback.splits import UNIQUE
from engine.feedback.store.published import PictureSource
from engine.store.database import Database
from engine.store.objects import Objects
from engine.store.snapshots import open_snapshot

SCHEMA = pa.schema(
    [
        ("are_different", pa.bool_()),
        ("best_image_uid", pa.string()),
        ("caption", pa.string()),
        ("created_at", pa.timestamp("ns")),
        ("has_label", pa.bool_()),
        ("image_0_uid", pa.string()),
        ("image_0_url", pa.string()),
        ("image_1_uid", pa.string()),
        ("image_1_url", pa.string()),
        ("jpg_0", pa.binary()),
        ("jpg_1", pa.binary()),
        ("label_0", pa.float64()),
        ("label_1", pa.float64()),
        ("model_0", pa.string()),
        ("model_1", pa.string()),
        ("ranking_id", pa.int64()),
        ("user_id", pa.int64()),
        ("num_example_per_prompt", pa.int64()),
        ("__index_level_0__", pa.int64()),
        ("x_signal", pa.string()),
        ("x_weight", pa.float64()),
    ]
)

_BODY = """
Pairs of pictures that were painted from the same prompt, each with the one that a member of a Discord community
preferred, in the columns of Pick-a-Pic v2. `jpg_0` and `jpg_1` are the bytes of the files, PNG with another name.
Ties are left out. Which picture is the first is chance.

- Every member whose choice or prompt is in here had agreed to publishing when this was written.
- Members are numbered anew in every export, pictures have new ids, and times are days.
- `x_signal` is the kind of press that a preference follows from, `x_weight` how far to trust that kind, where 1 is an
  answer to "which of these two". Prompts that say the same, and those of variations, are all in the same split. The
  unique splits have one pair of each prompt.
- Prompts with addresses, handles, telephone numbers, long numbers or tokens are left out. Names of persons in prompts
  are not recognised.

To have something removed, ask the operator of the community's bot; exports that are written later do not have it.
"""


@dataclass(kw_only=True)
class _Writing:
    """What is known while rows are written; `secret` makes ids of pictures new in every export."""

    files: PictureFiles
    shards: ParquetShards
    members: Mapping[UUID, int]
    left_out: Counter[str]
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    rankings: int = 0
    pairs: int = 0
    needed: set[UUID] = field(default_factory=set)


async def export_pickapic(database: Database, objects: Objects, request: ExportRequest) -> Exported:
    """Write README.md and the shards under `data/` to the folder.

    Guarantees: it holds only what the consent allows that is in force when it begins and when it ends, the folder
    appears only when it is complete, and only the votes on one prompt and a few pictures are in memory at a time.

    Raises: ExportRefused when there is nothing to export or consent was withdrawn meanwhile; SettingsInvalid when the
    folder exists and is not an empty one; StorageFull, StoreUnavailable.
    """
    folder = await in_thread(require_empty, request.folder)
    async with atomic_folder(folder) as staging, open_snapshot(database) as snapshot:
        publishers = await request.read_publishers(snapshot.connection)
        if not publishers:
            raise ExportRefused(Refusal.NOBODY_AGREED, Exported(counts={"pairs": 0}))
        log = PublishedLog(
            connection=snapshot.connection,
            publishers=publishers,
            community=await measure_log(snapshot.connection, publishers),
            families=await read_families(snapshot.connection),
            request=request,
        )
        members, left_out, total = await _count(log)
        shards = ParquetShards(staging, SCHEMA)
        writing = _Writing(files=PictureFiles(objects), shards=shards, members=members, left_out=left_out)
        try:
            async for prompt in log.stream_prompts():
                await _write_prompt(prompt, writing)
                request.report(writing.pairs + left_out[Withheld.DAMAGED], total)
            await shards.finish()
        finally:
            await in_thread(shards.abandon)
        exported = _exported(writing)
        if not writing.pairs:
            raise ExportRefused(Refusal.NOTHING_LEFT, exported)
        body = f"{_BODY}\n## Left out\n\n{counted(exported.left_out)}\n"
        text = card("Preferences in the columns of Pick-a-Pic", body, SCHEMA, exported.splits, shards.sizes)
        await in_thread((staging / "README.md").write_text, text, encoding="utf-8")
        async with database.begin() as now:
            if not writing.needed <= await request.read_publishers(now):
                raise ExportRefused(Refusal.WITHDRAWN, exported)
    return exported


async def _count(log: PublishedLog) -> tuple[Mapping[UUID, int], Counter[str], int]:
    """Return new numbers for the raters, how many votes are withheld, and how many are not."""
    raters, withheld, total = set[UUID](), Counter[str](), 0
    async for prompt in log.stream_prompts():
        raters.update(published.vote.rater for published in prompt.votes)
        withheld += prompt.withheld
        total += len(prompt.votes)
    return assign_member_numbers(raters), withheld, total


async def _write_prompt(prompt: PublishedPrompt, writing: _Writing) -> None:
    intact = [published for published in prompt.votes if await _is_intact(published, writing.files)]
    writing.left_out[Withheld.DAMAGED] += len(prompt.votes) - len(intact)
    # By chance: what was pressed first, or by whom, must not show.
    intact.sort(key=lambda published: _digest(writing.secret, published.vote.rater, *published.vote.pair))
    rankings = dict[int, int]()
    for published in intact:
        writing.needed |= published.members
        ranking = rankings.setdefault(published.vote.press_id, writing.rankings + len(rankings))
        await _add_row(prompt.split, published, ranking, len(intact), writing)
    if intact and prompt.split in UNIQUE:
        best = max(intact, key=lambda published: published.vote.weight)
        await _add_row(UNIQUE[prompt.split], best, rankings[best.vote.press_id], 1, writing)
    writing.rankings += len(rankings)
    writing.pairs += len(intact)
    writing.files.forget()


async def _is_intact(published: PublishedVote, files: PictureFiles) -> bool:
    both = [await files.read(source.picture.object_key) for source in (published.winner, published.loser)]
    return None not in both


async def _add_row(split: str, published: PublishedVote, ranking: int, num_of_prompt: int, writing: _Writing) -> None:
    """Add the row; the picture whose new id is less, which is chance, is the first."""
    uids = {source.picture.id: _new_uid(writing.secret, source) for source in (published.winner, published.loser)}
    sides = sorted((published.winner, published.loser), key=lambda source: uids[source.picture.id])
    row: dict[str, Any] = {
        "are_different": True,
        "best_image_uid": uids[published.winner.picture.id],
        "caption": published.caption,
        "created_at": datetime.combine(published.vote.at.astimezone(UTC).date(), time()),
        "has_label": True,
        "ranking_id": ranking,
        "user_id": writing.members[published.vote.rater],
        "num_example_per_prompt": num_of_prompt,
        "__index_level_0__": writing.shards.num_added(split),
        "x_signal": published.vote.source.value,
        "x_weight": round(published.vote.weight, 4),
    }
    for number, source in enumerate(sides):
        row |= _side(number, source, uids[source.picture.id], source is published.winner)
        row[f"jpg_{number}"] = await writing.files.read_intact(source.picture.object_key)
    await writing.shards.add(split, row)


def _side(number: int, source: PictureSource, uid: str, is_winner: bool) -> Mapping[str, Any]:
    return {
        f"image_{number}_uid": uid,
        f"image_{number}_url": "",
        f"label_{number}": float(is_winner),
        f"model_{number}": model_of(source),
    }


def model_of(source: PictureSource) -> str:
    """Return what painted the picture, such as `sdxl+watercolour:0.8`; empty if it was not recorded."""
    shown = shown_from_picture(source.picture)
    parts: Sequence[str] = (shown.model or "", *(f"{adapter.name}:{adapter.weight:g}" for adapter in shown.adapters))
    return str(anonymize("+".join(parts)))


def _new_uid(secret: bytes, source: PictureSource) -> str:
    """Return a random UUID; that of Easel would tell when the picture was painted."""
    return str(UUID(bytes=_digest(secret, source.picture.id)[:16], version=4))


def _digest(secret: bytes, *ids: UUID) -> bytes:
    return hmac.digest(secret, b"".join(one.bytes for one in ids), hashlib.sha256)


def _exported(writing: _Writing) -> Exported:
    return Exported(
        counts={"pairs": writing.pairs},
        splits={split: writing.shards.rows[split] for split in sorted(writing.shards.rows)},
        left_out={reason: writing.left_out[reason] for reason in Withheld if writing.left_out[reason]},
        damaged=tuple(writing.files.damaged),
    )
