"""`easel announce`: what every server reads that wants announcements, what became of it, and how it is taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any
from uuid import UUID

import typer

from bot.policy.announcements import MAX_TEXT, text_length
from bot.store.announcements.announcing import (
    Announcement,
    Withdrawal,
    announce,
    count_wanting,
    read_announcements,
    withdraw,
)
from easel.exit_codes import ExitCode
from easel.output import Output
from easel.postgres import open_migrated_postgres
from engine.settings import EngineSettings
from engine.store.database import AsyncConnection, open_database

_NOBODY = (
    "No server wants announcements, so nothing was announced. Those who manage a server choose a channel for them with "
    "/server settings."
)
_CUT = 60


async def announce_text(text: str, settings: EngineSettings, output: Output, *, is_dry: bool) -> int:
    """Have bots post the text in every server that wants it, or count these; return the exit code."""
    if not text.strip() or text_length(text) > MAX_TEXT:
        typer.echo(f"An announcement has 1 to {MAX_TEXT:,} characters; this has {text_length(text):,}.", err=True)
        return ExitCode.REQUEST
    async with _transaction(settings) as connection:
        number = await count_wanting(connection)
        if is_dry:
            output.print_done(f"This would go to {_servers(number)}.", {"servers": number, "dry_run": True})
            return ExitCode.DONE
        if not number:
            typer.echo(_NOBODY, err=True)
            return ExitCode.REQUEST
        announcement_id, number = await announce(connection, text)
    told = (
        f"This goes to {_servers(number)}, once in each; `easel announce --list` shows what became of it, and "
        f"`easel announce --withdraw {announcement_id}` takes it back."
    )
    output.print_done(told, {"id": str(announcement_id), "servers": number, "dry_run": False})
    return ExitCode.DONE


async def list_announcements(limit: int, settings: EngineSettings, output: Output) -> None:
    """Print the latest announcements with what became of them, the newest first."""
    async with _transaction(settings) as connection:
        found = await read_announcements(connection, limit)
    if output.as_json:
        output.print_json([_as_json(one) for one in found])
    elif not output.quiet:
        typer.echo("\n".join(map(_shown, found)) or "Nothing has been announced yet.")


async def withdraw_announcement(text: str, settings: EngineSettings, output: Output) -> int:
    """Have bots delete the announcement with the id, and post it nowhere else; return the exit code."""
    announcement_id = _id_from_text(text)
    async with _transaction(settings) as connection:
        done = await withdraw(connection, announcement_id) if announcement_id else None
    if done is None:
        typer.echo(f'No announcement has the id "{text}". `easel announce --list` shows their ids.', err=True)
        return ExitCode.REQUEST
    output.print_done(_withdrawn(done), {"id": str(announcement_id), **asdict(done)})
    return ExitCode.DONE


def _id_from_text(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _withdrawn(done: Withdrawal) -> str:
    already = "" if done.is_new else "It was withdrawn before. "
    stopped = f"It is posted no more in {_servers(done.num_stopped)}. " if done.num_stopped else ""
    shown = f"It is deleted in {_servers(done.num_shown)}, as soon as the bot runs." if done.num_shown else ""
    return f"{already}{stopped}{shown}".strip() or "It was not posted anywhere."


@asynccontextmanager
async def _transaction(settings: EngineSettings) -> AsyncIterator[AsyncConnection]:
    async with (
        open_migrated_postgres(settings) as url,
        open_database(url, pool_size=1) as database,
        database.begin() as connection,
    ):
        yield connection


def _shown(one: Announcement) -> str:
    counts = {
        "posted in": one.num_posted,
        "waiting for": one.num_waiting,
        "switched off by": one.num_unwanted,
        "withdrawn from": one.num_withdrawn,
        "refused by": len(one.refused_by),
        "left in": len(one.left_in),
    }
    told = ", ".join(f"{what} {number}" for what, number in counts.items() if number)
    refused = _problem("The bot may not post in", one.refused_by)
    left = _problem("The bot may not delete it in", one.left_in)
    text = " ".join(one.text.split())
    cut = text if len(text) <= _CUT else f"{text[:_CUT]}..."
    return f"{one.id}  {one.created_at:%Y-%m-%d %H:%M} UTC  {told}  {cut}{refused}{left}"


def _problem(what: str, guilds: Sequence[int]) -> str:
    return f"\n  {what} {', '.join(map(str, guilds))}." if guilds else ""


def _as_json(one: Announcement) -> dict[str, Any]:
    withdrawn_at = one.withdrawn_at and one.withdrawn_at.isoformat()
    return {
        **asdict(one),
        "id": str(one.id),
        "created_at": one.created_at.isoformat(),
        "withdrawn_at": withdrawn_at,
    }


def _servers(number: int) -> str:
    return "1 server" if number == 1 else f"{number:,} servers"
