"""`easel members plan`: what members may use outside servers, and in servers without plans."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import typer

from bot.policy.plans import Plan, TimeUnreadable, time_from_text
from bot.policy.training_quota import CountUnreadable, count_from_text
from bot.store.plans.changing import set_standard_plan
from easel.output import Output
from easel.postgres import open_migrated_postgres
from engine.contract.jobs import Speed
from engine.settings import EngineSettings
from engine.store.database import open_database


def limits_from_options(
    times: Mapping[str, str], counts: Mapping[str, int | None], speeds: str, trainings: str
) -> dict[str, Any]:
    """Return the limits that are given, by the names of `Plan`.

    Raises: typer.BadParameter for a time, a number or a speed that is none.
    """
    limits: dict[str, Any] = {name: number or None for name, number in counts.items() if number is not None}
    try:
        limits |= {name: time_from_text(text) for name, text in times.items() if text}
        limits |= {"trainings": count_from_text(trainings)} if trainings.strip() else {}
        limits |= {"speeds": frozenset(map(Speed, speeds.replace(",", " ").split()))} if speeds.strip() else {}
    except TimeUnreadable as error:
        raise typer.BadParameter(f'"{error.facts["text"]}" is no time. Write 90s, 30m, 2h or none.') from error
    except CountUnreadable as error:
        raise typer.BadParameter(f'"{error.facts["text"]}" is no number. Write one such as 3, or none.') from error
    except ValueError as error:
        raise typer.BadParameter("The speeds are fast, relax and turbo.") from error
    return limits


async def set_plan(limits: Mapping[str, Any] | None, settings: EngineSettings, output: Output) -> None:
    """Change the limits, if any, or take all back for None, and print what holds now."""
    async with (
        open_migrated_postgres(settings) as url,
        open_database(url, pool_size=1) as database,
        database.begin() as connection,
    ):
        plan = await set_standard_plan(connection, limits)
    output.print_done("\n".join(f"{name}: {value}" for name, value in _shown(plan).items()), _shown(plan))


def _shown(plan: Plan) -> dict[str, Any]:
    limits = {
        "gpu_per_day": plan.per_day,
        "gpu_per_month": plan.per_month,
        "at_once": plan.max_running,
        "queue": plan.max_pending,
        "repeat": plan.max_repeat,
        "sets": plan.max_permutations,
        "trainings": plan.trainings,
    }
    shown = {name: "none" if limit is None else _value(limit) for name, limit in limits.items()}
    return {**shown, "speeds": ",".join(sorted(plan.speeds))}


def _value(limit: int | timedelta) -> int | str:
    return f"{limit.total_seconds():.0f}s" if isinstance(limit, timedelta) else limit
