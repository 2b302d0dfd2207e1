"""Sentences in the language of whoever reads them."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp.test_utils import make_mocked_request

from bot.language import language, language_from_locale, listed, number, percentage, plural, speaking, spoken_in
from bot.pages.spoken import language_of
from bot.parameter_help import parameter_text
from bot.policy.restrictions import GuildRestriction, RestrictionKind
from bot.replies.ban_replies import restricted
from engine.prompt import PARAMETERS, Parameter


@pytest.mark.parametrize(
    ("locale", "wanted"),
    [("de", "de"), ("en-US", "en"), ("en-GB", "en"), ("fr", "en"), ("zh-CN", "en"), ("", "en"), (None, "en")],
)
def test_a_language_that_easel_does_not_speak_is_english(locale: str | None, wanted: str) -> None:
    """Discord's locales name a language and often a country."""
    assert language_from_locale(locale) == wanted


def test_a_reply_is_in_the_language_of_now() -> None:
    """Afterwards the language is the one from before."""
    restriction = GuildRestriction(kind=RestrictionKind.BAN, until=None, reason="spam")
    with speaking("de"):
        assert restricted(restriction).endswith("Grund: spam")
    assert restricted(restriction).endswith("Reason: spam")


def test_numbers_and_lists_are_written_as_in_the_language() -> None:
    """German has the point and the comma the other way round, a space before the percent, and no comma before "und"."""
    with speaking("de"):
        assert (number(1234.5, digits=1), percentage(0.456), listed(["A", "B", "C"])) == (
            "1.234,5",
            "46\N{NO-BREAK SPACE}%",
            "A, B und C",
        )
    assert (number(1234.5, digits=1), percentage(0.456)) == ("1,234.5", "46%")


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", ("0 pictures", "1 picture", "2 pictures", "1,000 pictures")),
        ("de", ("0 Bilder", "1 Bild", "2 Bilder", "1.000 Bilder")),
    ],
)
def test_nothing_one_and_several_have_the_form_of_the_language(language: str, forms: tuple[str, ...]) -> None:
    with speaking(language):
        assert tuple(plural(count, "{n} picture", "{n} pictures") for count in (0, 1, 2, 1000)) == forms


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr-FR,fr;q=0.9,de;q=0.4,en;q=0.3", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("ja", "en"),
        ("*", "en"),
        ("de;q=1.1.1,;;,=", "en"),
        ("de;q=.", "en"),
        ("de;q=..,de-AT;q=0.5", "de"),
        ("", "en"),
    ],
)
def test_a_page_is_in_the_language_that_the_browser_likes_most(asked: str, wanted: str) -> None:
    """Of those that Easel speaks."""
    request = make_mocked_request("GET", "/", headers={"Accept-Language": asked})
    assert language_of(request) == wanted


async def test_work_that_shares_a_task_keeps_its_language() -> None:
    """As presses do whose statements are run together."""
    said = []

    async def work() -> None:
        for _turn in range(2):
            said.append(language())
            await asyncio.sleep(0)

    async def pressed(language: str) -> None:
        await spoken_in(language, work())

    steps = [pressed(one) for one in ("de", "en")]
    for _turn in range(2):
        for step in steps:
            step.send(None)
    for step in steps:
        with pytest.raises(StopIteration):
            step.send(None)
    assert said == ["de", "en", "de", "en"] and language() == "en"


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
def test_help_on_a_parameter_is_in_german(row: Parameter) -> None:
    """Line by line; what is typed stays as it is."""
    english = parameter_text(row.name).split("\n")
    with speaking("de"):
        german = parameter_text(row.name).split("\n")
    assert len(german) == len(english) and german[0] == english[0]
    assert not [line for line in german[1:] if line in english]
    assert row.example in german[-1]


def test_an_unknown_parameter_is_answered_with_what_to_do() -> None:
    """With the one that may be meant, or where all are listed."""
    assert parameter_text("--stlye") == "There is no parameter --stlye. Did you mean --style?"
    assert (
        parameter_text("qqqqqq") == "There is no parameter --qqqqqq. /help about: prompts lists those that there are."
    )
    with speaking("de"):
        assert parameter_text("--stlye") == "Es gibt keinen Parameter --stlye. Meintest du --style?"
