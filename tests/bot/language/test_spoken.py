"""What the bot says in Discord, in the languages of those who read it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from gettext import NullTranslations
from typing import Any

import pytest

from bot.language import phrases
from engine.contract.samplers import SAMPLERS
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import labels, text_of

PROMPT = "xxx yyy"
# What is not for the catalogs: what members write, and names of models, samplers and languages.
OWN = {"xxx", "yyy", "zzz", "fake", "English", "Deutsch", *re.findall(r"[a-z]{3,}", " ".join(SAMPLERS))}
OPTIONS = {"search": {"words": "zzz"}, "safety words add": {"words": "zzz"}}
COMMANDS = (
    ("history",),
    ("search",),
    ("help",),
    ("info",),
    ("privacy",),
    ("queue", "list"),
    ("queue", "quarantine"),
    ("queue", "cost"),
    ("plan", "list"),
    ("safety", "words", "add"),
    ("safety", "words", "list"),
    ("safety", "pictures"),
    ("safety", "channel"),
    ("safety", "cases"),
    ("safety", "members"),
    ("settings",),
    ("server", "settings"),
    ("server", "changes"),
    ("export", "status"),
    ("apikey", "show"),
    ("gallery", "show"),
    ("gallery", "channel"),
    ("gallery", "page"),
    ("prefer", "remix"),
    ("queue", "pause"),
    ("queue", "resume"),
    ("rank",),
)


class Bracketed(NullTranslations):
    """A language that says everything in brackets."""

    def gettext(self, message: str) -> str:
        """Return the sentence in brackets."""
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the form in brackets."""
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


def texts(value: Any, key: str = "") -> Iterator[str]:
    """Yield every text of a message or a form that somebody reads."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from texts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, key)
    elif isinstance(value, str) and key in ("content", "label", "description", "placeholder", "title"):
        yield value


def bare_words(text: str) -> set[str]:
    """Return the words outside brackets; links, mentions and what is set as code are none."""
    kept, depth = [], 0
    for character in text:
        depth += (character == "⟦") - (character == "⟧")
        kept.append(character if depth == 0 else " ")
    plain = re.sub(r"`[^`]*`|<[^>]*>|https?://\S+|```.*?```", " ", "".join(kept), flags=re.DOTALL)
    return set(re.findall(r"[^\W\d_]{3,}", plain))


def said_by_bot(member: MemberClient) -> set[str]:
    """Return every text that the bot has let the member see, in messages as they were at any time and in forms."""
    shown = [event.body for event in member.events if event.kind in ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MODAL")]
    return {text for item in shown if item.get("author", {"bot": True}).get("bot") for text in texts(item)}


async def test_nothing_is_said_past_the_catalogs(
    monkeypatch: pytest.MonkeyPatch, start_bot: BotStarter, ada: MemberClient, hand: EngineHand
) -> None:
    """In a language of brackets, what members and managers are shown has no word outside them but members' own."""
    monkeypatch.setattr(phrases, "translations", lambda language: Bracketed())
    async with start_bot():
        waiting = await ada.reply(await ada.command("imagine", prompt=PROMPT))
        (job,) = await hand.jobs()
        await hand.finish(job)
        grid = await ada.changed(waiting, lambda item: len(item["components"]) == 3)
        await ada.reply(await ada.command("imagine", prompt=f"{PROMPT} --repeat 3"))
        for face in ("⋯", "😍"):
            await ada.reply(await ada.press(grid, face))
        await ada.modal(await ada.on_message("Report", grid))
        await ada.press(grid, f"e1:up:{job.id}:2")
        single = await ada.message(lambda item: len(item["components"]) > 3)
        await ada.reply(await ada.press(single, "🖌️"))
        for command, *subcommands in COMMANDS:
            options = OPTIONS.get(" ".join((command, *subcommands)), {})
            await ada.reply(await ada.command(command, *subcommands, **options))
    told = {text: bare_words(text) - OWN for text in said_by_bot(ada)}
    assert len(told) > 60 and not {text: words for text, words in told.items() if words}


async def test_what_all_read_is_in_the_language_of_the_server(
    sandbox: Sandbox, bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, hand: EngineHand
) -> None:
    """And stays in it when it is edited later; what one member reads is in that of their Discord."""
    world = sandbox.world
    guild = world.guilds[int(ada.guild_id)]
    world.guilds[guild.id] = replace(guild, preferred_locale="de")
    waiting = await ben.reply(await ben.command("imagine", prompt=PROMPT))
    assert "Wartet auf den Start" in text_of(waiting) and labels(waiting) == [["Abbrechen"]]
    (job,) = await hand.jobs()
    await hand.fail(job.id, error="NoRoom", model="starter", size="4096 x 4096")
    failed = await ben.changed(waiting, lambda item: not item["components"])
    assert "Fehlgeschlagen: Der Speicher reicht nicht für ein Bild mit 4096 x 4096" in text_of(failed)
    assert "No job of yours" in text_of(await ben.reply(await ben.command("info")))
    world.users[int(ben.id)] = replace(world.users[int(ben.id)], locale="de")
    assert "Keiner deiner Aufträge" in text_of(await ben.reply(await ben.command("info")))


async def test_what_is_said_of_a_prompt_is_in_the_language_of_who_reads_it(
    sandbox: Sandbox, bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient
) -> None:
    """A refusal in that of the member, a note under a grid in that of the server, also for those who speak another."""
    world = sandbox.world
    guild = world.guilds[int(ada.guild_id)]
    world.users[int(ben.id)] = replace(world.users[int(ben.id)], locale="de")
    refused = await ben.reply(await ben.command("imagine", prompt="xxx --sede 7", shape="yyy"))
    assert text_of(refused) == (
        "```\nxxx --sede 7\n    ^^^^^^\nUnbekannter Parameter --sede. Meintest du --seed?\n\n"
        "In der Option shape:\nyyy\n^^^\nshape nimmt zwei ganze Zahlen, Breite:Höhe, nicht yyy. Zum Beispiel 3:2.\n```"
    )
    noted = await ben.reply(await ben.command("imagine", prompt="xxx --best 8 --video"))
    assert text_of(noted).endswith("⚠️ --best changes nothing with --video.")
    world.guilds[guild.id] = replace(guild, preferred_locale="de")
    noted = await ada.reply(await ada.command("imagine", prompt="yyy --best 8 --video"))
    assert text_of(noted).endswith("⚠️ --best ändert mit --video nichts.")


@pytest.mark.parametrize(("locale", "said"), [("de", "Wartet auf den Start"), ("fr", "Waiting to start")])
async def test_a_direct_message_is_in_the_language_of_the_member(
    sandbox: Sandbox, bot: asyncio.Task[None], ben: MemberClient, locale: str, said: str
) -> None:
    """In English where Easel does not speak it."""
    world = sandbox.world
    world.users[int(ben.id)] = replace(world.users[int(ben.id)], locale=locale)
    waiting = await ben.reply(await ben.command("imagine", channel="dm", prompt=PROMPT))
    assert said in text_of(waiting)
