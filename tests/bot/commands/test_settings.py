"""`/settings` and `/prefer`: what members set holds for their own prompts, and what a prompt says goes before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from bot.own_settings_panel import UNSET, VERBS, VERSION_VERB
from bot.policy.preferences import (
    MAX_OPTIONS,
    NO_PREFERENCES,
    MemberPreferences,
    Setting,
    json_from_preferences,
    preferences_from_json,
    settings_text,
)
from bot.presets import PRESETS, may_use_presets
from bot.replies import own_settings_replies
from bot.store.tables import members
from engine.contract.jobs import Job, Visibility
from engine.prompt import Limits, ModelCapabilities, Vocabulary, check_option
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, text_of

LIMITS = Limits(models=(ModelCapabilities(name="ink"), ModelCapabilities(name="oil")), default_model="ink")


async def ask(member: MemberClient, *command: str, **options: Any) -> str:
    """Return the answer to the command."""
    return text_of(await member.reply(await member.command(*command, **options)))


async def imagine(member: MemberClient, hand: EngineHand, prompt: str) -> Job:
    """Return the job of the prompt."""
    known = {job.id for job in await hand.jobs()}
    await member.reply(await member.command("imagine", prompt=prompt))
    (job,) = [job for job in await hand.jobs() if job.id not in known]
    return job


async def press(member: MemberClient, panel: Message, control: str, *values: str, shows: object) -> Message:
    """Return the panel after the press."""
    await member.press(panel, control, list(values) if values else None)
    return await member.changed(panel, lambda item: str(shows) in text_of(item))


def select(setting: Setting) -> str:
    """Return the id of the setting's select."""
    return f"e1:{VERBS[setting]}:v1"


