"""What holds for whoever starts a job in a guild, read at once: every press that starts one needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.guild_rules import NO_GUILD_RULES, GuildRules
from bot.policy.plans import GuildPlans
from bot.store.plans.reading import plans_from_columns
from bot.store.plans.spending import OUTSIDE_GUILDS
from engine.safety.words import NO_RULES, WordRules, rules_from_texts

_TERMS = (
    sa.text("""
        SELECT asked.id, guild_pauses.guild_id IS NOT NULL AS is_paused, guild_settings.channels,
            guild_words.rules AS words, own.plans
        FROM unnest(:guild_ids) AS asked (id)
        LEFT JOIN guild_pauses ON guild_pauses.guild_id = asked.id
        LEFT JOIN guild_settings ON guild_settings.guild_id = asked.id
        LEFT JOIN guild_words ON guild_words.guild_id = asked.id
        CROSS JOIN LATERAL (
            SELECT coalesce(jsonb_agg(to_jsonb(plans) || jsonb_build_object('role_ids', ARRAY(
                SELECT role_id FROM plan_roles WHERE plan_roles.guild_id = plans.guild_id AND plan = plans.name
            )) ORDER BY name), '[]') AS plans
            FROM plans WHERE plans.guild_id = asked.id
        ) AS own
    """)
    .bindparams(sa.bindparam("guild_ids", type_=pg.ARRAY(sa.BigInteger)))
    .columns(plans=pg.JSONB)
)


@dataclass(frozen=True, kw_only=True)
class GuildTerms:
    """Where and whether jobs are started in a guild, what they may use, and which words their prompts may not have."""

    rules: GuildRules
    plans: GuildPlans
    words: WordRules


async def read_terms(connection: AsyncConnection, guild_ids: Sequence[int | None]) -> list[GuildTerms]:
    """Return the terms of each guild; outside guilds only the operator's plan holds."""
    wanted = {OUTSIDE_GUILDS, *(guild_id for guild_id in guild_ids if guild_id is not None)}
    found = {row.id: row for row in await connection.execute(_TERMS, {"guild_ids": sorted(wanted)})}
    operators = found[OUTSIDE_GUILDS].plans
    return [_terms_of(None if guild_id is None else found[guild_id], operators) for guild_id in guild_ids]


def _terms_of(row: sa.Row[Any] | None, operators: Sequence[Mapping[str, Any]]) -> GuildTerms:
    if row is None:
        return GuildTerms(rules=NO_GUILD_RULES, plans=plans_from_columns((), operators), words=NO_RULES)
    return GuildTerms(
        rules=GuildRules(is_paused=row.is_paused, channels=frozenset(row.channels or ())),
        plans=plans_from_columns(row.plans, operators),
        words=rules_from_texts(tuple(row.words or ())),
    )
