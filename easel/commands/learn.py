"""`easel learn`: trains a LoRA on the preferences of the log, or on those of a folder."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.store.members import read_training_ids
from easel.exit_codes import ExitCode
from easel.output import Output
from easel.postgres import open_migrated_postgres
from engine.feedback.exports import FORMATS
from engine.feedback.exports.request import ExportRefused, ExportRequest
from engine.learn.losses import LOSSES
from engine.learn.preferences import PreferencesUnusable, read_preferences
from engine.learn.runs import Learnt, learn
from engine.learn.training import LearningConfig, LossNotFinite, Step
from engine.logs import set_up_logging
from engine.models.loading.device import best_device
from engine.models.registry.registry import SHIPPED, Model, read_registry
from engine.settings import EngineSettings
from engine.store.database import open_database
from engine.store.objects import open_objects


def config_from_options(*, loss: str, **options: Any) -> LearningConfig:
    """Return the config of the command's options.

    Raises: BadParameter for an unknown loss.
    """
    if loss not in LOSSES:
        raise typer.BadParameter(f'Unknown loss "{loss}". Available: {", ".join(LOSSES)}')
    return LearningConfig(loss=loss, **options)


def train(
    folder: Path,
    source: Path | None,
    model: str | None,
    config: LearningConfig,
    settings: EngineSettings,
    output: Output,
) -> int:
    """Train an adapter in `folder` and return the exit code; without `source`, on what members agreed to.

    What members agreed to is copied into the folder, and deleted when the run is complete.

    Raises: ModelUnknown, SettingsInvalid, StoreUnavailable, and what loading a model raises.
    """
    set_up_logging(settings.log_format, process="learn", level=logging.ERROR)
    registry = read_registry(settings.models_file or SHIPPED)
    chosen = registry.model(model or settings.model)
    try:
        with nullcontext(source) if source else _agreed_preferences(folder, settings) as preferences:
            learnt = _learn(folder, preferences, chosen, config, output)
    except (PreferencesUnusable, ExportRefused, ConsentWithdrawn, LossNotFinite) as error:
        typer.echo(_REFUSED[type(error)](error), err=True)
        return ExitCode.FAILED
    _tell(learnt, output)
    return ExitCode.DONE


class ConsentWithdrawn(Exception):
    """A member whose preferences were learnt from agrees no longer."""


_REFUSED: Mapping[type[Exception], Callable[[Any], str]] = {
    PreferencesUnusable: str,
    ExportRefused: lambda error: "No member has agreed to training yet, or none of those has rated pictures.",
    ConsentWithdrawn: lambda error: (
        "A member withdrew their consent during the training, so what was learnt was deleted. Run it again."
    ),
    LossNotFinite: lambda error: (
        f"The loss of step {error.step} is not a number, so nothing was learnt from it. Delete the folder and train "
        f"with a lower --rate. Pictures of that step: {', '.join(one.winner[:10] for one in error.batch.preferences)}"
    ),
}


@contextmanager
def _agreed_preferences(folder: Path, settings: EngineSettings) -> Iterator[Path]:
    """Yield a folder with the preferences of members who agreed to training, and delete it when the block is done.

    An interrupted run keeps it, and goes on with the same.

    Raises: ExportRefused if there are none, ConsentWithdrawn; what was learnt is then deleted.
    """
    private, members = folder / "preferences", folder / "members.json"
    if not private.exists():
        folder.mkdir(parents=True, exist_ok=True)
        members.write_text(json.dumps(sorted(map(str, asyncio.run(_export(private, settings))))))
    yield private
    if set(json.loads(members.read_text())) - set(map(str, asyncio.run(_read_agreeing(settings)))):
        shutil.rmtree(folder)
        raise ConsentWithdrawn
    shutil.rmtree(private)
    members.unlink()


async def _export(folder: Path, settings: EngineSettings) -> set[UUID]:
    """Write preferences to a folder; return the members who agree, of whom each preference is."""
    async with open_migrated_postgres(settings) as url, open_database(url, pool_size=2) as database:
        async with database.begin() as connection:
            agreeing = await read_training_ids(connection)
        # Agreed to training, where an export for others asks who agreed to publishing.
        request = ExportRequest(folder=folder, report=lambda done, total: None, read_publishers=read_training_ids)
        await FORMATS["pickapic"].export(database, open_objects(settings.storage_url), request)
    return agreeing


async def _read_agreeing(settings: EngineSettings) -> set[UUID]:
    async with (
        open_migrated_postgres(settings) as url,
        open_database(url, pool_size=1) as database,
        database.begin() as connection,
    ):
        return await read_training_ids(connection)


def _learn(folder: Path, source: Path, model: Model, config: LearningConfig, output: Output) -> Learnt:
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]}, accuracy {task.fields[accuracy]}"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True, quiet=output.quiet)) as progress:
        bar = progress.add_task("Learning", total=config.steps, loss="-", accuracy="-")

        def report(step: Step) -> None:
            progress.update(bar, completed=step.number, loss=f"{step.loss:.3f}", accuracy=f"{step.accuracy:.0%}")

        return learn(folder, list(read_preferences(source)), model, best_device(), config, report)


def _tell(learnt: Learnt, output: Output) -> None:
    for reason, number in learnt.left_out.items():
        typer.echo(f"Left out {number}: {reason}", err=True)
    sentence = f"Learned from {learnt.num_preferences} preferences: {learnt.adapter}"
    output.print_done(sentence, {**asdict(learnt), "adapter": str(learnt.adapter)})
