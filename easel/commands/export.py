"""`easel export`: writes jobs, pictures and events, or the preferences derived from these, to a folder."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from bot.store.members import read_consent_record, read_publishing_ids, read_training_ids
from easel.credentials import open_credentials
from easel.exit_codes import ExitCode
from easel.export_options import Bounds
from easel.output import Output
from easel.postgres import open_migrated_postgres
from engine.feedback.exports import FORMATS
from engine.feedback.exports.request import Exported, ExportRefused, ExportRequest, Refusal, Restart
from engine.logs import set_up_logging
from engine.settings import EngineSettings
from engine.store.database import open_database
from engine.store.objects import open_objects

_REFUSED: Mapping[Refusal, str] = {
    Refusal.NOBODY_AGREED: "No member has agreed to {use} yet, so there is nothing to export.",
    Refusal.NOTHING_LEFT: "Nothing fits of those members who agreed to {use}, so nothing was exported.",
    Refusal.WITHDRAWN: "A member withdrew their consent during the export, so it was discarded. Run it again.",
}

_RESTARTED: Mapping[Restart, str] = {
    Restart.NOTHING: "Its files were removed; this one starts anew.",
    Restart.PICTURES: "The pictures that it had copied are used again; the rest starts anew.",
    Restart.FINISHED: "Nothing has changed since, so this one goes on where it was.",
}


class _Rate(ProgressColumn):
    """How many rows a second are written."""

    def render(self, task: Task) -> Text:
        """Return the rate, or nothing until it is known."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s")


def check_request(name: str, bounds: Bounds) -> None:
    """Return if `name` is an export format that the bounds mean anything to.

    Raises: BadParameter if it is not, and when no day is within the bounds.
    """
    if name not in FORMATS:
        raise typer.BadParameter(f'Unknown format "{name}". Available: {", ".join(FORMATS)}')
    if bounds != Bounds() and not FORMATS[name].is_filtered:
        raise typer.BadParameter(
            f"The format {name} holds all that members agreed to training with: "
            "it does not take --since, --until, --model, --min-weight, --split-seed or --release."
        )
    if bounds.since and bounds.until and bounds.until <= bounds.since:
        raise typer.BadParameter(
            f"There is no day from {bounds.since} to before {bounds.until}. "
            "Choose an --until that is later than --since."
        )


async def export(name: str, folder: Path, bounds: Bounds, settings: EngineSettings, output: Output) -> int:
    """Write the export in the format `name` to `folder`; return the exit code.

    It is not 0 for damaged or missing pictures, and when there is nothing to export.

    Raises: SettingsInvalid when `folder` is not empty, StorageFull, StoreUnavailable.
    """
    set_up_logging(settings.log_format, process="export", level=logging.ERROR)
    try:
        exported = await _export(name, folder, bounds, settings, output)
    except ExportRefused as refused:
        return _refuse(name, refused, output)
    listed = [f"{number} {noun.removesuffix('s') if number == 1 else noun}" for noun, number in exported.counts.items()]
    sentence = f"Exported {' and '.join(filter(None, (', '.join(listed[:-1]), listed[-1])))} to {folder}"
    output.print_done(sentence, {"folder": str(folder), **_as_json(exported)})
    _print_problems(exported)
    return ExitCode.STORAGE if exported.damaged else ExitCode.DONE


async def _export(name: str, folder: Path, bounds: Bounds, settings: EngineSettings, output: Output) -> Exported:
    credentials = await open_credentials(settings)
    with _progress(output) as progress:
        bar = progress.add_task("Exporting", total=None)
        request = ExportRequest(
            folder=folder,
            report=lambda done, total: progress.update(bar, completed=done, total=total),
            read_publishers=read_publishing_ids,
            since=bounds.since,
            until=bounds.until,
            model=bounds.model,
            min_weight=bounds.min_weight,
            split_seed=bounds.split_seed,
            release=bounds.release or datetime.now(UTC).date().isoformat(),
            read_agreeing=read_training_ids,
            read_record=read_consent_record,
            credentials=credentials,
            restarted=lambda restart: _tell_restart(restart, folder, progress.console),
        )
        try:
            async with open_migrated_postgres(settings) as url, open_database(url, pool_size=2) as database:
                return await FORMATS[name].export(database, open_objects(settings.storage_url), request)
        except Exception:
            # What was not exported has no progress, and the reason is told below.
            progress.update(bar, visible=False)
            raise


def _tell_restart(restart: Restart, folder: Path, console: Console) -> None:
    sentence = f"An export to {folder} was ended before it was complete. {_RESTARTED[restart]}"
    console.print(sentence, soft_wrap=True, highlight=False, markup=False)


def _progress(output: Output) -> Progress:
    console = Console(stderr=True, quiet=output.quiet)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    return Progress(*columns, console=console)


def _refuse(name: str, refused: ExportRefused, output: Output) -> int:
    if output.as_json:
        output.print_json({"folder": None, "reason": refused.reason.value, **_as_json(refused.exported)})
    typer.echo(_REFUSED[refused.reason].format(use="training" if name == "raw" else "publishing"), err=True)
    _print_problems(refused.exported)
    return ExitCode.STORAGE if refused.exported.damaged else ExitCode.FAILED


def _as_json(exported: Exported) -> Mapping[str, Any]:
    facts = asdict(exported)
    return {**facts.pop("counts"), **{name: fact for name, fact in facts.items() if fact or name == "damaged"}}


def _print_problems(exported: Exported) -> None:
    for reason, number in exported.left_out.items():
        typer.echo(f"Left out {number}: {reason.replace('_', ' ')}", err=True)
    for key in exported.damaged:
        typer.echo(f"The picture {key} is damaged or missing. Restore it from a backup of the picture store.", err=True)
