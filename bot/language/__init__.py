"""What members read, in their language: the sentences in the source are English, `de.po` has the German ones.

A sentence is written where it is said, as a literal, with what changes in it as named fields:

    _("{title} is already here: {link}", title=..., link=...)
    plural(count, "{n} picture", "{n} pictures")
    said(error.message)                   # of the prompt language, which has codes with fields for what it says
    CANCELLED = Phrase("Cancelled.")      # of a module: said by str(CANCELLED) or CANCELLED.format(...)

Never put one together from pieces, from an f-string or inside one: other languages have another order, and nothing
finds it there. Descriptions of commands are phrases, given as `HELP.text`. `python -m bot.language` then adds what is
new to every catalog and drops what is gone; the tests fail until it has a translation. docs/language.md says more.

Replies to one member are in the language of their Discord, which `bot.answers` sets; what all may read is said within
`speaking(...)` in the language of the guild.
"""

from bot.language.catalogs import ENGLISH, LANGUAGES, language_from_locale, load_catalogs
from bot.language.numbers import listed, number, percentage
from bot.language.phrases import Phrase, _, language, plural, speak, speaking, spoken_in, translated
from bot.language.prompts import said

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "Phrase",
    "_",
    "language",
    "language_from_locale",
    "listed",
    "load_catalogs",
    "number",
    "percentage",
    "plural",
    "said",
    "speak",
    "speaking",
    "spoken_in",
    "translated",
]
