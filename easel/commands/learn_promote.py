"""`easel learn promote` and `rollback`: which adapter is the style of the community."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import typer

from bot.store.learning.tables import AdapterState
from easel.commands.learn_record import note_state, recorded_hash
from easel.commands.learn_verdict import is_shown_better, read_evaluation
from easel.exit_codes import ExitCode
from easel.output import Output
from engine.contract.errors import SettingsInvalid
from engine.learn.run_files import ADAPTER, RECORD, REWARD, RUN
from engine.models.files.adapter_fit import check_fit
from engine.models.files.locate import local_path
from engine.models.files.verify import verified_hash
from engine.models.promotion import FOLDER, promote, roll_back
from engine.models.registry.adapters import Adapter
from engine.models.registry.registry import Model, read_registry
from engine.settings import EngineSettings

_FROM_NOW = "Engines that read this models file paint {how} it from their next job on."


async def promote_run(run: Path, settings: EngineSettings, output: Output, *, anyway: bool) -> int:
    """Make a run's adapter the style of its model and return 0, or 1 if it was not shown to be better.

    Raises: SettingsInvalid without a models file of the operator's own, and what `check_usable` raises.
    """
    path, facts = _models_file(settings), facts_of(run)
    evaluation = read_evaluation(run)
    if not anyway and not is_shown_better(evaluation):
        told = "is not shown to be better than what there is" if evaluation else "has not been evaluated"
        typer.echo(f"{run} {told}. Use --anyway to promote it all the same.", err=True)
        return ExitCode.FAILED
    model, reward = read_registry(path).model(facts["model"]), run / REWARD
    await asyncio.to_thread(check_usable, run, model)
    name = promote(path, adapter_of(run), model, reward if reward.is_file() else None)
    if (run / RECORD).is_file():
        shutil.copyfile(run / RECORD, _record_of(path, name))
    await note_state(recorded_hash(_record_of(path, name)), AdapterState.PROMOTED, settings)
    output.print_done(f"{name} is the style of the community now. {_FROM_NOW.format(how='with')}", {"adapter": name})
    return ExitCode.DONE


def check_usable(run: Path, model: Model) -> None:
    """Check that a run's adapter can be used with the model as it is now.

    Raises: SettingsInvalid if the model's files are others than those it was trained on, AdapterMismatch for an adapter
    of another model, WeightsMissing, WeightsMismatch, ModelBroken.
    """
    place, file = local_path(model), adapter_of(run)
    check_fit(Adapter(name=str(run), file=file, family=model.family.name, model=None, sha256=None), model, place)
    if facts_of(run)["model_sha256"] != verified_hash(model, place):
        problem = f"The files of {model.name} have changed since the run in {run} learned from it. Train again."
        raise SettingsInvalid(problems=(problem,))


async def roll_back_last(settings: EngineSettings, output: Output) -> int:
    """Take out the adapter that was promoted last and return 0, or 1 if there is none."""
    path = _models_file(settings)
    name = roll_back(path)
    if name is None:
        typer.echo("No adapter has been promoted.", err=True)
        return ExitCode.FAILED
    await note_state(recorded_hash(_record_of(path, name)), AdapterState.ROLLED_BACK, settings)
    output.print_done(f"{name} is no longer the style. {_FROM_NOW.format(how='without')}", {"adapter": name})
    return ExitCode.DONE


def _record_of(path: Path, name: str) -> Path:
    """Return the file beside the promoted adapter that names it in the database."""
    return path.parent / FOLDER / f"{name}.json"


def _models_file(settings: EngineSettings) -> Path:
    if settings.models_file is None:
        raise SettingsInvalid(problems=("Set EASEL_MODELS_FILE to a file of your own first.",))
    return settings.models_file


def facts_of(run: Path) -> dict[str, Any]:
    """Return what a run was given.

    Raises: SettingsInvalid if the folder is not that of a run.
    """
    file = run / RUN
    if not file.is_file():
        raise SettingsInvalid(problems=(f"{run} is not the folder of a run of `easel learn train`.",))
    facts: dict[str, Any] = json.loads(file.read_text())
    return facts


def adapter_of(run: Path) -> Path:
    """Return the file of a run's adapter.

    Raises: SettingsInvalid if the run is not complete.
    """
    file = run / ADAPTER
    if not file.is_file():
        raise SettingsInvalid(problems=(f"The run in {run} is not complete. Run `easel learn train` again first.",))
    return file
