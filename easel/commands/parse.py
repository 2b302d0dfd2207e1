"""Prompts as an operator gives them; `easel parse` does not ask what a model can do with one."""

from __future__ import annotations

import json
from collections import Counter

from engine.contract.errors import PromptRefused
from engine.contract.jobs import JobSpec
from engine.prompt import Limits, PromptErrors, format_errors, json_from_specs, parse

USUAL_LIMITS = Limits()


def specs_from_prompt(prompt: str, limits: Limits = USUAL_LIMITS) -> tuple[JobSpec, ...]:
    """Return the specs that the prompt asks for, of a service that allows what `limits` say.

    Raises: PromptRefused with every fault of it, a caret under each.
    """
    parsed = parse(prompt, limits=limits)
    if isinstance(parsed, PromptErrors):
        raise PromptRefused(message=format_errors(parsed))
    return parsed


def json_from_prompt(prompt: str) -> str:
    """Return the specs of the prompt as a JSON array; those that are asked for several times have their `count`.

    Raises: PromptRefused with every fault of it, a caret under each.
    """
    counts = Counter(json.dumps(spec) for spec in json_from_specs(specs_from_prompt(prompt)))
    specs = [json.loads(text) | ({"count": count} if count > 1 else {}) for text, count in counts.items()]
    return json.dumps(specs, ensure_ascii=False, indent=2)
