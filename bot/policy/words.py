"""Whether the words of prompts are allowed where they were written."""

from __future__ import annotations

from collections.abc import Iterable

from engine.contract.errors import RequestError
from engine.contract.jobs import JobSpec
from engine.safety.words import WordRules


class WordForbidden(RequestError):
    """The guild does not allow a word of the prompt: the fact `rule` is what it forbids."""


def check_words(rules: WordRules, specs: Iterable[JobSpec]) -> None:
    """Check that no prompt asks for what a rule forbids; what a picture must not show may be named.

    Raises: WordForbidden.
    """
    for spec in specs:
        for part in spec.parts:
            rule = rules.find(part.text) if part.weight > 0 else None
            if rule is not None:
                raise WordForbidden(rule=rule.text)