async def test_settings_hold_where_a_prompt_says_nothing_else(
    start_bot: BotStarter, ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """Of the member alone; the job's prompt has what was applied, and after a reset nothing is."""
    async with start_bot(limits=LIMITS):
        panel = await ben.reply(await ben.command("settings"))
        assert str(own_settings_replies.NOTHING) in text_of(panel)
        panel = await press(ben, panel, select(Setting.MODEL), "oil", shows="--model oil")
        panel = await press(ben, panel, select(Setting.SHAPE), "3:2", shows="--ar 3:2")
        panel = await press(ben, panel, "Make private", shows="--ar 3:2 --stealth`")
        job = await imagine(ben, hand, "a boat")
        assert job.visibility is Visibility.PRIVATE and job.spec.prompt == "a boat --ar 3:2 --model oil --stealth"
        assert (await imagine(ben, hand, "a boat --ar 1:1 --model ink --public")).visibility is Visibility.PUBLIC
        assert (await imagine(cleo, hand, "a boat")).spec.prompt == "a boat"
        panel = await press(ben, panel, select(Setting.SHAPE), UNSET, shows="`--model oil --stealth`")
        panel = await press(ben, panel, "Turn on", shows=own_settings_replies.REMIX_ON)
        await press(ben, panel, str(own_settings_replies.RESET), shows=own_settings_replies.NOTHING)
        assert str(own_settings_replies.REMIX_OFF) in text_of(await ben.reply(await ben.command("settings")))
        assert (await imagine(ben, hand, "a boat")).spec.prompt == "a boat"


async def test_a_setting_gives_way_to_a_prompt_that_it_does_not_fit(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand
) -> None:
    """And holds for the next one: relaxed jobs where several are asked for, a sampler that the prompt's model lacks."""
    ink, oil = ModelCapabilities(name="ink", samplers=("euler",)), ModelCapabilities(name="oil", samplers=("ddim",))
    async with start_bot(limits=Limits(models=(ink, oil), default_model="ink")):
        panel = await ben.reply(await ben.command("settings"))
        panel = await press(ben, panel, select(Setting.SPEED), "relax", shows="--relax")
        panel = await press(ben, panel, select(Setting.SAMPLER), "euler", shows="`--sampler euler --relax`")
        assert (await imagine(ben, hand, "a boat")).spec.prompt == "a boat --sampler euler --relax"
        assert (await imagine(ben, hand, "a boat --model oil")).spec.prompt == "a boat --model oil --relax"
        await ben.reply(await ben.command("imagine", prompt="a sea --repeat 2"))
        assert [job.spec.prompt for job in (await hand.jobs())[2:]] == ["a sea --sampler euler"] * 2
        refused = await ask(ben, "imagine", prompt="a sea --relax --repeat 2")
        assert "a sea --relax" in refused and "your suffix" not in refused


async def test_the_version_of_a_model_is_chosen(start_bot: BotStarter, ben: MemberClient) -> None:
    """Where several are registered: those of the member's model, or else of the default one."""
    names = ("starter", "oil-1", "oil-2", "v6", "v6.1")
    limits = Limits(models=tuple(ModelCapabilities(name=name) for name in names), default_model="starter")
    version = f"e1:{VERSION_VERB}:v1"
    async with start_bot(limits=limits):
        panel = await ben.reply(await ben.command("settings"))
        assert version not in str(panel["components"])
        panel = await press(ben, panel, select(Setting.MODEL), "oil-2", shows="`--model oil-2`")
        panel = await press(ben, panel, version, "oil-1", shows="`--model oil-1`")
        assert "'label': 'oil', 'value': 'oil-1'" in str(panel["components"])
        await press(ben, panel, select(Setting.MODEL), UNSET, shows=own_settings_replies.NOTHING)


async def test_what_another_process_changed_holds_at_once(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Although this one remembers what was set before."""
    async with start_bot(limits=LIMITS):
        await imagine(ben, hand, "a boat")
        changed = {"settings": {"shape": "2:3"}, "options": {"mine": "sea"}}
        async with database.begin() as connection:
            await connection.execute(sa.update(members).values(preferences=changed))
        assert (await imagine(ben, hand, "a boat --mine")).spec.prompt == "a boat sea --ar 2:3"


async def test_a_suffix_ends_each_prompt(bot: object, ben: MemberClient, hand: EngineHand) -> None:
    """It goes before the settings; words are refused; the panel has a form for it."""
    assert "only contain parameters" in await ask(ben, "prefer", "suffix", new_value="in oil")
    assert await ask(ben, "prefer", "suffix", new_value="--ar 3:2 --no text") == own_settings_replies.suffix_set(
        "--ar 3:2 --no text"
    )
    assert (await imagine(ben, hand, "a boat --no sea")).spec.prompt == "a boat --no sea, text --ar 3:2"
    panel = await ben.reply(await ben.command("settings"))
    panel = await press(ben, panel, select(Setting.SHAPE), "1:1", shows="`--ar 3:2 --no text`")
    form = await ben.modal(await ben.press(panel, str(own_settings_replies.CHANGE_SUFFIX)))
    refused = await ben.reply(await ben.submit(form, prompt="oil"))
    assert "only contain parameters" in text_of(refused)
    form = await ben.modal(await ben.press(panel, str(own_settings_replies.CHANGE_SUFFIX)))
    await ben.submit(form, prompt="--seed 7")
    await ben.changed(panel, lambda item: own_settings_replies.suffix("--seed 7") in text_of(item))
    assert (await imagine(ben, hand, "a boat")).seed == 7
    assert await ask(ben, "prefer", "suffix") == str(own_settings_replies.SUFFIX_REMOVED)


async def test_custom_options_stand_for_words_and_parameters(bot: object, ben: MemberClient, hand: EngineHand) -> None:
    """Not for one another; there is a limit, and names of parameters are refused."""
    assert await ask(ben, "prefer", "option", "list") == str(own_settings_replies.NO_OPTIONS)
    assert "already a parameter" in await ask(ben, "prefer", "option", "set", option="--ar", value="x")
    said = await ask(ben, "prefer", "option", "set", option="--Mine", value="at night --ar 3:2")
    assert said == own_settings_replies.option_set("mine", "at night --ar 3:2")
    assert (await imagine(ben, hand, "a boat --mine")).spec.prompt == "a boat at night --ar 3:2"
    for value in ("--mine", "--loop"):
        assert "^" in await ask(ben, "prefer", "option", "set", option="loop", value=value)
    (choice,) = await ben.autocomplete("prefer", "option", "--mi", "option", "remove")
    assert choice["value"] == "mine" and "`--mine` at night" in await ask(ben, "prefer", "option", "list")
    assert await ask(ben, "prefer", "option", "remove", option="mine") == own_settings_replies.option_removed("mine")
    assert await ask(ben, "prefer", "option", "remove", option="mine") == str(own_settings_replies.NO_SUCH_OPTION)
    for number in range(MAX_OPTIONS):
        await ask(ben, "prefer", "option", "set", option=f"o{number}", value="sea " * 100)
    assert await ask(ben, "prefer", "option", "set", option="another", value="x") == (
        own_settings_replies.too_many_options()
    )
    assert len(await ask(ben, "prefer", "option", "list")) <= 2000


async def test_a_style_is_chosen_among_presets_and_own_options(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand
) -> None:
    """Where a model knows such words; the member's own option goes before a preset of its name."""
    async with start_bot(limits=LIMITS):
        choices = await ben.autocomplete("imagine", "style", "", prompt="a boat")
        assert [choice["value"] for choice in choices] == list(PRESETS)
        await ben.reply(await ben.command("imagine", prompt="a boat --ar 3:2", style="pencil"))
        assert (await hand.only_job()).spec.prompt == f"a boat {PRESETS['pencil']} --ar 3:2"
        await ask(ben, "prefer", "option", "set", option="pencil", value="chalk")
        await ben.reply(await ben.command("imagine", prompt="a boat", style="--pencil"))
        assert (await hand.jobs())[1].spec.prompt == "a boat chalk"
        assert "In the option style:\npensil\n^^^^^^\nUnknown style pensil. Did you mean pencil?" in await ask(
            ben, "imagine", prompt="a boat", style="pensil"
        )
        assert "In the option private:" in await ask(ben, "imagine", prompt="a boat --stealth", private=False)
        assert len(await hand.jobs()) == 2


def test_presets_are_sound() -> None:
    """And none is the name of a parameter; a model that paints a few things alone does not know their words."""
    assert not [name for name, words in PRESETS.items() if check_option(name, words)]
    small = ModelCapabilities(name="small", vocabulary=Vocabulary(paints="shapes", examples=(), words={}))
    assert may_use_presets(LIMITS) and not may_use_presets(Limits(models=(small,)))


def test_what_the_service_no_longer_has_is_left_out() -> None:
    settings = {Setting.MODEL: "gone", Setting.SHAPE: "3:2", Setting.VISIBILITY: "stealth"}
    kept = MemberPreferences(settings=settings)
    assert settings_text(kept, LIMITS) == "--ar 3:2 --stealth"
    assert settings_text(replace(kept, suffix="--public --aspect 1:1"), replace(LIMITS, models=())) == "--model gone"


@pytest.mark.parametrize("kept", [NO_PREFERENCES, MemberPreferences(settings={Setting.SPEED: "relax"}, suffix="--raw")])
def test_preferences_are_stored_as_they_are(kept: MemberPreferences) -> None:
    assert preferences_from_json(json_from_preferences(kept)) == kept
    assert json_from_preferences(NO_PREFERENCES) == {}
    assert preferences_from_json({"settings": {"newer": "1"}}) == NO_PREFERENCES
