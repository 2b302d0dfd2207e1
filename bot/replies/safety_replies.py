"""Every sentence about the safety of a server that its managers and members read in Discord."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.language import Phrase, _, plural
from bot.store.guilds.changes import GuildChange
from engine.safety.words import MAX_RULE_LENGTH, MAX_RULES, MIN_START, RuleFault, RuleRefused

SAFETY_HELP = Phrase("What may be asked for in this server")
WORDS_HELP = Phrase("Words that prompts in this server may not have")
ADD_HELP = Phrase("Add words that prompts may not have")
REMOVE_HELP = Phrase("Allow a word again")
LIST_HELP = Phrase("The words that prompts may not have")
TEST_HELP = Phrase("See whether a prompt would be refused, and for which word")
RULES_HELP = Phrase("Words or phrases, separated by commas; gor* is every word that starts with gor")
RULE_HELP = Phrase("The word or phrase, as it stands in the list")
PROMPT_HELP = Phrase("The prompt to try; nothing is painted")

MANAGERS_ONLY = Phrase("Only members who may manage this server can change what may be asked for in it.")
NO_RULES = Phrase("Prompts in this server may have any words. `/safety words add` forbids some.")
NOTHING_TO_ADD = Phrase("Write at least one word to forbid.")
NOTHING_ADDED = Phrase("Those words are forbidden already, so nothing has changed.")
NOT_FORBIDDEN = Phrase("That word is not forbidden, so nothing has changed. `/safety words list` shows those that are.")

FORBID_LABEL, FORBID_TITLE = Phrase("Forbid words…"), Phrase("Forbid words")
ALLOW_LABEL, ALLOW_TITLE = Phrase("Allow words…"), Phrase("Allow words again")
WORDS_LABEL = Phrase("Words and phrases")
PICTURES_TITLE, WORDS_TITLE = Phrase("**Pictures.**"), Phrase("**Words.**")
ANY_WORDS = Phrase("Prompts in this server may have any words.")

_MAX_LISTED = 1500

_FAULTS: Mapping[RuleFault, Phrase] = {
    RuleFault.NO_WORD: Phrase('"{text}" has no letters or digits, so that it is no word. Nothing has changed.'),
    RuleFault.TOO_LONG: Phrase('"{text}" is longer than {max_length} characters. Nothing has changed.'),
    RuleFault.SHORT_START: Phrase(
        '"{text}" would match too many words: write at least {min_start} letters before the *. Nothing has changed.'
    ),
    RuleFault.STAR_INSIDE: Phrase('"{text}" has a * inside: it can stand only at the end. Nothing has changed.'),
    RuleFault.TOO_MANY: Phrase(
        '"{text}" is one too many: a server can forbid {max_rules} words, so remove some first. Nothing has changed.'
    ),
}
_LIMITS = {"max_length": MAX_RULE_LENGTH, "min_start": MIN_START, "max_rules": MAX_RULES}


def word_refused(rule: str) -> str:
    """Return that a prompt has a forbidden word."""
    return _('This server does not allow "{word}" in prompts. Change the prompt and try again.', word=rule)


def rule_refused(error: RuleRefused) -> str:
    """Return why a text is no rule."""
    return _FAULTS[error.fault].format(text=_shown(error.text), **_LIMITS)


def changed(change: GuildChange) -> str:
    """Return what was changed just now."""
    if change.added:
        return _("Prompts in this server may no longer have {words}.", words=listed(change.added))
    return _("Prompts in this server may have {words} again.", words=listed(change.removed))


def rules(texts: Sequence[str]) -> str:
    """Return the list of rules, as far as a message takes it."""
    return _("Prompts in this server may not have {words}.", words=listed(texts))


def rules_in_file(number: int) -> str:
    """Return that the list is in the file beside it."""
    return plural(
        number,
        "Prompts in this server may not have {n} word or phrase, which is in this file.",
        "Prompts in this server may not have {n} words and phrases, which are in this file.",
    )


def allowed() -> str:
    """Return that a prompt that was tried is allowed."""
    return _("This prompt is allowed.")


def would_be_refused(rule: str) -> str:
    """Return that a prompt that was tried is not allowed."""
    return _("This prompt would be refused, because of `{rule}`.", rule=rule)


def listed(texts: Sequence[str]) -> str:
    """Return the texts, as far as a message takes them."""
    shown, length = list[str](), 0
    for text in texts:
        length += len(text) + 4
        if length > _MAX_LISTED:
            return _("{words} and {number} more", words=", ".join(shown), number=len(texts) - len(shown))
        shown.append(f"`{text}`")
    return ", ".join(shown)


def _shown(text: str) -> str:
    return text if len(text) <= MAX_RULE_LENGTH else text[:MAX_RULE_LENGTH] + "..."
