"""Anonymizing removes identifying text and nothing else, and renumbers members in every export."""

from __future__ import annotations

import io
import re
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from engine.contract.ids import new_id
from engine.contract.provenance import CREATOR_TOOL, PNG_KEY, PROVENANCE, PROVENANCE_TEXT
from engine.feedback.anonymize import anonymize, assign_member_numbers, strip_png_metadata

_NAMING = re.compile(r"\d{17,20}|@|https?://|cdn\.discord")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a red circle", "a red circle"),
        ("https://cdn.discordapp.com/attachments/1/2/a.png a cat --no dog", " a cat --no dog"),
        ("paint <@123456789012345678> as a king", "paint  as a king"),
        ("paint <@!1> in <#2> with <:smile:3>", "paint  in  with "),
        ("for bob@example.org and @bob", "for  and "),
        ("number 123456789012345678!", "number !"),
        ("(word:1.3) 1234 --seed 4294967295", "(word:1.3) 1234 --seed 4294967295"),
        ("see www.example.org/me", "see "),
        ("join discord.gg/abc now", "join  now"),
        ("see example.com or t.me/bob, and/or f/1.8.", "see  or  and/or f/1.8."),
    ],
)
def test_names_are_taken_out_of_texts(text: str, left: str) -> None:
    """URLs, mentions, handles and long numbers are removed; words, weights and seeds stay."""
    assert anonymize(text) == left


def test_the_hash_of_a_file_stays_whole() -> None:
    """Seventeen digits in a row are in one hash of some sixty, and recipes need all of them."""
    sha256 = "12345678901234567" + "ab" * 23 + "c"
    recipe = {"model_sha256": sha256, "lora_sha256": {"ink": sha256}}
    assert anonymize(recipe) == recipe
    assert anonymize(f"see {sha256}") == "see " + "ab" * 23 + "c"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.from_regex(_NAMING),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(_json)
def test_no_text_at_any_depth_names_anybody(value: Any) -> None:
    """At any depth, no identifying text is left and the structure stays the same."""

    def check(item: Any) -> None:
        if isinstance(item, str):
            assert _NAMING.search(item) is None
        for inner in item.values() if isinstance(item, dict) else item if isinstance(item, list) else ():
            check(inner)

    check(anonymize(value))
    assert anonymize(anonymize(value)) == anonymize(value)


def test_members_are_dealt_new_numbers() -> None:
    """Each member has a number from 0, and the next export uses other numbers."""
    members = [new_id() for _ in range(200)]
    first, second = (assign_member_numbers(members, secret) for secret in (b"one", b"two"))
    assert sorted(first.values()) == list(range(200))
    assert first != second


def test_picture_keeps_its_pixels_and_loses_its_texts() -> None:
    """The text chunk of a PNG is removed; its pixels are unchanged."""
    image = Image.new("RGB", (5, 4), (200, 10, 30))
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", "for @bob")
    texts.add_text("zipped", "for @bob", zip=True)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=texts)
    png = strip_png_metadata(buffer.getvalue())
    assert b"bob" not in png
    assert zlib.compress(b"for @bob") not in png
    with Image.open(io.BytesIO(png)) as bare:
        bare.load()
        assert bare.getpixel((2, 2)) == (200, 10, 30)
        assert bare.info == {}


def test_a_picture_keeps_what_says_that_a_model_made_it() -> None:
    """To the byte; any other XMP goes, as it may say who took a photograph."""
    image, texts = Image.new("RGB", (5, 4)), PngImagePlugin.PngInfo()
    texts.add_itxt(PNG_KEY, PROVENANCE_TEXT)
    texts.add_itxt(PNG_KEY, PROVENANCE_TEXT.replace(CREATOR_TOOL, "Bob"))
    texts.add_text("parameters", "for @bob")
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=texts)
    png = strip_png_metadata(buffer.getvalue())
    assert png.count(PROVENANCE) == png.count(b"iTXt") == 1 and b"bob" not in png.lower()


def test_other_data_is_unchanged() -> None:
    """Other bytes come back unchanged."""
    assert strip_png_metadata(b"GIF89a") == b"GIF89a"
