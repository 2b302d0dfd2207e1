"""`easel learn profiles`: trains the styles of members who want one of their own, from their own votes."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

import typer

from bot.store.learning.profiles import TrainedProfile, WantedProfile, note_votes, put_in_use, read_wanted
from bot.store.members import read_training_ids
from easel.commands.learn import show_progress
from easel.commands.learn_lock import hold_training_lock
from easel.commands.learn_votes import VOTES, LoggedVotes, choose_votes, confirm_votes, save_votes
from easel.exit_codes import ExitCode
from easel.output import Output
from easel.postgres import open_migrated_postgres
from engine.contract.training import ADAPTER_SUFFIX, PROFILE_VOTES
from engine.feedback.splits import Split
from engine.feedback.trainable import ConsentWithdrawn, TrainableVote, read_trainable_votes
from engine.learn.preferences import PreferencesUnusable
from engine.learn.runs import RunHooks, learn
from engine.learn.training import LearningConfig, LossNotFinite
from engine.logs import set_up_logging
from engine.models.loading.device import Device, best_device
from engine.models.registry.registry import SHIPPED, Model, read_registry
from engine.settings import EngineSettings
from engine.store.database import Database, open_database
from engine.store.objects import Objects, open_objects
from engine.store.unused_files import delete_unused, secure_files

_NICENESS = 10
_GROWTH = 1.5
"""By how much a member's votes have to grow before their style is trained anew."""


class _Outcome(StrEnum):
    """What came of a training: a style, nothing because of too few votes or withdrawn consent, or a failure."""

    TRAINED = "trained"
    LEFT = "left"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class _Trainer:
    """What each training needs; `runner` has the one event loop in which the stores are used."""

    folder: Path
    model: Model
    device: Device
    config: LearningConfig
    settings: EngineSettings
    output: Output
    runner: asyncio.Runner


def train_profiles(
    folder: Path, model: str | None, config: LearningConfig, settings: EngineSettings, output: Output
) -> int:
    """Train the styles that are due, each in a folder of its own until it is in use, and return the exit code.

    Raises: ModelUnknown, SettingsInvalid, StoreUnavailable, and what loading a model raises.
    """
    set_up_logging(settings.log_format, process="learn", level=logging.ERROR)
    registry = read_registry(settings.models_file or SHIPPED)
    device = best_device()
    if device.device.type == "cpu":
        os.nice(_NICENESS)
    with hold_training_lock(settings.home, str(device.device)), asyncio.Runner() as runner:
        trainer = _Trainer(
            folder=folder,
            model=registry.model(model or settings.model),
            device=device,
            config=config,
            settings=settings,
            output=output,
            runner=runner,
        )
        num_wanted, due = runner.run(_choose(trainer))
        outcomes = Counter(_train(trainer, member_id) for member_id in due)
    trained = outcomes[_Outcome.TRAINED]
    noun = "1 member" if trained == 1 else f"{trained} members"
    output.print_done(
        f"Trained the styles of {noun}, of {num_wanted} who want one.",
        {"wanted": num_wanted, **{outcome.value: outcomes[outcome] for outcome in _Outcome}},
    )
    return ExitCode.FAILED if outcomes[_Outcome.FAILED] else ExitCode.DONE


async def _choose(trainer: _Trainer) -> tuple[int, Sequence[UUID]]:
    """Count the votes of who wants a style, note those that are to be learnt from, and return how many want one and
    whose are due.
    """
    async with open_migrated_postgres(trainer.settings) as url, open_database(url, pool_size=1) as database:
        async with database.begin() as connection:
            wanted = await read_wanted(connection)
        if not wanted:
            return 0, ()
        read_at = datetime.now(UTC)
        votes = await read_trainable_votes(database, read_training_ids, trainer.model.name)
        numbers = Counter(vote.rater for vote in votes if vote.split is Split.TRAIN)
        async with database.begin() as connection:
            await note_votes(connection, {one.member_id: numbers[one.member_id] for one in wanted})
    due = [one.member_id for one in wanted if _is_due(one, numbers[one.member_id], trainer)]
    for member_id in due:
        _note(trainer.folder / str(member_id) / VOTES, read_at, [vote for vote in votes if vote.rater == member_id])
    return len(wanted), due


