"""`easel learn`: trains a LoRA on the preferences of the log, or on those of a folder."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from easel.commands.learn_lock import hold_training_lock
from easel.commands.learn_record import record_run
from easel.commands.learn_votes import VOTES, choose_votes, confirm_votes
from easel.exit_codes import ExitCode
from easel.output import Output
from engine.contract.errors import SettingsInvalid
from engine.feedback.splits import Split
from engine.feedback.trainable import ConsentWithdrawn
from engine.learn.crew import Crew, join_crew
from engine.learn.evaluation import load_judge
from engine.learn.losses import LOSSES
from engine.learn.preferences import PreferenceRow, PreferencesUnusable, read_preferences
from engine.learn.reward import FeatureReader
from engine.learn.run_files import delete_run, has_begun
from engine.learn.runs import Learnt, RunHooks, figures_of, learn
from engine.learn.training import LearningConfig, LossNotFinite, Step
from engine.learn.trust import Key, trust_in
from engine.logs import set_up_logging
from engine.models.loading.device import best_device
from engine.models.registry.registry import SHIPPED, Model, Registry, read_registry
from engine.settings import EngineSettings
from engine.store.objects import open_objects

# Painting goes first on a processor that does both.
_NICENESS = 10


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
    *,
    weighs: bool = False,
) -> int:
    """Train an adapter in `folder` and return the exit code; without `source`, on what members agreed to.

    weighs: whether votes that contradict what the others say of the like weigh less.

    Nothing of theirs is copied; whose votes it used is in the database at the end. A processor that also paints does
    that first.

    Raises: ModelUnknown, SettingsInvalid, StoreUnavailable, and what loading a model raises.
    """
    set_up_logging(settings.log_format, process="learn", level=logging.ERROR)
    registry = read_registry(settings.models_file or SHIPPED)
    chosen = registry.model(model or settings.model)
    crew, device = join_crew(best_device())
    if device.device.type == "cpu":
        os.nice(_NICENESS)
    # One process of several holds it for all.
    locked = hold_training_lock(settings.home, str(device.device)) if crew.is_first else nullcontext()
    try:
        with locked, show_progress(config.steps, output if crew.is_first else replace(output, quiet=True)) as shown:

            def run(rows_of: RowsOf, hooks: RunHooks) -> Learnt:
                weigh = partial(_weigh, registry, chosen, rows_of) if weighs else None
                return learn(folder, rows_of(), chosen, device, config, shown(hooks), crew=crew, weigh=weigh)

            if source:
                learnt = run(partial(read_preferences, source), RunHooks())
            elif crew.is_first:
                learnt = _learn_from_log(folder, chosen.name, settings, crew, run)
            else:
                learnt = _learn_along(folder, chosen.name, settings, crew, run)
    except (PreferencesUnusable, ConsentWithdrawn, LossNotFinite) as error:
        typer.echo(_REFUSED[type(error)](error), err=True)
        return ExitCode.FAILED
    if crew.is_first:
        _tell(learnt, output)
    return ExitCode.DONE


_REFUSED: Mapping[type[Exception], Callable[[Any], str]] = {
    PreferencesUnusable: str,
    ConsentWithdrawn: lambda error: (
        "A member whose votes or pictures this run learned from agrees to training no longer, or had them erased, so "
        "what was learned is deleted. Run it again."
    ),
    LossNotFinite: lambda error: (
        f"The loss of step {error.step} is not a number, so nothing was learned from it. Train into another folder "
        f"with a lower --rate. The prompts of that step: {'; '.join(error.captions)}"
    ),
}


def _weigh(registry: Registry, model: Model, rows_of: RowsOf) -> Mapping[Key, float]:
    return trust_in(FeatureReader(load_judge(registry, model).clip).comparisons(rows_of()))


RowsOf = Callable[[], Iterable[PreferenceRow]]
Run = Callable[[RowsOf, RunHooks], Learnt]


def _learn_from_log(folder: Path, model: str, settings: EngineSettings, crew: Crew, run: Run) -> Learnt:
    """Learn from the votes that members agreed to training with, those of an interrupted run where there is one.

    Raises: SettingsInvalid, PreferencesUnusable; ConsentWithdrawn, and what was learned is then deleted.
    """
    if has_begun(folder) and not (folder / VOTES).exists():
        raise SettingsInvalid(problems=(f"The run in {folder} learned from other votes. Choose another folder.",))
    _forget_unless_begun(folder)
    try:
        # One event loop for all that is read, while the training itself blocks nothing but this thread.
        with asyncio.Runner() as runner:
            chosen = runner.run(choose_votes(folder, model, settings))
            if not chosen.votes:
                raise PreferencesUnusable(
                    f"No member has agreed to training yet, or none of those has rated pictures of {model}."
                )
            crew.wait()
            objects = open_objects(settings.storage_url)
            rows = partial(chosen.rows, Split.TRAIN, lambda key: runner.run(objects.get(key)))
            learnt = run(rows, RunHooks(confirm=lambda: runner.run(confirm_votes(chosen.votes, settings))))
            figures = figures_of(learnt, folder)
            runner.run(record_run(folder, chosen, learnt.num_preferences, figures, settings))
            return learnt
    except ConsentWithdrawn:
        delete_run(folder)
        raise
    finally:
        _forget_unless_begun(folder)


def _learn_along(folder: Path, model: str, settings: EngineSettings, crew: Crew, run: Run) -> Learnt:
    """Learn from the votes that the first process of the crew has chosen.

    Raises: ConsentWithdrawn, which that one finds as well.
    """
    crew.wait()
    with asyncio.Runner() as runner:
        chosen = runner.run(choose_votes(folder, model, settings))
        objects = open_objects(settings.storage_url)
        return run(partial(chosen.rows, Split.TRAIN, lambda key: runner.run(objects.get(key))), RunHooks())


def _forget_unless_begun(folder: Path) -> None:
    """Let a run that has not begun learn from the votes that there are when it does."""
    if not has_begun(folder):
        (folder / VOTES).unlink(missing_ok=True)


@contextmanager
def show_progress(steps: int, output: Output) -> Iterator[Callable[[RunHooks], RunHooks]]:
    """Show a bar on the terminal; yield what makes hooks that move it of others."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[facts]}"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True, quiet=output.quiet)) as progress:
        bar = progress.add_task("Reading votes", total=None, facts="")

        def encoded(done: int) -> None:
            progress.update(bar, completed=done)

        def stepped(step: Step) -> None:
            facts = f"loss {step.loss:.3f}, accuracy {step.accuracy:.0%}, rate {step.rate:.1e}"
            progress.update(bar, description="Learning", total=steps, completed=step.number, facts=facts)

        yield lambda hooks: replace(hooks, encoded=encoded, stepped=stepped)


def _tell(learnt: Learnt, output: Output) -> None:
    for reason, number in learnt.left_out.items():
        typer.echo(f"Left out {number}: {reason}", err=True)
    sentence = f"Learned from {learnt.num_preferences} preferences: {learnt.adapter}"
    output.print_done(sentence, {**asdict(learnt), "adapter": str(learnt.adapter)})
