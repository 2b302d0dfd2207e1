"""Writing what members agreed to publish, in one format or several, from one snapshot."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from engine.feedback.anonymize import assign_member_numbers
from engine.feedback.exports import made
from engine.feedback.exports.card import CardConfig, card, counted
from engine.feedback.exports.families import read_families
from engine.feedback.exports.picture_files import PictureFiles
from engine.feedback.exports.publishable import PublishedLog
from engine.feedback.exports.published import PREFERENCES, Kind, Withheld
from engine.feedback.exports.request import Exported, ExportRefused, ExportRequest, Refusal
from engine.feedback.exports.staging import Staging, atomic_folder, in_thread, require_empty
from engine.feedback.exports.writing import PublishedFormat, Publishing, Writer
from engine.feedback.labels import measure_log
from engine.feedback.preferences.derive import LeftOut
from engine.feedback.splits import Split
from engine.feedback.store.moment import read_moment
from engine.feedback.store.published import PictureSource
from engine.store.database import Database
from engine.store.objects import Objects
from engine.store.snapshots import open_snapshot

_PICTURES_AHEAD = 4
RULES = """
Every member whose choice or prompt is in here had agreed to publishing when this was written. Members are numbered
anew in every export, pictures have new ids, and times are days. Prompts that say nearly the same, and those of
variations, are all in the same split. Prompts with addresses, handles, telephone numbers, long numbers or tokens are
left out, and those that have a name of a person as far as capitals tell; names in small letters are not recognised.

To have something removed, ask the operator of the community's bot; exports that are written later do not have it.
"""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A format that was written, with what its card says of the tables in it."""

    format: PublishedFormat
    release: str
    writer: Writer
    configs: Sequence[CardConfig]

    @property
    def left_out(self) -> Mapping[str, int]:
        """How much was left out, by reason."""
        reasons = (*Withheld, *LeftOut)
        return {reason: self.writer.left_out[reason] for reason in reasons if self.writer.left_out[reason]}

    @property
    def text(self) -> str:
        """The card of the format's folder."""
        table = f"\n## Left out\n\n{counted(self.left_out)}\n" if self.left_out else ""
        body = f"{self.format.body.strip()}\n\nRead by {self.format.readers}: `{self.format.load}`\n{RULES}{table}"
        return card(f"{self.format.title}: {self.release}", body, self.configs)


async def export_published(
    database: Database, objects: Objects, request: ExportRequest, described: PublishedFormat
) -> Exported:
    """Write one format and its card to the folder.

    Guarantees: it holds only what the consent allows that is in force when it begins and when it ends, the folder
    appears only when it is complete, and only the labels of one prompt and a few pictures are in memory at a time.

    Raises: ExportRefused when there is nothing to export or consent was withdrawn meanwhile; SettingsInvalid when the
    folder exists and is not an empty one, or another export is writing to it; StorageFull, StoreUnavailable.
    """
    folder = await in_thread(require_empty, request.folder)
    home = None if request.is_moved else folder
    async with atomic_folder(folder, kept=made.FOLDER) as staging:
        folders = {described: staging.folder}
        async with published(database, objects, request, folders, staging, home) as (publishing, done):
            (written,) = done
            exported = exported_from(written, publishing)
            if not written.configs:
                raise ExportRefused(Refusal.NOTHING_LEFT, exported)
            await in_thread((staging.folder / "README.md").write_text, written.text, encoding="utf-8")
        await check_consent(database, publishing, exported)
    return exported


@asynccontextmanager
async def published(
    database: Database,
    objects: Objects,
    request: ExportRequest,
    folders: Mapping[PublishedFormat, Path],
    staging: Staging,
    home: Path | None,
) -> AsyncIterator[tuple[Publishing, list[Written]]]:
    """Write each format to its folder, from one snapshot, which is open until the block ends.

    Raises: ExportRefused when nobody agreed.
    """
    kinds = frozenset[Kind]().union(*(described.kinds for described in folders))
    async with open_snapshot(database) as snapshot:
        publishers = await request.read_publishers(snapshot.connection)
        if not publishers:
            counts = {described.noun: 0 for described in folders}
            raise ExportRefused(Refusal.NOBODY_AGREED, Exported(counts=counts))
        log = PublishedLog(
            connection=snapshot.connection,
            publishers=publishers,
            community=await measure_log(snapshot.connection, publishers, guild_id=request.guild_id),
            families=await read_families(snapshot.connection),
            request=request,
            kinds=kinds,
        )
        moment = await _moment_of(log, [described.name for described in folders], home)
        begun = await in_thread(made.open_made, staging, moment)
        try:
            publishing, done = await _write_all(log, objects, folders, begun, home)
        except made.ShardsDiffer:
            begun = await in_thread(begun.without_shards)
            publishing, done = await _write_all(log, objects, folders, begun, home)
        await in_thread(begun.remove)
        yield publishing, done


