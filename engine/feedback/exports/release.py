"""The release: every format in one folder, of one snapshot, with a card of what was measured and a manifest."""

from __future__ import annotations

from collections.abc import Sequence

from engine.feedback.exports.aesthetic import AESTHETIC
from engine.feedback.exports.card import CardConfig, card
from engine.feedback.exports.diffusiondb import DIFFUSIONDB
from engine.feedback.exports.events import EVENTS
from engine.feedback.exports.flow_dpo import FLOW_DPO
from engine.feedback.exports.hpd1 import HPD1
from engine.feedback.exports.hpd2 import HPD2
from engine.feedback.exports.hpd3 import HPD3
from engine.feedback.exports.imagereward import IMAGEREWARD
from engine.feedback.exports.kto import KTO
from engine.feedback.exports.made import FOLDER
from engine.feedback.exports.manifest import NAME, manifest, write_manifest
from engine.feedback.exports.pickapic import PICKAPIC, PICKAPIC_TIES
from engine.feedback.exports.prompts import PROMPTS
from engine.feedback.exports.publish import RULES, Written, check_consent, published
from engine.feedback.exports.request import Exported, ExportRefused, ExportRequest, Refusal
from engine.feedback.exports.sft import SFT
from engine.feedback.exports.staging import atomic_folder, in_thread, require_empty
from engine.feedback.exports.webdataset import WEBDATASET
from engine.feedback.exports.writing import Publishing
from engine.store.database import Database
from engine.store.objects import Objects

ALONE = (PICKAPIC, HPD1, HPD2, HPD3, IMAGEREWARD, KTO, FLOW_DPO, SFT, AESTHETIC, PROMPTS, DIFFUSIONDB, WEBDATASET)
TITLE = "All of them in one folder, with a manifest"
_FORMATS = (PICKAPIC, PICKAPIC_TIES, *ALONE[1:], EVENTS)


async def export_release(database: Database, objects: Objects, request: ExportRequest) -> Exported:
    """Write every format to a folder of its own, with one numbering of members and pictures, a card and a manifest.

    Formats of which there is nothing have no folder. Guarantees and errors as `export_published`.
    """
    folder = await in_thread(require_empty, request.folder)
    async with atomic_folder(folder, kept=FOLDER) as staging:
        names = {described: described.folder.format(release=request.release) for described in _FORMATS}
        folders = {described: staging.folder / name for described, name in names.items()}
        async with published(database, objects, request, folders, staging, None) as (publishing, done):
            written = [one for one in done if one.configs]
            exported = _exported(done, publishing)
            if not written:
                raise ExportRefused(Refusal.NOTHING_LEFT, exported)
            for one in written:
                await in_thread((folders[one.format] / "README.md").write_text, one.text, encoding="utf-8")
        async with database.begin() as now:
            record = None if request.read_record is None else await request.read_record(now)
        await in_thread((staging.folder / "README.md").write_text, _card(written, publishing), encoding="utf-8")
        facts = manifest(written, publishing, record, publishing.figures.facts())
        await in_thread(write_manifest, staging.folder, facts)
        await check_consent(database, publishing, exported)
    return exported


def _exported(done: Sequence[Written], publishing: Publishing) -> Exported:
    return Exported(
        counts={one.format.name: one.writer.counts.total() for one in done},
        splits={split: rows for split, rows in sorted(done[0].writer.rows.items()) if rows},
        left_out={f"{one.format.name}: {why}": count for one in done for why, count in one.left_out.items()},
        damaged=tuple(publishing.pictures.damaged),
    )


def _card(written: Sequence[Written], publishing: Publishing) -> str:
    # Of tables in files of several kinds, datasets 5.2.0 reads all by the loader of the first.
    release = publishing.request.release
    configs = list[CardConfig]()
    lines = ["| folder | contents | read by |", "|---|---|---|"]
    for one in written:
        folder = one.format.folder.format(release=release)
        configs += [config.under(folder) for config in one.configs if config.is_parquet]
        lines.append(f"| [{folder}]({folder}) | {one.format.title} | {one.format.readers} |")
    table = "\n".join(lines)
    figures = publishing.figures.text(publishing.biases)
    body = f"""
What members of a Discord community prefer among pictures that they painted, in the forms that trainers read. The same
picture has the same name in every folder, and a member the same number. [{NAME}]({NAME}) has counts and hashes.

{table}
{RULES}
{figures}
"""
    return card(f"Preferences of a community: {release}", body, configs)
