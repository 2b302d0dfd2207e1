"""`/help` tells what is there: this service's parameters, the buttons of its cards, its models and its commands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.buttons import BUTTONS
from bot.cards import job_card, picture_card
from bot.replies import help_replies
from engine.contract.jobs import JobStatus
from engine.models.prompt_limits import read_limits
from engine.models.registry.registry import SHIPPED
from engine.prompt import Limits
from engine.prompt.limits import ModelCapabilities
from sandbox.chat.test_client import MemberClient, RequestRefused
from tests.bot.reading import text_of
from tests.bot.test_cards import job_of


async def explained(member: MemberClient, **options: str) -> str:
    """Return the answer to `/help`."""
    return text_of(await member.reply(await member.command("help", **options)))


async def test_every_topic_is_explained_in_one_message(bot: object, ben: MemberClient) -> None:
    """Each in words of its own, that Discord takes."""
    texts = [await explained(ben, about=str(topic)) for topic in help_replies.TOPICS]
    assert len(set(texts)) == len(texts) and all(len(text) <= 2000 for text in texts)
    assert await explained(ben) == texts[0]
    with pytest.raises(RequestRefused):
        await explained(ben, about="nonsense")


async def test_a_parameter_is_offered_and_explained(bot: object, ben: MemberClient) -> None:
    """Also one that does not exist: the nearest one is told."""
    choices = await ben.autocomplete("help", "parameter", "--se")
    assert "seed" in [choice["value"] for choice in choices]
    assert "Seed of the noise" in await explained(ben, parameter="--seed")
    assert "Did you mean --chaos?" in await explained(ben, parameter="--choas")


async def test_commands_are_those_that_the_member_may_use(bot: object, ada: MemberClient, ben: MemberClient) -> None:
    """The commands of those who manage the server are told to them alone."""
    theirs, ours = await explained(ada, about="commands"), await explained(ben, about="commands")
    assert "`/imagine`" in ours and "`/safety`" in theirs and "`/safety`" not in ours


async def test_the_starter_and_its_subjects_are_told() -> None:
    limits = await read_limits(SHIPPED, None)
    assert "simple shapes" in help_replies.start_text(limits)
    assert "circle" in help_replies.models_text(limits) and "the default" in help_replies.models_text(limits)


def test_only_parameters_that_some_model_here_can_do_are_listed() -> None:
    plain = ModelCapabilities(name="plain", abilities=frozenset())
    text = help_replies.prompts_text(Limits(models=(plain,), default_model="plain"))
    able = replace(plain, abilities=frozenset({"tile"}))
    assert "`--seed`" in text and "`--tile`" not in text
    assert "`--tile`" in help_replies.prompts_text(Limits(models=(able,), default_model="plain"))


def test_long_lists_say_what_they_leave_out() -> None:
    models = tuple(ModelCapabilities(name=f"model-{number}" * 5) for number in range(200))
    text = help_replies.models_text(Limits(models=models))
    assert len(text) <= 2000 and text.splitlines()[-1].endswith("more")


def test_every_button_of_the_cards_is_explained() -> None:
    """By its label or its emoji; those with numbers by the first and the last."""
    waiting, done = job_of(), job_of("a red circle --ar 3:2", status=JobStatus.FINISHED)
    cards = [job_card(waiting, 1, BUTTONS), job_card(done, 1, BUTTONS), picture_card(done, 1, 0, BUTTONS)]
    faces = [face for card in cards for row in card.rows for face in row]
    shown = {face.label or face.emoji for face in faces} - {"U2", "U3", "V2", "V3"}
    told = str(help_replies.BUTTONS).replace("*", "")
    assert len(shown) > 20 and not {label for label in shown if label and label not in told}
