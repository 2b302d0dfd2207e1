"""What is kept of plans where they are changed: each plan, which of them a role has, and which is the default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.policy.plans import GuildPlans, Plan
from engine.contract.jobs import Speed


def facts_of_plans(found: GuildPlans, guild_id: int) -> list[str]:
    """Return the plans of a guild as JSON, a text for each thing that can change."""
    facts: list[Mapping[str, Any]] = [{"name": plan.name, **values_of_plan(plan)} for plan in found.plans.values()]
    # The role of everyone has the guild's id, and Discord shows no mention of it.
    named = {role_id: "@everyone" if role_id == guild_id else f"<@&{role_id}>" for role_id in found.roles}
    facts += [{"role": named[role_id], "plan": name} for role_id, name in sorted(found.roles.items())]
    facts += [{"default": found.default.name}] if found.default.name in found.plans else []
    return [json.dumps(fact, ensure_ascii=False) for fact in facts]


def read_fact(text: str) -> Mapping[str, Any] | None:
    """Return one of the facts; None for a text in words, which older releases have kept."""
    if not text.startswith('{"'):
        return None
    try:
        fact = json.loads(text)
    except json.JSONDecodeError:
        return None
    return fact if isinstance(fact, dict) else None


def values_of_plan(plan: Plan) -> dict[str, Any]:
    """Return what the plan allows, as it is kept."""
    return {
        "seconds_per_day": None if plan.per_day is None else round(plan.per_day.total_seconds()),
        "seconds_per_month": None if plan.per_month is None else round(plan.per_month.total_seconds()),
        "max_running": plan.max_running,
        "max_pending": plan.max_pending,
        "max_repeat": plan.max_repeat,
        "max_permutations": plan.max_permutations,
        "trainings": plan.trainings,
        "speeds": sorted(plan.speeds),
    }


def plan_from_fact(fact: Mapping[str, Any]) -> Plan:
    """Return the plan that a fact is about."""
    return Plan(
        name=fact["name"],
        per_day=_time(fact["seconds_per_day"]),
        per_month=_time(fact["seconds_per_month"]),
        max_running=fact["max_running"],
        max_pending=fact["max_pending"],
        max_repeat=fact["max_repeat"],
        max_permutations=fact["max_permutations"],
        # Older releases kept none.
        trainings=fact.get("trainings"),
        speeds=frozenset(map(Speed, fact["speeds"])),
    )


def _time(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
