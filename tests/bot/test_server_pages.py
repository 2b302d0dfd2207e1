"""The pages of `/server settings` about the gallery, limits and safety: each control changes what the commands do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.replies import (
    gallery_replies,
    guild_change_replies,
    moderation_replies,
    plan_command_replies,
    safety_replies,
)
from bot.server_panel import gallery, limits, safety
from bot.server_panel.frame import SettingsPage
from bot.store.gallery.settings import DEFAULT_THRESHOLD, Gallery
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from sandbox.state.seed import GUILD_ID
from tests.bot.commands.test_server import ask, panel_of
from tests.bot.conftest import BotStarter
from tests.bot.reading import Message, text_of

ADDRESS = "https://example.com"


def control(verb: str) -> str:
    return f"e1:{verb}:v1"


async def page_of(ada: MemberClient, page: SettingsPage, shown: object) -> Message:
    """Return the page of a new panel, once it shows that."""
    panel = await panel_of(ada)
    await ada.press(panel, control(page))
    return await ada.changed(panel, lambda item: str(shown) in text_of(item))


async def press(ada: MemberClient, panel: Message, verb: str, *values: str, shows: object) -> Message:
    """Return the panel after the press."""
    await ada.press(panel, control(verb), list(values) if values else None)
    return await ada.changed(panel, lambda item: str(shows) in text_of(item))


async def fill_in(ada: MemberClient, panel: Message, verb: str, **fields: Any) -> None:
    """Open the form of the button, and send these of its fields."""
    form = await ada.modal(await ada.press(panel, control(verb)))
    await ada.submit(form, **fields)


async def test_the_gallery_is_set_up(start_bot: BotStarter, ada: MemberClient) -> None:
    """A channel, how many likes, names and a page outside Discord; all of it is kept with who did it."""
    async with start_bot(public_url=ADDRESS, health=("127.0.0.1", 0)):
        channel = ada.channels["gallery"]
        set_up = Gallery(channel_id=int(channel), threshold=DEFAULT_THRESHOLD)
        panel = await page_of(ada, SettingsPage.GALLERY, gallery_replies.POSTS_NOTHING)
        await ada.press(panel, control(gallery.CHANNEL_VERB), [channel])
        panel = await ada.changed(panel, lambda item: gallery_replies.posts(set_up) in text_of(item))
        more = replace(set_up, threshold=5)
        panel = await press(ada, panel, gallery.THRESHOLD_VERB, "5", shows=gallery_replies.posts(more))
        panel = await press(ada, panel, gallery.AUTHORS_VERB, shows=gallery_replies.UNNAMED)
        panel = await press(ada, panel, gallery.PAGE_VERB, shows=f"<{ADDRESS}/gallery/")
        panel = await press(ada, panel, gallery.PAGE_VERB, shows=gallery_replies.PAGE_CLOSED)
        assert text_of(panel).count(str(gallery_replies.NO_PAGE_YET)) == 1
        assert await ask(ada, "gallery", "channel") == gallery_replies.channel_state(more)
        await ada.press(panel, control(gallery.CHANNEL_VERB), [])
        await ada.changed(panel, lambda item: str(gallery_replies.POSTS_NOTHING) in text_of(item))
        lines = (await ask(ada, "server", "changes")).splitlines()
    assert len(lines) == 6 and lines[4].endswith("changed the gallery from ❤️ 3 to ❤️ 5")


async def test_a_page_needs_an_address(bot: object, ada: MemberClient) -> None:
    panel = await page_of(ada, SettingsPage.GALLERY, gallery_replies.POSTS_NOTHING)
    await press(ada, panel, gallery.PAGE_VERB, shows=f"⚠️ {gallery_replies.NO_PUBLIC_URL}")


async def test_plans_are_looked_after(bot: object, ada: MemberClient, ben: MemberClient) -> None:
    """Made, changed, given to a role and to everyone else, and removed, each by a form or a select."""
    panel = await page_of(ada, SettingsPage.LIMITS, plan_command_replies.NO_PLANS)
    await fill_in(ada, panel, limits.PLAN_VERB, name="Gold", per_day="30m", trainings="3", speeds=["fast"])
    made = "**Gold**: 30 min of GPU time a day, 40 unfinished jobs, 3 trainings a month, `--fast`"
    panel = await ada.changed(panel, lambda item: made in text_of(item))
    await fill_in(ada, panel, limits.PLAN_VERB, name="GOLD", per_month="90m")
    changed = made.replace(" a day", " a day, 90 min of GPU time a month")
    panel = await ada.changed(panel, lambda item: changed in text_of(item))
    await fill_in(ada, panel, limits.ROLE_VERB, role=[str(GUILD_ID)], plan=["Gold"])
    panel = await ada.changed(panel, lambda item: "**Gold** (@everyone): " in text_of(item))
    assert "`--turbo` is not in your plan, **Gold**" in await ask(ben, "imagine", prompt="a cat --turbo")
    panel = await press(ada, panel, limits.DEFAULT_VERB, "Gold", shows="**Gold** (@everyone, the default): ")
    await fill_in(ada, panel, limits.REMOVE_VERB, plan=["Gold"])
    await ada.changed(panel, lambda item: str(plan_command_replies.NO_PLANS) in text_of(item))
    assert len((await ask(ada, "server", "changes")).splitlines()) == 5


async def test_the_numbers_of_jobs_in_a_plan_are_set(bot: object, ada: MemberClient, ben: MemberClient) -> None:
    """As by `/plan set`: what is left empty stays, 0 ends a limit, and others than these numbers are refused."""
    await ask(ada, "plan", "set", plan="Gold")
    await ask(ada, "plan", "default", plan="Gold")
    panel = await page_of(ada, SettingsPage.LIMITS, "**Gold**")
    await fill_in(ada, panel, limits.JOBS_VERB, plan=["Gold"], queue="5", at_once="2", repeat="3", sets="4")
    said = ", 2 jobs at once, 5 unfinished jobs, `--repeat` up to 3, 4 prompts by sets"
    panel = await ada.changed(panel, lambda item: said in text_of(item))
    assert "allows `--repeat` up to 3" in await ask(ben, "imagine", prompt="a cat --repeat 4")
    await fill_in(ada, panel, limits.JOBS_VERB, plan=["Gold"], at_once="0", sets="1")
    said = "limit, 5 unfinished jobs, `--repeat` up to 3, 1 prompt by sets"
    panel = await ada.changed(panel, lambda item: said in text_of(item))
    await fill_in(ada, panel, limits.JOBS_VERB, plan=["Gold"], queue="201", at_once="1", repeat="-1", sets="ten")
    refused = plan_command_replies.numbers_refused(["queue", "repeat", "sets"])
    panel = await ada.changed(panel, lambda item: refused in text_of(item) and said in text_of(item))
    newest, *_ = (await ask(ada, "server", "changes")).splitlines()
    assert "from Gold (2 at once, 5 unfinished, 3 repeat, 4 sets, " in newest
    assert newest.endswith(" to Gold (5 unfinished, 3 repeat, 1 sets, fast, relax)")


async def test_a_form_about_a_plan_that_is_gone_makes_none(bot: object, ada: MemberClient) -> None:
    """What was opened before says so when it is sent, and a button that is left has no form to open any more."""
    await ask(ada, "plan", "set", plan="Gold")
    panel = await page_of(ada, SettingsPage.LIMITS, "**Gold**")
    form = await ada.modal(await ada.press(panel, control(limits.JOBS_VERB)))
    await ask(ada, "plan", "remove", plan="Gold")
    refused = await ada.reply(await ada.submit(form, plan=["Gold"], at_once="2"))
    assert text_of(refused).startswith("This server has no plan called Gold")
    await ada.press(panel, control(limits.REMOVE_VERB))
    panel = await ada.changed(panel, lambda item: str(plan_command_replies.NO_PLANS) in text_of(item))
    assert control(limits.JOBS_VERB) not in str(panel["components"])


async def test_what_is_safe_is_set_up(bot: object, ada: MemberClient, ben: MemberClient) -> None:
    """Unsafe pictures, forbidden words, and the moderators' channel, which the bot must be able to use."""
    panel = await page_of(ada, SettingsPage.SAFETY, safety_replies.ANY_WORDS)
    panel = await press(ada, panel, safety.ELSEWHERE_VERB, "spoiler", shows="other channels: **Behind a spoiler**")
    panel = await press(ada, panel, safety.RESTRICTED_VERB, "show", shows="restricted by age: **Like any other**")
    panel = await press(ada, panel, safety.STRICTNESS_VERB, "strict", shows="unsafe: **Strict**")
    form = await ada.modal(await ada.press(panel, control(safety.FORBID_VERB)))
    await ada.submit(form, words="gore*, car crash\nblood")
    panel = await ada.changed(panel, lambda item: "`gore*`, `car crash`, `blood`" in text_of(item))
    assert "does not allow" in await ask(ben, "imagine", prompt="a car crash")
    form = await ada.modal(await ada.press(panel, control(safety.FORBID_VERB)))
    await ada.submit(form, words="a*")
    panel = await ada.changed(panel, lambda item: '⚠️ "a*" would match too many words' in text_of(item))
    form = await ada.modal(await ada.press(panel, control(safety.ALLOW_VERB)))
    await ada.submit(form, words="BLOOD")
    panel = await ada.changed(panel, lambda item: "`gore*`, `car crash`." in text_of(item))
    studio = ada.channels["studio"]
    panel = await press(ada, panel, safety.MODERATORS_VERB, studio, shows=f"Reports are posted in <#{studio}>")
    await ada.message(lambda item: item["content"] == str(moderation_replies.GREETING))
    await ada.press(panel, control(safety.MODERATORS_VERB), [])
    await ada.changed(panel, lambda item: str(moderation_replies.CLEARED) in text_of(item))
    assert len((await ask(ada, "server", "changes")).splitlines()) == 7


async def test_what_was_open_changes_nothing_for_who_may_manage_no_more(
    bot: object, sandbox: Sandbox, ada: MemberClient
) -> None:
    """Neither a press in the panel nor a form that was opened before."""
    await ask(ada, "plan", "set", plan="Gold")
    panel = await page_of(ada, SettingsPage.LIMITS, "**Gold**")
    form = await ada.modal(await ada.press(panel, control(limits.REMOVE_VERB)))
    guild = sandbox.world.guilds[GUILD_ID]
    ordinary = tuple(replace(member, administrator=False) for member in guild.members)
    sandbox.world.guilds[GUILD_ID] = replace(guild, members=ordinary)
    refused = str(guild_change_replies.MANAGERS_ONLY)
    for sent in (
        await ada.submit(form, plan=["Gold"]),
        await ada.press(panel, control(limits.PLAN_VERB)),
        await ada.press(panel, control(limits.DEFAULT_VERB), ["Gold"]),
        await ada.press(panel, control(SettingsPage.GALLERY)),
    ):
        assert text_of(await ada.reply(sent)) == refused
