"""What is said of wrong input, in a language of brackets: every command, form and menu, by two members."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from bot.language import phrases
from sandbox.chat.test_client import FileOption, MemberClient
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.language.test_spoken import OWN, Bracketed, bare_words, said_by_bot

MENUS = ("Recipe", "Use as picture prompt", "Describe", "Report", "Delete mine")
NONE = FileOption(name="zzz.png", content=b"zzz")
WRONG: tuple[tuple[str, dict[str, Any]], ...] = (
    ("imagine", {"prompt": "xxx", "image": NONE}),
    ("imagine", {"prompt": "xxx", "seed": "zzz", "shape": "yyy", "model": "zzz", "style": "zzz", "repeat": 40}),
    ("imagine", {"prompt": "xxx --video --best 9 --zzz"}),
    ("help", {"parameter": "zzz"}),
    ("blend", {"image1": NONE, "image2": NONE}),
    ("interpolate", {"from": "xxx"}),
    ("interpolate", {"from": "xxx", "to": "yyy --zzz"}),
    ("interpolate", {"image1": NONE, "to": "xxx"}),
    ("animate", {"prompt": "xxx", "image": NONE}),
    ("animate", {"prompt": "xxx --best 9 --zzz", "motion": "low"}),
    ("animate", {}),
    ("describe", {"image": NONE}),
    ("shorten", {"prompt": "xxx --zzz"}),
    ("history", {"since": "zzz", "model": "zzz"}),
    ("history", {"since": "2026-02-02", "until": "2026-01-01"}),
    ("search", {"words": "zzz", "until": "zzz"}),
    ("search", {"words": "--", "whose": "server"}),
    ("show", {"picture": "zzz"}),
    ("show", {"picture": "0197e0f0-0000-7000-8000-000000000000"}),
    ("gallery channel", {"threshold": 3}),
    ("gallery page", {"open": True}),
    *((f"lora {verb}", {"lora": "zzz"}) for verb in ("share", "unshare", "delete")),
    ("lora rename", {"lora": "zzz", "new_name": "yyy"}),
    ("lora list", {}),
    ("prefer option set", {"option": "xxx yyy", "value": "zzz"}),
    ("prefer option set", {"option": "seed", "value": "zzz"}),
    ("prefer option set", {"option": "zzz", "value": "--zzz"}),
    ("prefer option set", {"option": "zzz"}),
    ("prefer option remove", {"option": "zzz"}),
    ("prefer option list", {}),
    ("prefer suffix", {"new_value": "zzz"}),
    ("prefer suffix", {"new_value": "--zzz"}),
    ("prefer suffix", {}),
    ("prefer auto_dm", {}),
    ("export start", {"format": "raw", "since": "zzz"}),
    ("export start", {"format": "raw", "since": "2026-02-02", "until": "2026-01-01"}),
    ("export start", {"format": "raw", "model": "zzz"}),
    ("export status", {}),
    ("queue drain", {}),
    ("apikey create", {}),
    ("apikey revoke", {}),
    ("safety words add", {"words": "*"}),
    ("safety words add", {"words": "z*"}),
    ("safety words add", {"words": "zzz " * 30}),
    ("safety words remove", {"word": "zzz"}),
    ("safety words test", {"prompt": "xxx"}),
    ("safety channel", {"clear": True}),
    ("safety allow", {"member": "{other}"}),
    ("plan set", {"plan": "zzz", "gpu_per_day": "zzz"}),
    ("plan set", {"plan": "standard"}),
    ("plan remove", {"plan": "zzz"}),
    ("plan default", {"plan": "zzz"}),
    ("plan set", {"plan": "zzz", "gpu_per_day": "0s", "speeds": "fast"}),
    ("plan remove", {"plan": "yyy"}),
    ("plan default", {"plan": "zzz"}),
    ("imagine", {"prompt": "xxx --relax"}),
    ("imagine", {"prompt": "xxx"}),
    ("info", {}),
    ("plan default", {}),
    ("queue pause", {}),
    ("imagine", {"prompt": "xxx"}),
    ("queue resume", {}),
    ("consent server", {"collecting": "off"}),
    ("rank", {}),
    ("server changes", {}),
)


async def answer(member: MemberClient, name: str, options: dict[str, Any], *, other: MemberClient) -> None:
    """Send a command, and wait for its answer."""
    command, *subcommands = name.split()
    given = {key: other.id if value == "{other}" else value for key, value in options.items()}
    await member.reply(await member.command(command, *subcommands, **given))


async def test_wrong_input_is_answered_in_the_language_of_its_member(
    monkeypatch: pytest.MonkeyPatch, start_bot: BotStarter, ada: MemberClient, ben: MemberClient, hand: EngineHand
) -> None:
    """No answer has a word that is not from the catalogs but members' own."""
    monkeypatch.setattr(phrases, "translations", lambda language: Bracketed())
    async with start_bot():
        waiting = await ada.reply(await ada.command("imagine", prompt="xxx yyy"))
        (job,) = await hand.jobs()
        await ben.reply(await ben.press(waiting, f"e1:cancel:{job.id}"))
        await hand.finish(job)
        grid = await ada.changed(waiting, lambda item: len(item["components"]) == 3)
        text = await ben.say("zzz")
        for menu, message in itertools.product(MENUS, (text, grid)):
            await ben.outcome(await ben.on_message(menu, message))
        for name, options in WRONG:
            await answer(ada, name, options, other=ben)
    told = {text: bare_words(text) - OWN for member in (ada, ben) for text in said_by_bot(member)}
    assert len(told) > 60 and not {text: words for text, words in told.items() if words}
