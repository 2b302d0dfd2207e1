"""Prompts that may name a person, as far as capitals tell."""

from __future__ import annotations

import pytest

from engine.feedback.names import may_name


@pytest.mark.parametrize(
    "text",
    [
        "a portrait of Anna Schmidt in the rain",
        "Taylor Swift on a stage",
        "a cat, by Greg Rutkowski, 8k",
        "in the style of Vincent van Gogh",
        "J. R. R. Tolkien smoking a pipe",
        "J.K. Rowling reading",
        "Leonardo da Vinci as a robot",
        "Jean-Luc Picard drinking tea",
        "Conan O'Brien",
        "Åsa Öberg dancing",
        "Пётр Иванов на коне",
        "a knight with the face of Mr. Smith",
        "my friend Anna at the beach",
        "a dog named Rex",
        "king Charles waving",
    ],
)
def test_names_are_found(text: str) -> None:
    assert may_name(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a red circle on a blue background",
        "Red circle. Blue square. Green star",
        "A fox in The Snow",
        "In the forest, Autumn, 8K, HDR, UHD",
        "a street in New York, Unreal Engine, Studio Ghibli",
        "the Statue of Liberty",
        "a poster with the words HELLO WORLD",
        "Oil painting, Masterpiece",
        "a map of Paris and London",
        "1girl, (masterpiece:1.3), [blurry]",
        "猫が月を見ている",
        # What is not found, and the documentation says so.
        "taylor swift on a stage",
        "TAYLOR SWIFT",
        "Madonna on a stage",
    ],
)
def test_other_texts_are_published(text: str) -> None:
    assert not may_name(text)
