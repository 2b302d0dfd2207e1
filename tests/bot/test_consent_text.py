"""The text of consent is what members were told that it is, for each version."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bot.consent_text import CONSENT_TEXT, CONSENT_VERSION

# A version that members have agreed to never changes: a new text is a new line.
WORDS = {1: "09ca7f2adff1a748", 2: "eaf736e66f829556"}


def test_a_version_stands_for_its_words() -> None:
    digest = hashlib.sha256(CONSENT_TEXT.text.encode()).hexdigest()[:16]
    assert WORDS[CONSENT_VERSION] == digest, "whoever changes the text raises its version and adds it here"
    assert max(WORDS) == CONSENT_VERSION
    assert len(CONSENT_TEXT.text) <= 1900


def test_the_documentation_has_it_word_for_word() -> None:
    page = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text()
    quoted = "\n".join(line.removeprefix(">").removeprefix(" ") for line in page.splitlines() if line.startswith(">"))
    assert quoted == CONSENT_TEXT.text
    assert f"This is version {CONSENT_VERSION}," in page
