"""Picture links among the words."""

from __future__ import annotations

import pytest

from engine.prompt import PromptErrors, format_errors, parse
from engine.prompt.grammar.image_urls import is_picture_address

PNG, JPG = "https://a.org/a.png", "https://b.org/b.jpg"
NAME = "picture:0123456789abcdef"


@pytest.mark.parametrize(
    "address",
    [
        "https://a.org/a.png",
        "http://a.org/a.PNG",
        "https://a.org/a.jpeg",
        "https://a.org/b/c.webp",
        "https://a.org/a.gif",
        "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3&",
        "https://a.org:8080/a.png",
        "https://a.org/a.png#x",
        "https://a.org/鳥.png",
        NAME,
    ],
)
def test_picture_addresses(address: str) -> None:
    """Links with a picture's extension are accepted as they are."""
    assert is_picture_address(address)
    result = parse(f"{address} a cat")
    assert not isinstance(result, PromptErrors)
    assert [image.url for image in result[0].images] == [address]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("https://a.org/a", "not a picture link"),
        ("https://a.org/a.bmp", "not a picture link"),
        ("https://a.org", "not a picture link"),
        ("https://.png", "not a picture link"),
        ("https://s.mj.run/AbC", "not a picture link"),
        ("ftp://a.org/a.png", "must start with http"),
        ("file:///etc/a.png", "must start with http"),
        ("https://[::1]/a.png", "Links with a number in brackets as address"),
        ("http://[2001:db8::7]:80/a.png::2", "Links with a number in brackets as address"),
        ("http://[::", "not a picture link"),
        ("https://a.org/a.png\\", "not a picture link"),
        ("blob:https://a.org/1", "works only in your own browser"),
    ],
)
def test_other_addresses_are_errors(address: str, says: str) -> None:
    """A link that is not a picture is underlined."""
    assert not is_picture_address(address)
    result = parse(f"a cat {address}")
    assert isinstance(result, PromptErrors) and says in format_errors(result)
    assert result.errors[0].start == 6


@pytest.mark.parametrize(
    ("text", "images", "words"),
    [
        (f"{PNG} cat", [(PNG, 1)], ["cat"]),
        (f"cat {PNG}", [(PNG, 1)], ["cat"]),
        (f"red {PNG}::2 ball", [(PNG, 2)], ["red ball"]),
        (f"{PNG}::.5 {JPG}::4 cat", [(PNG, 0.5), (JPG, 4)], ["cat"]),
        (f"{PNG}:: cat", [(PNG, 1)], ["cat"]),
        (f"{PNG}::cat", [(PNG, 1)], ["cat"]),
        (f"{PNG}, cat", [(PNG, 1)], ["cat"]),
        (f"<{PNG}> cat", [(PNG, 1)], ["cat"]),
        (f"<{PNG}>::3 cat", [(PNG, 3)], ["cat"]),
        (f"cat:: {PNG} dog", [(PNG, 1)], ["cat", "dog"]),
        (f"cat::{PNG} dog", [(PNG, 1)], ["cat", "dog"]),
        (f"{PNG} {PNG}", [(PNG, 1), (PNG, 1)], []),
        (f"{PNG} {{cat, dog}}", [(PNG, 1)], ["cat"]),
        (f"{{{PNG}, {JPG}}} cat", [(PNG, 1)], ["cat"]),
        (f"red {NAME}::2 ball", [(NAME, 2)], ["red ball"]),
        (f"{NAME}, cat {PNG}", [(NAME, 1), (PNG, 1)], ["cat"]),
        (r"picture\:0123456789abcdef is a word", [], ["picture:0123456789abcdef is a word"]),
        ("a picture: 0123, picture:0123", [], ["a picture: 0123, picture:0123"]),
        (r"https\://a.org is a place", [], ["https://a.org is a place"]),
        (r"(see:https\://a.org)", [], ["(see:https://a.org)"]),
        ("an http server, profile: none", [], ["an http server, profile: none"]),
    ],
)
def test_pictures_and_words(text: str, images: list[tuple[str, float]], words: list[str]) -> None:
    """Links are extracted with their weights, wherever they are."""
    result = parse(text)
    assert not isinstance(result, PromptErrors), format_errors(result)
    assert [(image.url, image.weight) for image in result[0].images] == images
    assert [part.text for part in result[0].parts] == words
    assert parse(result[0].prompt) == (result[0],)


def test_an_address_in_brackets_is_an_error() -> None:
    """A link without a space before it would become words, so it is an error."""
    result = parse("a cat (https://a.org/a.png)")
    assert isinstance(result, PromptErrors)
    assert result.errors[0].start == 7 and "no space before this link" in str(result.errors[0].message)


@pytest.mark.parametrize("weight", ["0", "-1", "10001"])
def test_weights_of_pictures_are_positive(weight: str) -> None:
    """An invalid weight is underlined."""
    result = parse(f"{PNG}::{weight} cat")
    assert isinstance(result, PromptErrors)
    (error,) = result.errors
    assert error.source.text[error.start : error.end] == weight and "weight of a picture" in str(error.message)


def test_pictures_that_come_with_a_prompt_stand_before_its_words() -> None:
    """In every job of it; what is wrong with one is said of its option."""
    given = {"image": NAME, "image2": PNG}
    result = parse("a {red, blue} cat --iw 2", pictures=given)
    assert not isinstance(result, PromptErrors), format_errors(result)
    assert [spec.prompt for spec in result] == [f"{NAME} {PNG} a {hue} cat --iw 2" for hue in ("red", "blue")]
    result = parse(" ", pictures={"image": NAME})
    assert isinstance(result, PromptErrors)
    assert format_errors(result).startswith(f"In the option image:\n{NAME}\n^^^^^^^")
    assert "One picture is not enough." in format_errors(result)
