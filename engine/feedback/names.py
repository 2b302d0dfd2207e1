"""Whether a text may name a person, told by capitals, because no list has all names.

Found are two capitalised words in a row or more, and one after a word such as "Mr" or "named". Not found are names in
small letters or in capitals throughout, single ones without such a word, and those in scripts without capitals. Other
things of two capitalised words are taken for names, too, such as most places and titles: what is lost by that can be
published later, what was published cannot be taken back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*\.?")
_ARTICLES = frozenset({"a", "an", "and", "the", "in", "on", "at", "of", "by", "with", "from", "my", "our", "this"})
_WITHIN = frozenset(
    [
        "al",
        "bin",
        "da",
        "de",
        "del",
        "della",
        "den",
        "der",
        "di",
        "du",
        "el",
        "ibn",
        "la",
        "le",
        "ten",
        "ter",
        "van",
        "von",
        "zu",
    ]
)
_BEFORE = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "dr",
        "prof",
        "professor",
        "sir",
        "dame",
        "lord",
        "lady",
        "saint",
        "st",
        "king",
        "queen",
        "prince",
        "princess",
        "president",
        "chancellor",
        "senator",
        "captain",
        "named",
        "called",
        "friend",
        "wife",
        "husband",
        "son",
        "daughter",
        "brother",
        "sister",
        "mother",
        "father",
        "mum",
        "mom",
        "dad",
        "uncle",
        "aunt",
        "grandma",
        "grandpa",
        "boss",
        "colleague",
        "neighbour",
        "neighbor",
        "teacher",
        "girlfriend",
        "boyfriend",
    ]
)
# Of what prompts are full of.
_NO_NAMES = frozenset(
    {
        "art deco", "art nouveau", "best quality", "blender render", "concept art", "digital art", "eiffel tower",
        "grand canyon", "high quality", "hong kong", "las vegas", "los angeles", "middle ages", "milky way",
        "mount fuji", "new orleans", "new york", "new york city", "new zealand", "northern lights", "octane render",
        "oil painting", "pixel art", "san francisco", "santa claus", "south america", "star trek", "star wars",
        "studio ghibli", "times square", "ukiyo-e", "ultra hd", "united states", "unreal engine",
    }
)  # fmt: skip


def may_name(text: str) -> bool:
    """Return whether the text has a person's name in it, as far as it is written like one."""
    return any(len(run) > 1 and " ".join(run).lower() not in _NO_NAMES for run in _capitalised(text))


def _capitalised(text: str) -> Iterator[list[str]]:
    """Yield capitalised words that follow each other, with a word such as "Mr" before them."""
    run, last_end, before = list[str](), 0, ""
    for match in _WORD.finditer(text):
        word = match[0].rstrip(".")
        is_next = not text[last_end : match.start()].strip()
        if not is_next or (before.endswith(".") and not _is_short(before)):
            yield run
            run, before = [], ""
        if _is_capitalised(word, match[0]) and word.lower() not in _ARTICLES:
            run += [before] if not run and before.rstrip(".").lower() in _BEFORE else []
            run.append(word)
        elif not (run and word in _WITHIN):
            yield run
            run = []
        last_end, before = match.end(), match[0]
    yield run


def _is_capitalised(word: str, written: str) -> bool:
    """Return whether it is an initial with its point, or begins with a capital and goes on in small letters."""
    if len(word) == 1:
        return word.isupper() and written.endswith(".")
    return word[0].isupper() and any(letter.islower() for letter in word)


def _is_short(written: str) -> bool:
    """Return whether the point belongs to the word: of an initial or of an abbreviation such as "Mr."."""
    return len(written) == 2 or written[:-1].lower() in _BEFORE
