"""`easel members`: what members use, and what an operator allows them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import typer
from rich.table import Table

from bot.policy.quotas import MAX_PENDING
from bot.store.members import lock_members, read_discord_ids
from easel.exit_codes import ExitCode
from easel.output import Output, print_whole
from easel.postgres import open_migrated_postgres
from engine.settings import EngineSettings
from engine.store.api_keys import lock_keys_of, read_key_owners
from engine.store.database import AsyncConnection, Database, open_database
from engine.store.operator_jobs import OPERATOR_ID
from engine.store.restrictions import (
    Restriction,
    ban_member,
    limit_member,
    read_banned,
    read_restrictions,
    unban_member,
)
from engine.store.transitions import cancel_pending_of
from engine.store.usage import Usage, read_usage, read_usage_of

_DAY, _MONTH = timedelta(days=1), timedelta(days=30)
_UNKNOWN = (
    "Nothing is known of {member}. `easel members list` shows members: give the id of the user in Discord, which is 17 "
    "to 20 digits, of the member in the database, or the name of a key."
)


@dataclass(frozen=True, kw_only=True)
class _Known:
    """Whose jobs they are; `discord_id` is None for a key of the API and for the command line."""

    member_id: UUID
    discord_id: int | None
    name: str


@dataclass(frozen=True, kw_only=True)
class _Listed:
    known: _Known
    day: Usage
    month: Usage
    restriction: Restriction


async def list_members(limit: int, settings: EngineSettings, output: Output, *, only_banned: bool) -> None:
    """Print those who used most within a month, or those who are banned."""
    async with _database(settings) as database, database.begin(limit=None) as connection:
        if only_banned:
            ids = (await read_banned(connection))[:limit]
        else:
            ids = [used.member_id for used in await read_usage(connection, _MONTH, limit=limit)]
        listed = await _read_listed(connection, ids)
    if output.as_json:
        output.print_json([_as_json(one) for one in listed])
    elif listed and not output.quiet:
        print_whole(_table(listed))
    elif not output.quiet:
        typer.echo("Nobody is banned." if only_banned else "Nobody has painted anything within 30 days.")


async def show(member: str, settings: EngineSettings, output: Output) -> int:
    """Print what the member uses and is allowed; return the exit code."""
    async with _database(settings) as database, database.begin(limit=None) as connection:
        known = await _find(connection, member)
        if known is None:
            return _tell_unknown(member)
        (listed,) = await _read_listed(connection, [known.member_id])
    limit = listed.restriction.max_pending
    jobs = f"At most {limit} unfinished jobs." if limit else f"The usual limit of {MAX_PENDING} unfinished jobs."
    lines = [f"{known.name}, member {known.member_id}"]
    lines += [
        f"Within {days}: {used.jobs} jobs, {used.pictures} pictures, painted for {_time(used.painting)}."
        for days, used in (("a day", listed.day), ("30 days", listed.month))
    ]
    ban = listed.restriction.ban
    lines += [f"Banned {_end(ban.until)}, since {ban.since:%Y-%m-%d %H:%M} UTC: {ban.reason}" if ban else "Not banned."]
    # A key has its own limits.
    lines += [jobs] if known.discord_id is not None or limit else []
    output.print_done("\n".join(lines), _as_json(listed))
    return ExitCode.DONE


async def ban(member: str, reason: str, until: datetime | None, settings: EngineSettings, output: Output) -> int:
    """Ban the member and cancel their unfinished jobs; return the exit code."""
    async with _database(settings) as database:
        async with database.begin() as connection:
            known = await _find(connection, member)
            if known is None:
                return _tell_unknown(member)
            await ban_member(connection, known.member_id, reason, until)
        # Whoever was quicker than the ban has committed when the member and their keys are locked.
        async with database.begin() as connection:
            if known.discord_id is not None:
                await lock_members(connection, [known.discord_id])
            await lock_keys_of(connection, known.member_id)
            cancelled = await cancel_pending_of(connection, known.member_id)
    jobs = "1 job was" if len(cancelled) == 1 else f"{len(cancelled)} jobs were"
    output.print_done(
        f"{known.name} is banned {_end(until)}; {jobs} cancelled.",
        {"id": str(known.member_id), "until": until and until.isoformat(), "cancelled": sorted(map(str, cancelled))},
    )
    return ExitCode.DONE


async def unban(member: str, settings: EngineSettings, output: Output) -> int:
    """End the member's ban and return the exit code."""
    async with _database(settings) as database, database.begin() as connection:
        known = await _find(connection, member)
        if known is None:
            return _tell_unknown(member)
        was_banned = await unban_member(connection, known.member_id)
    sentence = f"{known.name} may use Easel again." if was_banned else f"{known.name} is not banned."
    output.print_done(sentence, {"id": str(known.member_id), "was_banned": was_banned})
    return ExitCode.DONE


