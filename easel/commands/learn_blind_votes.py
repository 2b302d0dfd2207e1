"""`easel learn evaluate --votes`: how members judge an adapter who did not know which side it is on."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import typer

from bot.store.learning.adapters import LearnedAdapter, read_adapter
from bot.store.learning.blind_pairs import read_blind_votes
from easel.commands.learn_record import note_evaluation, recorded_hash
from easel.commands.learn_verdict import MIN_MEMBERS, MIN_VOTES, read_evaluation, votes_json
from easel.exit_codes import ExitCode
from easel.output import Output
from easel.postgres import open_migrated_postgres
from engine.learn.run_files import EVALUATION, RECORD
from engine.settings import EngineSettings
from engine.store.database import Database, open_database

NOT_ON_LOG = "{run} was not trained on the votes of the database, so members cannot be asked about it."


async def count_votes(run: Path, settings: EngineSettings, output: Output) -> int:
    """Count how members answered an adapter's pairs, keep it with the run's evaluation, and return the exit code.

    Raises: SettingsInvalid, StoreUnavailable.
    """
    async with open_migrated_postgres(settings) as url, open_database(url, pool_size=1) as database:
        known = await known_adapter(database, run)
        if known is None:
            typer.echo(NOT_ON_LOG.format(run=run), err=True)
            return ExitCode.REQUEST
        async with database.begin() as connection:
            votes = votes_json(await read_blind_votes(connection, known.id))
    result = {**read_evaluation(run), "votes": votes}
    (run / EVALUATION).write_text(json.dumps(result, indent=1) + "\n")
    await note_evaluation(known.sha256, result, None, settings)
    output.print_done(_sentence(result), result)
    return ExitCode.DONE


async def known_adapter(database: Database, run: Path) -> LearnedAdapter | None:
    """Return the adapter of a run; None if it was not trained on the votes of the database."""
    sha256 = await asyncio.to_thread(recorded_hash, run / RECORD)
    if sha256 is None:
        return None
    async with database.begin() as connection:
        return await read_adapter(connection, sha256)


def _sentence(result: dict[str, Any]) -> str:
    votes = result["votes"]
    if not votes["total"]:
        return "No member has answered a pair of this adapter yet."
    told = (
        f"Members prefer it in {votes['wins']} of {votes['total']} blind votes ({votes['low']:.0%} to "
        f"{votes['high']:.0%}); {votes['undecided']} could not decide."
    )
    if not votes["is_enough"]:
        told += f" At least {MIN_VOTES} votes of {MIN_MEMBERS} members are needed to decide by."
    if share := result.get("win_rate"):
        told += f" The reward model: {share['count']} of {share['total']} ({share['low']:.0%} to {share['high']:.0%})."
    return told
