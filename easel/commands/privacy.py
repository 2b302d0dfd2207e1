"""`easel privacy erase`: erases a member for the operator, as the member can with /privacy."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import typer

from bot.store.erased_files import delete_files
from bot.store.erasures import (
    Erasure,
    ErasureRequest,
    erase_member,
    finish_erasure,
    read_erasure,
    release_erasure,
    start_erasures,
)
from bot.store.learning.adapters import adapters_of_member
from bot.store.members import find_member, lock_members
from bot.store.own_data import StoredOfMember, read_stored
from easel.exit_codes import ExitCode
from easel.output import Output
from easel.postgres import open_migrated_postgres
from engine.contract.errors import PictureStoreUnavailable
from engine.feedback.store.months import press_at
from engine.logs import set_up_logging
from engine.settings import EngineSettings
from engine.store.database import AsyncConnection, Database, open_database
from engine.store.objects import open_objects

_UNKNOWN = (
    "Nothing is stored of {member}. Give the id of the user in Discord, which is 17 to 20 digits, or of the member in "
    "the database."
)
_QUESTION = (
    "This erases for good: {prompts}, {pictures} with their files, {presses}{uploads}, and the member's choices"
    "{others}. Erase them?"
)
_OTHERS = ", besides {jobs} of others that go back to their pictures or prompts"
_REQUESTED = (
    "An engine still paints for the member. They are erased when it has finished, by the bot, or by this command again."
)
_NOUNS = {
    "jobs": "prompt",
    "pictures": "picture",
    "actions": "button press",
    "impressions": "impression",
    "messages": "message",
    "uploads": "upload",
}
_MESSAGES = "A running bot deletes the messages in Discord within minutes; without one, start `easel bot`."
_LEARNT = (
    "Trained on the member's votes, prompts or pictures, so train anew with `easel learn train`: {adapters}. "
    "`easel learn list` says which of them are in use."
)
_FILES = "The picture store cannot be used at the moment. A running bot deletes the files as soon as it can."


async def erase(member: str, settings: EngineSettings, output: Output, *, is_confirmed: bool) -> int:
    """Erase the member with this id, of Discord's or of the database; return the exit code.

    What is left, which are messages and what cannot be done now, is in the database for the bot.
    """
    set_up_logging(settings.log_format, process="privacy", level=logging.ERROR)
    async with open_migrated_postgres(settings) as url, open_database(url, pool_size=2) as database:
        async with database.begin() as connection:
            discord_id = await find_member(connection, member)
            stored = None if discord_id is None else await read_stored(connection, discord_id)
        if discord_id is None or stored is None:
            typer.echo(_UNKNOWN.format(member=member), err=True)
            return ExitCode.REQUEST
        if not is_confirmed:
            await asyncio.to_thread(typer.confirm, _question(stored), abort=True, err=True)
        async with database.begin(limit=None) as connection:
            learnt = await adapters_of_member(connection, stored.member_id)
            erasure = await _erase_rows(connection, discord_id)
        if erasure is None:
            output.print_done(_REQUESTED, {"id": str(stored.member_id), "state": "requested"})
            return ExitCode.DONE
        is_store_away = not await _delete_files(database, erasure, settings)
    _report(stored.member_id, erasure, learnt, output, is_store_away=is_store_away)
    return ExitCode.STORAGE if is_store_away else ExitCode.DONE


async def _erase_rows(connection: AsyncConnection, discord_id: int) -> Erasure | None:
    """Return the erasure whose rows are deleted; None if an engine still works for the member."""
    (member,) = await lock_members(connection, [discord_id])
    # Stands for the interaction that says so elsewhere.
    number = press_at(datetime.now(UTC)) + secrets.randbelow(1 << 22)
    await start_erasures(connection, [ErasureRequest(press_id=number, member_id=member.id)])
    erasure = await read_erasure(connection, member.id)
    assert erasure is not None
    if not await erase_member(connection, erasure):
        return None
    return await read_erasure(connection, member.id)


async def _delete_files(database: Database, erasure: Erasure, settings: EngineSettings) -> bool:
    """Delete the files; return False if the picture store cannot be used."""
    try:
        await delete_files(database, open_objects(settings.storage_url), erasure)
    except PictureStoreUnavailable:
        return False
    finally:
        async with database.begin() as connection:
            await release_erasure(connection, erasure.id)
    if not erasure.counts.get("messages"):
        async with database.begin() as connection:
            await finish_erasure(connection, erasure.id)
    return True


def _report(member_id: UUID, erasure: Erasure, learnt: Sequence[str], output: Output, *, is_store_away: bool) -> None:
    counts: Mapping[str, int] = erasure.counts
    # Erasures of earlier releases have not counted uploads, and few members have any.
    told = [name for name in _NOUNS if name != "uploads" or counts.get(name)]
    listed = ", ".join(_counted(counts.get(name, 0), _NOUNS[name]) for name in told)
    left = [_MESSAGES] if counts.get("messages") else []
    anew = [_LEARNT.format(adapters=", ".join(learnt))] if learnt else []
    sentence = "\n".join([f"Erased {listed}.", *left, *anew])
    state = "erased" if not left and not is_store_away else "begun"
    named = {"adapters": learnt} if learnt else {}
    output.print_done(sentence, {"id": str(member_id), "state": state, **counts, **named})
    if is_store_away:
        typer.echo(_FILES, err=True)


def _question(stored: StoredOfMember) -> str:
    return _QUESTION.format(
        prompts=_counted(stored.jobs, "prompt"),
        pictures=_counted(stored.pictures, "picture"),
        presses=_counted(stored.presses, "button press"),
        uploads=f", {_counted(stored.uploads, 'upload')}" if stored.uploads else "",
        others=_OTHERS.format(jobs=_counted(stored.other_jobs, "job")) if stored.other_jobs else "",
    )


def _counted(number: int, noun: str) -> str:
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number} {noun}{ending}"
