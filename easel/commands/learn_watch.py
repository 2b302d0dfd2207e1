"""`easel learn watch`: trains when enough new votes came, judges, asks an administrator, and does what they press."""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog
import typer

from bot.store.learning.adapters import LearnedAdapter, read_adapters, set_state
from bot.store.learning.blind_pairs import stop_asking
from bot.store.learning.new_votes import count_new_votes
from bot.store.learning.questions import AdapterQuestion, ask, read_question
from bot.store.learning.tables import AdapterState
from easel.commands.learn_blind_votes import count_votes
from easel.commands.learn_due import profiles_are_due
from easel.commands.learn_promote import promote_run
from easel.commands.learn_record import note_state
from easel.commands.learn_steps import LearningStep, next_step
from easel.exit_codes import ExitCode
from easel.output import Output
from easel.postgres import open_migrated_postgres
from engine.contract.errors import SettingsInvalid
from engine.logs import set_up_logging
from engine.models.registry.registry import SHIPPED, read_registry
from engine.settings import EngineSettings
from engine.store.database import open_database

_log = structlog.get_logger()

_LOWEST_PRIORITY = 19
_LOCK = "learning.lock"
_COMMAND = (sys.executable, "-m", "easel", "learn")
_TOLD = {
    LearningStep.TRAIN: "Enough members have voted: a training begins in {folder}.",
    LearningStep.EVALUATE: "{name} is trained; it is compared with what there is.",
    LearningStep.PAINT_PAIRS: "{name} is painted for members to compare in /rank.",
    LearningStep.ASK: "{name} is better, so an administrator is asked in Discord.",
    LearningStep.PROMOTE: "{name} is promoted.",
    LearningStep.REFUSE: "{name} is not promoted.",
}


@dataclass(frozen=True, kw_only=True)
class WatchOptions:
    """How to watch.

    folder: of the runs, one folder each. votes: how many new ones a training needs. every: how often to look.
    steps, prompts: of a training, and of an evaluation. pairs: that members compare; 0 for none.
    once: whether to end as soon as there is nothing to do. is_supervised: whether another `easel` has started it, which
        reads no sentences.
    """

    folder: Path
    votes: int
    every: timedelta
    steps: int
    prompts: int
    pairs: int
    once: bool = False
    is_supervised: bool = False


@dataclass(frozen=True, kw_only=True)
class _Round:
    """Where the newest round stands: its adapter, what is asked about it, and the folder of the next one."""

    step: LearningStep
    newest: LearnedAdapter | None
    question: AdapterQuestion | None
    next_folder: Path


async def watch(
    options: WatchOptions, settings: EngineSettings, output: Output, report_ready: Callable[[], None] = lambda: None
) -> int:
    """Take one step after another, at the lowest priority; return the exit code, with `once` that of the first failure.

    report_ready: called once, when nothing stands in the way. Where each round stands is in the database, so that
    another process goes on with it.

    Raises: SettingsInvalid without a models file of the operator's own, or while another one watches; StoreUnavailable.
    """
    level = logging.INFO if options.is_supervised else logging.ERROR
    set_up_logging(settings.log_format, process="learning", level=level)
    if settings.models_file is None:
        raise SettingsInvalid(problems=("Set EASEL_MODELS_FILE to a file of your own first.",))
    with _only_one(settings.home):
        # Painting goes first. Processes that this one starts have it too.
        os.setpriority(os.PRIO_PROCESS, 0, _LOWEST_PRIORITY)
        report_ready()
        last = LearningStep.TRAIN
        while True:
            found = await _look(options, settings)
            code = await _take(found, options, settings, output)
            # Votes that were counted may decide at once.
            is_idle = found.step is LearningStep.WAIT or found.step is last is LearningStep.COUNT_VOTES
            last = found.step
            if is_idle and await profiles_are_due(settings):
                code = await _run("profiles", "-o", str(options.folder / "profiles")) or code
            if (is_idle or code != ExitCode.DONE) and options.once:
                return code
            if is_idle or code != ExitCode.DONE:
                await asyncio.sleep(options.every.total_seconds())


