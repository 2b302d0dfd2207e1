"""Every sentence about the safety of a server that its managers and members read in Discord."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.store.guilds.changes import GuildChange
from engine.safety.words import MAX_RULE_LENGTH, MAX_RULES, MIN_START, RuleFault, RuleRefused

SAFETY_HELP = "What may be asked for in this server"
WORDS_HELP = "Words that prompts in this server may not have"
ADD_HELP = "Add words that prompts may not have"
REMOVE_HELP = "Allow a word again"
LIST_HELP = "The words that prompts may not have"
TEST_HELP = "See whether a prompt would be refused, and for which word"
RULES_HELP = "Words or phrases, separated by commas; gor* is every word that starts with gor"
RULE_HELP = "The word or phrase, as it stands in the list"
PROMPT_HELP = "The prompt to try; nothing is painted"

MANAGERS_ONLY = "Only members who may manage this server can change what may be asked for in it."
NO_RULES = "Prompts in this server may have any words. `/safety words add` forbids some."
NOTHING_TO_ADD = "Write at least one word to forbid."
NOTHING_ADDED = "Those words are forbidden already, so nothing has changed."
NOT_FORBIDDEN = "That word is not forbidden, so nothing has changed. `/safety words list` shows those that are."

_MAX_LISTED = 1500

_FAULTS: Mapping[RuleFault, str] = {
    RuleFault.NO_WORD: "has no letters or digits, so that it is no word",
    RuleFault.TOO_LONG: f"is longer than {MAX_RULE_LENGTH} characters",
    RuleFault.SHORT_START: f"would match too many words: write at least {MIN_START} letters before the *",
    RuleFault.STAR_INSIDE: "has a * inside: it can stand only at the end",
    RuleFault.TOO_MANY: f"is one too many: a server can forbid {MAX_RULES} words, so remove some first",
}


def word_refused(rule: str) -> str:
    """Return that a prompt has a forbidden word."""
    return f'This server does not allow "{rule}" in prompts. Change the prompt and try again.'


def rule_refused(error: RuleRefused) -> str:
    """Return why a text is no rule."""
    return f'"{_shown(error.text)}" {_FAULTS[error.fault]}. Nothing has changed.'


def changed(change: GuildChange) -> str:
    """Return what was changed just now."""
    if change.added:
        return f"Prompts in this server may no longer have {listed(change.added)}."
    return f"Prompts in this server may have {listed(change.removed)} again."


def rules(texts: Sequence[str]) -> str:
    """Return the list of rules, as far as a message takes it."""
    return f"Prompts in this server may not have {listed(texts)}."


def rules_in_file(number: int) -> str:
    """Return that the list is in the file beside it."""
    return f"Prompts in this server may not have {number} words and phrases, which are in this file."


def allowed() -> str:
    """Return that a prompt that was tried is allowed."""
    return "This prompt is allowed."


def would_be_refused(rule: str) -> str:
    """Return that a prompt that was tried is not allowed."""
    return f"This prompt would be refused, because of `{rule}`."


def listed(texts: Sequence[str]) -> str:
    """Return the texts, as far as a message takes them."""
    shown, length = list[str](), 0
    for text in texts:
        length += len(text) + 4
        if length > _MAX_LISTED:
            return ", ".join(shown) + f" and {len(texts) - len(shown)} more"
        shown.append(f"`{text}`")
    return ", ".join(shown)


def _shown(text: str) -> str:
    return text if len(text) <= MAX_RULE_LENGTH else text[:MAX_RULE_LENGTH] + "..."