async def limit(member: str, jobs: int | None, settings: EngineSettings, output: Output) -> int:
    """Set how many unfinished jobs the member may have, None for the usual number; return the exit code."""
    async with _database(settings) as database, database.begin() as connection:
        known = await _find(connection, member)
        if known is None:
            return _tell_unknown(member)
        await limit_member(connection, known.member_id, jobs)
    usual = "as many unfinished jobs as others" if known.discord_id is not None else "the unfinished jobs of its key"
    allowed = usual if jobs is None else f"{jobs} unfinished {'job' if jobs == 1 else 'jobs'}"
    output.print_done(f"{known.name} may have {allowed}.", {"id": str(known.member_id), "jobs": jobs})
    return ExitCode.DONE


@asynccontextmanager
async def _database(settings: EngineSettings) -> AsyncIterator[Database]:
    async with open_migrated_postgres(settings) as url, open_database(url, pool_size=1) as database:
        yield database


async def _find(connection: AsyncConnection, text: str) -> _Known | None:
    """Return who has the id, or owns the key with the name."""
    persons, keys = await read_discord_ids(connection, named=text), await read_key_owners(connection, named=text)
    for ids in (persons, keys, [OPERATOR_ID] if text == str(OPERATOR_ID) else []):
        for member_id in ids:
            (known,) = await _name(connection, [member_id])
            return known
    return None


async def _name(connection: AsyncConnection, member_ids: Collection[UUID]) -> list[_Known]:
    discord_ids = await read_discord_ids(connection, member_ids)
    keys = await read_key_owners(connection, member_ids)
    names = {OPERATOR_ID: "the command line", **{member_id: f'the key "{name}"' for member_id, name in keys.items()}}
    # Discord's ids are positive: others are of members whose erasure is under way.
    names |= {member_id: f"Discord user {number}" for member_id, number in discord_ids.items() if number > 0}
    return [
        _Known(
            member_id=member_id,
            discord_id=discord_ids.get(member_id),
            name=names.get(member_id, "a member who is being erased"),
        )
        for member_id in member_ids
    ]


async def _read_listed(connection: AsyncConnection, member_ids: Collection[UUID]) -> list[_Listed]:
    named = await _name(connection, member_ids)
    day, month = [await read_usage_of(connection, member_ids, period) for period in (_DAY, _MONTH)]
    restricted = await read_restrictions(connection, member_ids)
    return [
        _Listed(
            known=known,
            day=day[known.member_id],
            month=month[known.member_id],
            restriction=restricted[known.member_id],
        )
        for known in named
    ]


def _tell_unknown(member: str) -> int:
    typer.echo(_UNKNOWN.format(member=member), err=True)
    return ExitCode.REQUEST


def _table(listed: list[_Listed]) -> Table:
    caption = "Jobs, pictures and painting time: within a day / within 30 days"
    table = Table("Who", "Jobs", "Pictures", "Painted", "Limit", "Banned", caption=caption, caption_justify="left")
    for one in listed:
        both, ban = (one.day, one.month), one.restriction.ban
        table.add_row(
            one.known.name,
            " / ".join(str(used.jobs) for used in both),
            " / ".join(str(used.pictures) for used in both),
            " / ".join(_time(used.painting) for used in both),
            str(one.restriction.max_pending or ""),
            _end(ban.until) if ban else "",
        )
    return table


def _as_json(one: _Listed) -> dict[str, Any]:
    ban = one.restriction.ban
    return {
        "id": str(one.known.member_id),
        "discord_id": one.known.discord_id,
        "name": one.known.name,
        **{
            period: {"jobs": used.jobs, "pictures": used.pictures, "painting_seconds": used.painting.total_seconds()}
            for period, used in (("day", one.day), ("month", one.month))
        },
        "max_jobs": one.restriction.max_pending,
        "ban": ban
        and {"reason": ban.reason, "since": ban.since.isoformat(), "until": ban.until and ban.until.isoformat()},
    }


def _end(until: datetime | None) -> str:
    return f"until {until:%Y-%m-%d %H:%M} UTC" if until else "for good"


def _time(painting: timedelta) -> str:
    seconds = painting.total_seconds()
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