async def _look(options: WatchOptions, settings: EngineSettings) -> _Round:
    async with (
        open_migrated_postgres(settings) as url,
        open_database(url, pool_size=1) as database,
        database.begin() as connection,
    ):
        adapters = await read_adapters(connection)
        newest = adapters[0] if adapters else None
        new = await count_new_votes(connection, newest.read_at if newest else None, most=options.votes)
        question = await read_question(connection, newest.id) if newest else None
    step = next_step(newest, question, has_new_votes=new >= options.votes, asks_members=options.pairs > 0)
    folder = options.folder / f"round-{len(adapters) + 1:04d}"
    return _Round(step=step, newest=newest, question=question, next_folder=folder)


async def _take(found: _Round, options: WatchOptions, settings: EngineSettings, output: Output) -> int:
    """Take the step; return the exit code."""
    name, run = (found.newest.name, Path(found.newest.folder)) if found.newest else ("", found.next_folder)
    _tell(found, name, options, output)
    match found.step:
        case LearningStep.TRAIN:
            found.next_folder.parent.mkdir(parents=True, exist_ok=True)
            return await _run("train", "-o", str(found.next_folder), "--steps", str(options.steps))
        case LearningStep.EVALUATE:
            return await _run("evaluate", str(run), "--prompts", str(options.prompts))
        case LearningStep.PAINT_PAIRS:
            code = await _run("blind", str(run), "--pairs", str(options.pairs))
            return code or await count_votes(run, settings, Output(quiet=True))
        case LearningStep.COUNT_VOTES:
            return await count_votes(run, settings, Output(quiet=True))
        case LearningStep.PROMOTE:
            return await _promote(found, run, settings)
        case LearningStep.ASK | LearningStep.REFUSE:
            await _settle(found, settings)
    return ExitCode.DONE


async def _promote(found: _Round, run: Path, settings: EngineSettings) -> int:
    assert found.newest is not None
    await _settle(found, settings)
    if found.newest.name in read_registry(settings.models_file or SHIPPED).adapters:
        # By the process that was ended before it could say so.
        await note_state(found.newest.sha256, AdapterState.PROMOTED, settings)
        return ExitCode.DONE
    try:
        # An administrator has decided, whatever the interval is now.
        return await promote_run(run, settings, Output(quiet=True), anyway=True)
    except SettingsInvalid as error:
        # Its model has changed since, or another style comes first: what was decided on cannot be.
        typer.echo("\n".join(error.problems), err=True)
        await note_state(found.newest.sha256, AdapterState.REFUSED, settings)
        return ExitCode.DONE


async def _settle(found: _Round, settings: EngineSettings) -> None:
    """Ask about the adapter, or record that it is refused or decided on."""
    assert found.newest is not None
    async with (
        open_migrated_postgres(settings) as url,
        open_database(url, pool_size=1) as database,
        database.begin() as connection,
    ):
        if found.step is LearningStep.ASK:
            await ask(connection, found.newest.id)
            return
        if found.step is LearningStep.REFUSE:
            await set_state(connection, found.newest.sha256, AdapterState.REFUSED)
        await stop_asking(connection, found.newest.id)


async def _run(*arguments: str) -> int:
    """Run a command of `easel learn` as a process of its own, so that its memory is free afterwards."""
    process = await asyncio.create_subprocess_exec(
        *_COMMAND, *arguments, "--quiet", stdin=asyncio.subprocess.DEVNULL, start_new_session=True
    )
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


def _tell(found: _Round, name: str, options: WatchOptions, output: Output) -> None:
    sentence = _TOLD.get(found.step)
    if sentence is None:
        return
    facts = {"step": found.step.value, "adapter": name or None}
    if options.is_supervised:
        _log.info("learning_step", **facts)
    elif output.as_json:
        typer.echo(json.dumps(facts))
    elif not output.quiet:
        typer.echo(sentence.format(name=name, folder=found.next_folder))
    sys.stdout.flush()


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with (home / _LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsInvalid(problems=(f"Another `easel learn watch` runs for {home}.",)) from None
        yield
