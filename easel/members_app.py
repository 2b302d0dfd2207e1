"""Declares `easel members` and its commands, as `easel/app.py` declares the others."""

# Imports inside the functions keep `easel --help` fast.

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from easel.options import Json, OnlyProblems, settings
from easel.output import Output
from easel.process.signals import run_command

members = typer.Typer(
    name="members", help="Show what members use, ban them, and limit their jobs.", no_args_is_help=True
)

MemberId = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="The user's id in Discord, the member's id in the database, or the name of a key of the API."
    ),
]
_MAX_REASON = 500


def _check_reason(reason: str) -> str:
    if not reason.strip() or len(reason) > _MAX_REASON:
        raise typer.BadParameter(f"A reason has 1 to {_MAX_REASON} characters.")
    return reason.strip()


def _time_from_text(text: str) -> datetime:
    """Return the time, which is UTC unless it says another zone."""
    try:
        at = datetime.fromisoformat(text)
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f'"{text}" is not a time. Write it like 2026-01-31 or 2026-01-31T18:00.') from error
    if at <= datetime.now(UTC):
        raise typer.BadParameter(f"{text} is over already. Choose a later time.")
    return at


@members.command("list")
def list_members(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most members to list.")] = 20,
    is_banned: Annotated[bool, typer.Option("--banned", help="List those who are banned instead.")] = False,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """List who used most within 30 days: jobs, pictures and the time that engines painted for them."""
    from easel.commands.members import list_members

    shown = Output(as_json=as_json, quiet=quiet)
    run_command(list_members(limit, settings(), shown, only_banned=is_banned))


@members.command()
def show(member: MemberId, as_json: Json = False, quiet: OnlyProblems = False) -> None:
    """Show what a member uses, and whether they are banned or limited."""
    from easel.commands.members import show

    raise typer.Exit(run_command(show(member, settings(), Output(as_json=as_json, quiet=quiet))))


@members.command()
def ban(
    member: MemberId,
    reason: Annotated[str, typer.Option(callback=_check_reason, help="Why; the member reads it.")],
    until: Annotated[
        datetime | None,
        typer.Option(parser=_time_from_text, metavar="TIME", help="When it ends (UTC).", show_default="for good"),
    ] = None,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Ban a member: commands, buttons and their API key are refused, and their unfinished jobs cancelled."""
    from easel.commands.members import ban

    raise typer.Exit(run_command(ban(member, reason, until, settings(), Output(as_json=as_json, quiet=quiet))))


@members.command()
def unban(member: MemberId, as_json: Json = False, quiet: OnlyProblems = False) -> None:
    """End a ban."""
    from easel.commands.members import unban

    raise typer.Exit(run_command(unban(member, settings(), Output(as_json=as_json, quiet=quiet))))


@members.command()
def plan(
    gpu_per_day: Annotated[str, typer.Option(metavar="TIME", help="GPU time a day: 90s, 30m, 2h or none.")] = "",
    gpu_per_month: Annotated[str, typer.Option(metavar="TIME", help="The same a month.")] = "",
    at_once: Annotated[int | None, typer.Option(min=0, max=40, help="Jobs painted at once; 0 for any.")] = None,
    queue: Annotated[int | None, typer.Option(min=1, max=200, help="Unfinished jobs.")] = None,
    repeat: Annotated[int | None, typer.Option(min=0, max=40, help="The most for --repeat; 0 for any.")] = None,
    sets: Annotated[int | None, typer.Option(min=0, max=40, help="Prompts that sets make; 0 for any.")] = None,
    trainings: Annotated[str, typer.Option(metavar="NUMBER", help="LoRAs trained a month, or none.")] = "",
    speeds: Annotated[str, typer.Option(help="Such as fast,relax,turbo.")] = "",
    is_built_in: Annotated[bool, typer.Option("--built-in", help="Take back all that was set.")] = False,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Show or set what members may use outside servers, and in servers that have no plans."""
    from easel.commands.standard_plan import limits_from_options, set_plan

    counts = {"max_running": at_once, "max_pending": queue, "max_repeat": repeat, "max_permutations": sets}
    limits = limits_from_options({"per_day": gpu_per_day, "per_month": gpu_per_month}, counts, speeds, trainings)
    run_command(set_plan(None if is_built_in else limits, settings(), Output(as_json=as_json, quiet=quiet)))


@members.command()
def limit(
    member: MemberId,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Unfinished jobs that they may have.", show_default=False)
    ] = None,
    is_usual: Annotated[bool, typer.Option("--usual", help="As many as everybody else.")] = False,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Let a member have fewer unfinished jobs than others, or more."""
    from easel.commands.members import limit

    if (jobs is not None) == is_usual:
        raise typer.BadParameter("Give the number with --jobs, or --usual to end the limit.")
    raise typer.Exit(run_command(limit(member, jobs, settings(), Output(as_json=as_json, quiet=quiet))))