def _is_due(wanted: WantedProfile, number: int, trainer: _Trainer) -> bool:
    has_grown = wanted.num_learned is None or number >= wanted.num_learned * _GROWTH
    return number >= PROFILE_VOTES and (has_grown or wanted.model != trainer.model.name)


def _note(file: Path, read_at: datetime, votes: Sequence[TrainableVote]) -> None:
    # A run that was interrupted goes on with those that it had.
    if not file.exists():
        save_votes(file, read_at, votes)


def _train(trainer: _Trainer, member_id: UUID) -> _Outcome:
    """Train a member's style and put it in use."""
    outcome = _outcome(trainer, member_id)
    shutil.rmtree(trainer.folder / str(member_id))
    return outcome


def _outcome(trainer: _Trainer, member_id: UUID) -> _Outcome:
    folder = trainer.folder / str(member_id)
    try:
        trainer.runner.run(_put_in_use(trainer, member_id, *_learn(trainer, folder)))
    except ConsentWithdrawn:
        # The next time, it is trained without what may not be used any more.
        return _Outcome.LEFT
    except PreferencesUnusable as error:
        # Votes that contradict each other, for example.
        fewer = min(error.count or 0, PROFILE_VOTES - 1)
        trainer.runner.run(_note_votes(trainer, {member_id: fewer}))
        return _Outcome.LEFT
    except LossNotFinite as error:
        typer.echo(f"The loss of step {error.step} of a member's style is not a number. Lower --rate.", err=True)
        return _Outcome.FAILED
    return _Outcome.TRAINED


def _learn(trainer: _Trainer, folder: Path) -> tuple[LoggedVotes, bytes]:
    run, settings = trainer.runner.run, trainer.settings
    chosen = run(choose_votes(folder, trainer.model.name, settings))
    objects = open_objects(settings.storage_url)
    rows = chosen.rows(Split.TRAIN, lambda key: run(objects.get(key)))
    hooks = RunHooks(confirm=lambda: run(confirm_votes(chosen.votes, settings)))
    with show_progress(trainer.config.steps, trainer.output) as shown:
        learnt = learn(folder, rows, trainer.model, trainer.device, trainer.config, shown(hooks), is_personal=True)
    return chosen, learnt.adapter.read_bytes()


async def _put_in_use(trainer: _Trainer, member_id: UUID, votes: LoggedVotes, file: bytes) -> None:
    """Store the file before the rows; delete it where the style may not be used after all.

    Raises: ConsentWithdrawn.
    """
    objects = open_objects(trainer.settings.storage_url)
    key = await objects.put(file, ADAPTER_SUFFIX)
    trained = TrainedProfile(
        member_id=member_id,
        model=trainer.model.name,
        object_key=key,
        num_votes=sum(vote.split is Split.TRAIN for vote in votes.votes),
        sources=votes.members,
    )
    async with open_migrated_postgres(trainer.settings) as url, open_database(url, pool_size=1) as database:
        is_used = await _stored(database, objects, trained, file)
        if not is_used:
            await delete_unused(database, objects, [key])
    if not is_used:
        raise ConsentWithdrawn


async def _stored(database: Database, objects: Objects, trained: TrainedProfile, file: bytes) -> bool:
    async with database.begin() as connection:
        await secure_files(connection, objects, {trained.object_key: file})
        return await put_in_use(connection, trained)


async def _note_votes(trainer: _Trainer, counted: Mapping[UUID, int]) -> None:
    async with (
        open_migrated_postgres(trainer.settings) as url,
        open_database(url, pool_size=1) as database,
        database.begin() as connection,
    ):
        await note_votes(connection, counted)
