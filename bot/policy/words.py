"""Whether the words of prompts are allowed where they were written."""

from __future__ import annotations

from engine.contract.errors import RequestError
from engine.contract.jobs import JobSpec
from engine.safety.words import WordRules


class WordForbidden(RequestError):
    """The guild does not allow a word of `prompt`: `rule` is what it forbids."""

    def __init__(self, *, rule: str, prompt: str) -> None:
        # The prompt is no fact: those are logged.
        super().__init__(rule=rule)
        self.rule, self.prompt = rule, prompt


def broken_rule(rules: WordRules, spec: JobSpec) -> str | None:
    """Return the first rule that forbids what is asked for, None if none does; what must not be shown may be named."""
    found = (rules.find(part.text) for part in spec.parts if part.weight > 0)
    return next((rule.text for rule in found if rule), None)
