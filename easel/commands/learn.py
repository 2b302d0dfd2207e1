"""`easel learn`: trains a LoRA on the preferences of the log, or on those of a folder."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from easel.commands.learn_record import ConsentWithdrawn, ReadVotes, read_votes, record_run
from easel.exit_codes import ExitCode
from easel.output import Output
from engine.feedback.exports.request import ExportRefused
from engine.learn.losses import LOSSES
from engine.learn.preferences import PreferencesUnusable, read_preferences
from engine.learn.runs import Learnt, figures_of, learn
from engine.learn.training import LearningConfig, LossNotFinite, Step
from engine.logs import set_up_logging
from engine.models.loading.device import best_device
from engine.models.registry.registry import SHIPPED, Model, read_registry
from engine.settings import EngineSettings

_PRIVATE, _VOTES = "preferences", "votes.json"
"""Of a run that is not complete: what members agreed to, and who they are."""


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

    What members agreed to is copied into the folder, and deleted when the run is complete; whose votes it used is then
    in the database.

    Raises: ModelUnknown, SettingsInvalid, StoreUnavailable, and what loading a model raises.
    """
    set_up_logging(settings.log_format, process="learn", level=logging.ERROR)
    registry = read_registry(settings.models_file or SHIPPED)
    chosen = registry.model(model or settings.model)
    try:
        with nullcontext(source) if source else _agreed_preferences(folder, settings) as preferences:
            learnt = _learn(folder, preferences, chosen, config, output)
            if source is None:
                votes = ReadVotes.load(folder / _VOTES)
                asyncio.run(record_run(folder, votes, learnt.num_preferences, figures_of(learnt, folder), settings))
    except (PreferencesUnusable, ExportRefused, ConsentWithdrawn, LossNotFinite) as error:
        typer.echo(_REFUSED[type(error)](error), err=True)
        return ExitCode.FAILED
    _tell(learnt, output)
    return ExitCode.DONE


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

    An interrupted run keeps it, and goes on with the same; one with too few preferences reads them anew another time.

    Raises: ExportRefused if there are none.
    """
    private, votes = folder / _PRIVATE, folder / _VOTES
    if not (private.exists() and votes.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(private, ignore_errors=True)
        asyncio.run(read_votes(private, settings)).write(votes)
    try:
        yield private
    except PreferencesUnusable:
        _delete(private, votes)
        raise
    _delete(private, votes)


def _delete(private: Path, votes: Path) -> None:
    shutil.rmtree(private)
    votes.unlink()


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