async def _moment_of(log: PublishedLog, formats: Sequence[str], home: Path | None) -> str:
    """Return what is the same for two exports only if the same rows are in both."""
    asked = log.request
    bounds = (asked.since, asked.until, asked.model, asked.min_weight, asked.split_seed, asked.guild_id)
    facts = (made.VERSION, sorted(formats), home, bounds, sorted(log.publishers), await read_moment(log.connection))
    return hashlib.sha256(repr(facts).encode()).hexdigest()


async def _write_all(
    log: PublishedLog, objects: Objects, folders: Mapping[PublishedFormat, Path], begun: made.Made, home: Path | None
) -> tuple[Publishing, list[Written]]:
    """Write each format to its folder.

    Raises: ShardsDiffer.
    """
    if begun.restart is not None:
        log.request.restarted(begun.restart)
    members, total = await _count(log, begun.secret)
    pictures = PictureFiles(objects, begun, log.request.credentials)
    publishing = Publishing(
        pictures=pictures, members=members, biases=log.community.biases, request=log.request, home=home, made=begun
    )
    writers = {described: described.write(folder, publishing) for described, folder in folders.items()}
    async with AsyncExitStack() as stack:
        stack.push_async_callback(pictures.close)
        await pictures.take_over()
        for writer in writers.values():
            stack.push_async_callback(in_thread, writer.abandon)
            await writer.begin()
        await _write(log, writers, publishing, total)
        done = [
            Written(format=described, release=log.request.release, writer=writer, configs=await writer.finish())
            for described, writer in writers.items()
        ]
    return publishing, done


def exported_from(written: Written, publishing: Publishing) -> Exported:
    """Return what a format holds."""
    return Exported(
        counts={written.format.noun: 0} | written.writer.counts,
        splits={split: written.writer.rows[split] for split in sorted(written.writer.rows)},
        left_out=written.left_out,
        damaged=tuple(publishing.pictures.damaged),
    )


async def check_consent(database: Database, publishing: Publishing, exported: Exported) -> None:
    """Return if everybody whose consent is needed still agrees.

    Raises: ExportRefused if somebody does not.
    """
    async with database.begin() as now:
        if not publishing.needed <= await publishing.request.read_publishers(now):
            raise ExportRefused(Refusal.WITHDRAWN, exported)


async def _count(log: PublishedLog, secret: bytes) -> tuple[Mapping[UUID, int], int]:
    """Return new numbers for the members that rows name, and how many labels and pictures there are to write."""
    named, total = set[UUID](), 0
    async for prompt in log.stream_prompts():
        for labels in prompt.labels.values():
            total += len(labels)
            named.update(label.rater for label in labels if label.rater is not None)
    if Kind.PICTURES in log.kinds:
        async for source, _, why in log.stream_pictures():
            if why is None:
                total += 1
                named.add(source.owner)
    return assign_member_numbers(named, secret), total


async def _write(
    log: PublishedLog, writers: Mapping[PublishedFormat, Writer], publishing: Publishing, total: int
) -> None:
    done = 0
    async for prompt in log.stream_prompts():
        publishing.figures.add(prompt)
        for described, writer in writers.items():
            for kind in described.kinds:
                writer.left_out += prompt.withheld.get(kind, {})
            if described.kinds & PREFERENCES:
                writer.left_out += Counter(prompt.unlabelled)
            await writer.add(prompt)
        publishing.pictures.forget()
        done += sum(map(len, prompt.labels.values()))
        publishing.request.report(done, total)
    of_pictures = [writer for described, writer in writers.items() if Kind.PICTURES in described.kinds]
    if not of_pictures:
        return
    of_files = any(writer.reads_pictures for writer in of_pictures)
    async for source, split, why in _begun_ahead(log.stream_pictures(), publishing if of_files else None):
        for writer in of_pictures:
            if why is None:
                await writer.add_picture(source, split)
            else:
                writer.left_out[why] += 1
        publishing.pictures.forget()
        done += why is None
        publishing.request.report(done, total)


async def _begun_ahead(
    found: AsyncIterator[tuple[PictureSource, Split, Withheld | None]], publishing: Publishing | None
) -> AsyncIterator[tuple[PictureSource, Split, Withheld | None]]:
    """Yield what was found, while the files of the next few are read."""
    ahead = deque[tuple[PictureSource, Split, Withheld | None]]()
    async for one in found:
        ahead.append(one)
        if publishing is not None and one[2] is None:
            publishing.begin(one[0])
        if len(ahead) > _PICTURES_AHEAD:
            yield ahead.popleft()
    for one in ahead:
        yield one
