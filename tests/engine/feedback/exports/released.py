"""A community with every kind of press, and what is exported of it: a release, in which each format is a folder."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import sqlalchemy as sa

from bot.store.tables import members
from engine.contract.feedback import Consent, Verb
from engine.feedback.anonymize import strip_png_metadata
from engine.feedback.exports import FORMATS
from engine.feedback.exports.request import Exported
from engine.feedback.records import ConsentRecord
from engine.store.database import AsyncConnection, Database
from engine.store.objects import Objects
from tests.engine.feedback.exports.community import Painted, SmallCommunity, request_to

NAME = "spring-2026"
# Captions that readers of some formats take for something else.
ODD = ("None", "007", "nan", "True", "2024-01-01")
TWO_LINES = 'said "no",\nthen: 猫 ünder'
PROMPTS = (*ODD, *(f"a cat and {number} dogs" for number in range(20)), TWO_LINES)
IDENTIFYING = "portrait of me@example.org"
UNAGREED = "of somebody who agreed to nothing"
REPORTED = "a reported horse"
DAMAGED = "a damaged mouse"
TIED = "a tied goat"
# With it, these prompts are in all three splits.
SEED = 7


@dataclass(frozen=True, kw_only=True)
class ReleasedLog:
    """What was exported of a log, and what is in the log.

    folder: the release. hpd3: HPDv3 alone. later: a release after a member had withdrawn, whose prompts are withdrawn.
    clear: prompts of which nobody rates picture 1 as high as picture 0.
    pictures: the prompt and the slot of each picture, by the bytes of its file without text.
    ids, snowflakes: Easel's and Discord's of whatever has one.
    """

    folder: Path
    exported: Exported
    hpd3: Path
    later: Path
    withdrawn: frozenset[str]
    clear: frozenset[str]
    pictures: Mapping[bytes, tuple[str, int]]
    ids: Sequence[UUID]
    snowflakes: Sequence[int]
    damaged: str


async def release(database: Database, objects: Objects, folder: Path) -> ReleasedLog:
    """Four members agreed to publishing; a fifth painted and pressed as much, and agreed to training alone."""
    community = SmallCommunity(database=database, objects=objects)
    agreed = [await community.join(Consent.PUBLISH) for _ in range(4)]
    unagreed = await community.join(Consent.TRAIN)
    jobs = dict[str, Painted]()
    for number, prompt in enumerate((*PROMPTS, IDENTIFYING, REPORTED, DAMAGED, TIED)):
        jobs[prompt] = await community.paint(agreed[number % 3], prompt, num_pictures=3)
    jobs[UNAGREED] = await community.paint(unagreed, UNAGREED, num_pictures=3)
    for number, painted in enumerate(jobs.values()):
        if painted.prompt != TIED:
            await _press(community, painted, number, agreed, unagreed)
    for slot in (0, 1):
        await community.press(jobs[TIED], slot, agreed[0], Verb.RATE, 3)
    await community.press(jobs[REPORTED], 0, unagreed, Verb.REPORT)
    pictures = {
        strip_png_metadata(await objects.get(picture.object_key)): (job.prompt, picture.slot)
        for job in jobs.values()
        for picture in job.pictures
    }
    damaged = jobs[DAMAGED].pictures[0].object_key
    await objects.store.delete_async(damaged)
    bounds = {"split_seed": SEED, "release": NAME, "read_record": _read_record}
    exported = await FORMATS["release"].export(database, objects, request_to(folder / "released", **bounds))
    await FORMATS["hpd3"].export(database, objects, request_to(folder / "hpd3", **bounds))
    await community.agree(agreed[2], Consent.TRAIN)
    await FORMATS["release"].export(database, objects, request_to(folder / "later", **bounds))
    ids = [*agreed, unagreed]
    ids += [one for job in jobs.values() for one in (job.job_id, *(picture.id for picture in job.pictures))]
    return ReleasedLog(
        folder=folder / "released",
        exported=exported,
        hpd3=folder / "hpd3",
        later=folder / "later",
        withdrawn=frozenset(prompt for prompt, job in jobs.items() if job.member_id == agreed[2]),
        clear=frozenset(list(jobs)[::2]) - {TIED},
        pictures=pictures,
        ids=ids,
        snowflakes=community.snowflakes,
        damaged=damaged,
    )


async def _press(
    community: SmallCommunity, painted: Painted, number: int, agreed: Sequence[UUID], unagreed: UUID
) -> None:
    """Picture 0 is rated best and 1 worst; of every other prompt, one member rates the other way round."""
    await community.press(painted, 0, agreed[0], Verb.RATE, 4)
    await community.press(painted, 1, agreed[0], Verb.RATE, 1)
    await community.press(painted, number % 2 * 2, agreed[1], Verb.FAVOURITE, 1)
    await community.press(painted, number % 3, agreed[2], Verb.UPSCALE)
    if number % 2:
        await community.press(painted, 0, agreed[3], Verb.RATE, 1)
        await community.press(painted, 1, agreed[3], Verb.RATE, 4)
    for slot, value in ((0, 2), (1, 3), (2, 4)):
        await community.press(painted, slot, unagreed, Verb.RATE, value)


async def _read_record(connection: AsyncConnection) -> ConsentRecord:
    rows = await connection.execute(sa.select(members.c.id, members.c.consent_version).where(members.c.may_publish))
    return ConsentRecord(versions={row.id: row.consent_version for row in rows}, removals={"members": 2})


def manifest_of(folder: Path) -> dict[str, Any]:
    """Return what the manifest of the release says."""
    return dict(json.loads((folder / "manifest.json").read_text()))


def json_of(path: Path) -> list[dict[str, Any]]:
    """Return the rows of the JSON file."""
    return list(json.loads(path.read_text()))


def captions_of(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield format, split and caption of each row of the release."""
    for path in folder.rglob("*.json"):
        if path.name in ("manifest.json", "multidatabackend.json") or path.name.startswith("part-"):
            continue
        split = re.sub("^valid$", "validation", path.stem.removeprefix("preference_"))
        for row in json_of(path):
            yield path.parent.name, split, row["prompt"]
    for path in folder.glob("prompts/*.txt"):
        for line in path.read_text().splitlines():
            yield "prompts", path.stem, line
    for path in folder.glob("pickapic*/data/*.parquet"):
        split = path.name.split("-")[0].removesuffix("_unique")
        for caption in pq.read_table(path, columns=["caption"]).column("caption").to_pylist():
            yield "pickapic", split, caption


def picture_files_of(folder: Path) -> Iterator[bytes]:
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


def all_bytes_in(folder: Path) -> bytes:
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
