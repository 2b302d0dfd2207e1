"""Checks a member's custom options and suffix when they are set, so that prompts do not fail later."""

from __future__ import annotations

import re

from engine.prompt.errors import Origin, PromptError, PromptErrors, PromptSource
from engine.prompt.limits import Limits, PromptDefaults
from engine.prompt.parameters import BY_SPELLING
from engine.prompt.parser import DEFAULT_LIMITS, parse

_NAME = re.compile(r"[^\W\d_][\w-]{0,31}")


def check_option(name: str, value: str, limits: Limits = DEFAULT_LIMITS) -> PromptErrors | None:
    """Return the errors in a custom option, or None if it is valid.

    name: without dashes. value: words, parameters or both; errors point into it.
    """
    if name in BY_SPELLING or not _NAME.fullmatch(name):
        return PromptErrors(errors=(_name_error(name),))
    result = parse(f"picture --{name}", PromptDefaults(options={name: value}), limits)
    return _only(result, Origin.OPTION)


def check_suffix(suffix: str, limits: Limits = DEFAULT_LIMITS) -> PromptErrors | None:
    """Return the errors in a suffix, or None if it is valid; an empty suffix is valid."""
    return _only(parse("picture", PromptDefaults(suffix=suffix), limits), Origin.SUFFIX)


def _name_error(name: str) -> PromptError:
    source = PromptSource(name="the name", text=name, origin=Origin.COMMAND)
    message = "A name starts with a letter, followed by up to 31 letters, digits, _ or -."
    suggestion = "Choose another name."
    if name in BY_SPELLING:
        message = f"--{name} is already a parameter."
    return PromptError(source=source, start=0, end=len(name), message=message, suggestion=suggestion)


def _only(result: object, origin: Origin) -> PromptErrors | None:
    if not isinstance(result, PromptErrors):
        return None
    kept = tuple(error for error in result.errors if error.source.origin is origin)
    return PromptErrors(errors=kept) if kept else None
