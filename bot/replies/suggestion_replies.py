"""Every sentence that members read with suggested prompts: for a picture, and shorter ones for a prompt."""

from __future__ import annotations

from bot.cards import escaped, length, shown_prompt
from bot.language import Phrase, _
from engine.contract.suggestions import Suggestions, WeighedWord

DESCRIBE_LABEL = Phrase("Describe")
DESCRIBE_HELP = Phrase("Get four prompts for a picture")
DESCRIBED_HELP = Phrase("The picture")
SHORTEN_HELP = Phrase("See which words of a prompt matter, and get shorter ones")
SHORTENED_HELP = Phrase("The prompt, with its parameters")

NO_OWN_WORDS = Phrase("--between is for /imagine: it has the words of two results and none of its own. Leave it out.")

_STRONG, _WEAK = 0.6, 0.4
_LONGEST_WORDS, _LONGEST_PROMPT = 700, 150


def suggestions_text(suggestions: Suggestions) -> str:
    """Return the suggested prompts as a numbered list, under the words of a prompt: **strong** and ~~weak~~ ones."""
    prompts = [
        f"{number}. {shown_prompt(prompt, _LONGEST_PROMPT)}" for number, prompt in enumerate(suggestions.prompts, 1)
    ]
    shorter = _("Shorter:") if prompts else _("It cannot be shorter.")
    words = [_marked(suggestions.words), shorter] if suggestions.words else []
    return "\n".join([*words, *prompts])


def _marked(words: tuple[WeighedWord, ...]) -> str:
    told: list[str] = []
    told_length = 0
    for word in words:
        sign = "**" if word.weight >= _STRONG else "~~" if word.weight < _WEAK else ""
        marked = f"{sign}{escaped(word.text)}{sign}"
        told_length += length(marked) + 1
        if told_length > _LONGEST_WORDS:
            return " ".join([*told, "…"])
        told.append(marked)
    return " ".join(told)
