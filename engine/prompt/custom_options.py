"""Checks a member's custom options and suffix when they are set, so that prompts do not fail later."""

from __future__ import annotations

import re
from collections.abc import Collection

from engine.prompt.errors import Origin, PromptError, PromptErrors, PromptSource, quoted, quoted_list
from engine.prompt.grammar.suggest import closest_name
from engine.prompt.limits import Limits, PromptDefaults
from engine.prompt.option_names import option_source_name
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


def check_style(style: str, known: Collection[str]) -> PromptErrors | None:
    """Return the error of the command's option `style`, or None if it is one of those that are known.

    style, known: names of custom options, without dashes.
    """
    if style in known:
        return None
    near = closest_name(style, known)
    there_are = f"Available: {quoted_list(sorted(known))}." if known else "Leave it out."
    error = PromptError(
        source=PromptSource(name=option_source_name("style"), text=style, origin=Origin.COMMAND),
        start=0,
        end=len(style),
        message=f"Unknown style {quoted(style)}.",
        suggestion=f"Did you mean {near}?" if near else there_are,
    )
    return PromptErrors(errors=(error,))


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
