"""How changes of a server's settings are said to those who manage it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.language import speaking
from bot.policy.pictures import PictureRules, Showing
from bot.policy.plan_facts import facts_of_plans, plan_from_fact, read_fact
from bot.policy.plans import GuildPlans, Plan
from bot.replies.guild_change_replies import change_line, limit_text
from bot.store.guilds.changes import GuildChange
from bot.store.guilds.tables import GuildSetting
from bot.store.moderation.picture_rules import texts_of_rules
from engine.contract.jobs import Speed

BASIC = Plan(
    name="basic", per_day=timedelta(), per_month=timedelta(hours=1), max_running=2, max_pending=5, max_repeat=3,
    max_permutations=4, trainings=2, speeds=frozenset({Speed.RELAX}),
)  # fmt: skip
PLANS = GuildPlans(plans={"basic": BASIC, "gold": Plan(name="gold")}, default=BASIC, roles={5: "basic", 7: "gold"})


def test_a_plan_is_said_in_the_language_of_who_reads_it() -> None:
    """Its times as elsewhere, not in seconds; names and speeds as they are typed."""
    facts = facts_of_plans(PLANS, 5)
    assert [limit_text(fact) for fact in facts] == [
        "basic (0 s a day, 60 min a month, 2 at once, 5 unfinished, 3 repeat, 4 sets, 2 trainings a month, relax)",
        "gold (40 unfinished, fast, relax)",
        "@everyone: basic",
        "<@&7>: gold",
        "default: basic",
    ]
    with speaking("de"):
        assert [limit_text(fact) for fact in facts] == [
            "basic (0 s am Tag, 60 min im Monat, 2 zugleich, 5 unfertig, 3 Wiederholungen, 4 aus Listen, "
            "2 Trainings im Monat, relax)",
            "gold (40 unfertig, fast, relax)",
            "@everyone: basic",
            "<@&7>: gold",
            "Standard: basic",
        ]


def test_a_plan_is_read_as_it_was_kept() -> None:
    kept = read_fact(facts_of_plans(PLANS, 5)[0])
    assert kept is not None and plan_from_fact(kept) == BASIC


@pytest.mark.parametrize("text", ["basic (3600 s a day, fast)", "default: basic", '{"odd', '{"odd name (5 unfinished)'])
def test_what_older_releases_kept_is_shown_as_it_is(text: str) -> None:
    assert limit_text(text) == text


@pytest.mark.parametrize("elsewhere", Showing)
@pytest.mark.parametrize("age_restricted", Showing)
@pytest.mark.parametrize("is_strict", [True, False])
def test_rules_for_pictures_are_said_in_the_language(
    elsewhere: Showing, age_restricted: Showing, *, is_strict: bool
) -> None:
    """Each of the three values; in English as they are kept."""
    rules = PictureRules(elsewhere=elsewhere, age_restricted=age_restricted, is_strict=is_strict)
    change = GuildChange(
        setting=GuildSetting.FILTER, added=texts_of_rules(rules), removed=(), discord_id=5, at=datetime.now(UTC)
    )
    assert change_line(change).endswith(f"from nothing to {', '.join(texts_of_rules(rules))}")
    with speaking("de"):
        german = change_line(change).partition(" zu ")[2]
    assert "sonst: " in german and "mit Altersbeschränkung: " in german
    assert german.endswith("streng geändert" if is_strict else "normal geändert")
