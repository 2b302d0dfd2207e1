"""`/plan`: members may use what the plans of their roles allow, and those who manage the server say what that is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.commands.plan import plan
from bot.policy.plans import TimeUnreadable, time_from_text
from bot.replies import plan_command_replies, plan_replies
from sandbox.chat.test_client import MemberClient, RequestRefused
from sandbox.server import Sandbox
from sandbox.state.roles import remove_role
from sandbox.state.seed import GUILD_ID, PATRONS
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import text_of

ROLE = str(GUILD_ID + PATRONS)


async def asked(member: MemberClient, *command: str, **options: Any) -> str:
    """Return the answer to the command."""
    return text_of(await member.reply(await member.command(*command, **options)))


async def test_plans_hold_for_roles_until_these_are_gone(
    bot: asyncio.Task[None],
    ada: MemberClient,
    ben: MemberClient,
    cleo: MemberClient,
    hand: EngineHand,
    sandbox: Sandbox,
) -> None:
    """Made, given, listed, kept with who changed them, and refused by name; nothing is started meanwhile."""
    assert await asked(ada, "plan", "list") == str(plan_command_replies.NO_PLANS)
    made = await asked(ada, "plan", "set", plan="gold", speeds="fast+relax+turbo", queue=60)
    assert made.splitlines() == [
        "**gold**: GPU time without a limit, 60 unfinished jobs, `--turbo` `--fast` `--relax`",
        "Nobody has it yet: `/plan role` gives it to a role, `/plan default` to everyone else.",
    ]
    await asked(ada, "plan", "set", plan="basic", gpu_per_day="1m", repeat=2, sets=3, at_once=2, queue=5)
    assert await asked(ada, "plan", "role", role=ROLE, plan="gold") == f"<@&{ROLE}> has the plan **gold** now."
    assert await asked(ada, "plan", "role", role=ROLE, plan="gold") == "Nothing has changed: it was so already."
    await asked(ada, "plan", "default", plan="basic")
    assert (await asked(ada, "plan", "list")).splitlines() == [
        "**basic** (the default): 60 s of GPU time a day, 2 jobs at once, 5 unfinished jobs, `--repeat` up to 2, 3"
        " prompts by sets, `--fast` `--relax`",
        f"**gold** (<@&{ROLE}>): GPU time without a limit, 60 unfinished jobs, `--turbo` `--fast` `--relax`",
    ]
    for name in ("   ", "\u200b", "Standard"):
        assert await asked(ada, "plan", "set", plan=name) == str(plan_replies.NAME_REFUSED)
    assert "Ada" not in await asked(ada, "plan", "remove", plan="silver")
    assert "no plan called \\*\\*." in await asked(ada, "plan", "remove", plan="**")
    assert "Write it as 90s" in await asked(ada, "plan", "set", plan="basic", gpu_per_day="soon")

    assert "`--turbo` is not in your plan, **basic**" in await asked(ben, "imagine", prompt="a cat --turbo")
    assert "`--repeat` up to 2, and this prompt asks for 3" in await asked(ben, "imagine", prompt="a cat --repeat 3")
    assert "allows 3 prompts in one" in await asked(ben, "imagine", prompt="a {red, blue, green, black} cat")
    assert await hand.jobs() == []
    await cleo.reply(await cleo.command("imagine", prompt="a cat --turbo"))
    assert (await hand.only_job()).spec.parameters == {"turbo": True}

    remove_role(sandbox.world, GUILD_ID, int(ROLE))
    assert "**basic**" in await asked(cleo, "imagine", prompt="a dog --turbo")
    assert "1 role with a plan was deleted in Discord" in await asked(ada, "plan", "list")
    assert "deleted" not in await asked(ada, "plan", "list")
    changes = (await asked(ada, "server", "changes")).splitlines()
    assert len(changes) == 4 and "changed the limits from nothing to default: basic" in changes[0]


async def test_the_name_of_a_plan_is_one_however_it_is_written(bot: asyncio.Task[None], ada: MemberClient) -> None:
    """As it was written first; the role of everybody is called so, because Discord shows no mention of it."""
    await asked(ada, "plan", "set", plan="Straße", queue=5)
    made = await asked(ada, "plan", "set", plan="STRASSE", repeat=2)
    assert made.startswith("**Straße**: GPU time without a limit, 5 unfinished jobs, `--repeat` up to 2")
    assert (
        await asked(ada, "plan", "role", role=str(GUILD_ID), plan="strasse") == "@everyone has the plan **Straße** now."
    )
    assert "**Straße** now" in await asked(ada, "plan", "default", plan="sTRASSE")
    listed = await asked(ada, "plan", "list")
    assert listed.startswith("**Straße** (@everyone, the default)") and len(listed.splitlines()) == 1
    assert "@everyone: Straße" in (await asked(ada, "server", "changes")).splitlines()[1]
    await asked(ada, "plan", "remove", plan="STRASSE")
    assert await asked(ada, "plan", "list") == str(plan_command_replies.NO_PLANS)


async def test_gpu_time_is_shown_before_it_is_used_up_and_when_it_is(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, hand: EngineHand
) -> None:
    """The job that uses four fifths says so to its member alone; then relax is offered, and taken."""
    await asked(ada, "plan", "set", plan="basic", gpu_per_day="50s")
    await asked(ada, "plan", "default", plan="basic")
    await ben.reply(await ben.command("imagine", prompt="a cat --repeat 3"))
    sent = await ben.command("imagine", prompt="a dog")
    await ben.reply(sent)
    warning = await ben.message(lambda item: "of today's 50 s of GPU time are left" in item["content"])
    assert warning["flags"] & 64 and "about 10 s" in warning["content"]
    refused = await asked(ben, "imagine", prompt="a {red, blue} boat")
    assert refused.startswith("There is GPU time for 1 of these 2 jobs: 10 s of today's 50 s are left. Ask for fewer.")
    assert "40 s of GPU time are set aside" in refused and "renewed <t:" in refused and "`--relax`" in refused
    await ben.reply(await ben.command("imagine", prompt="a boat --relax"))
    assert len(await hand.jobs()) == 5


async def test_a_button_starts_a_relaxed_job_where_no_time_is_left(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, painted_grid: Any, hand: EngineHand
) -> None:
    """And says so; not where the plan has no relaxed jobs."""
    grid, _, _ = await painted_grid()
    await asked(ada, "plan", "set", plan="basic", gpu_per_day="0s")
    await asked(ada, "plan", "default", plan="basic")
    await ben.reply(await ben.press(grid, "V1"))
    told = await ben.message(lambda item: "so this is painted relaxed" in item["content"])
    assert told["flags"] & 64
    assert [job.spec.prompt for job in await hand.jobs()] == ["a red circle", "a red circle --relax"]
    await asked(ada, "plan", "set", plan="basic", speeds="fast")
    assert "You have used today's 0 s of GPU time" in text_of(await ben.reply(await ben.press(grid, "V2")))
    assert len(await hand.jobs()) == 2


async def test_only_those_who_manage_the_server_may(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, sandbox: Sandbox
) -> None:
    """By what Discord shows them, and again at each press by what they may then."""
    assert plan.default_permissions is not None and plan.default_permissions.manage_guild and plan.guild_only
    for command in plan.commands:
        with pytest.raises(RequestRefused):
            await ben.command("plan", command.name, plan="gold")
    await asked(ada, "plan", "set", plan="gold")
    assert [choice["name"] for choice in await ada.autocomplete("plan", "plan", "g", "set")] == ["gold"]
    guild = sandbox.world.guilds[GUILD_ID]
    ordinary = tuple(replace(member, administrator=False) for member in guild.members)
    for number, registered in list(sandbox.world.commands.items()):
        given_to_all = {**registered.body, "default_member_permissions": None}
        sandbox.world.commands[number] = replace(registered, body=given_to_all)
    sandbox.world.guilds[GUILD_ID] = replace(guild, members=ordinary)
    for subcommand in ("list", "set", "remove", "default", "role"):
        options = {"plan": {"plan": "gold"}, "list": {}, "role": {"plan": "gold", "role": ROLE}}
        given = options.get(subcommand, options["plan"])
        assert await asked(ada, "plan", subcommand, **given) == str(plan_command_replies.MANAGERS_ONLY)
    assert await ada.autocomplete("plan", "plan", "g", "set") == []


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), (" 30 M ", 1800), ("1.5h", 5400), ("10min", 600), ("0s", 0), ("None", None)]
)
def test_a_time_is_read_as_it_is_written(text: str, seconds: float | None) -> None:
    assert time_from_text(text) == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize("text", ["", "90", "h", "-1h", "1e9h", "999999h", "nan s", "1 day", "１h x"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(TimeUnreadable):
        time_from_text(text)
