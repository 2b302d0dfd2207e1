"""Checks a member's custom options and suffix when they are set, so that prompts do not fail later."""

from __future__ import annotations

import re
from collections.abc import Collection

from engine.prompt.errors import Origin, PromptError, PromptErrors, PromptSource, quoted, quoted_list
from engine.prompt.grammar.suggest import closest_name
from engine.prompt.limits import Limits, PromptDefaults
from engine.prompt.option_names import option_source
from engine.prompt.parameters import BY_SPELLING
from engine.prompt.parser import DEFAULT_LIMITS, parse
from engine.prompt.sentences import Code, Sentence, sentence

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
    source, message = option_source("style", style), sentence(Code.UNKNOWN_STYLE, name=quoted(style))
    error = PromptError(source=source, start=0, end=len(style), message=message, suggestion=_known(style, known))
    return PromptErrors(errors=(error,))


def _known(style: str, known: Collection[str]) -> Sentence:
    """Return what to write instead of a style that nobody knows."""
    if near := closest_name(style, known):
        return sentence(Code.DID_YOU_MEAN, name=near)
    return sentence(Code.AVAILABLE, names=quoted_list(sorted(known))) if known else sentence(Code.LEAVE_OUT)


def _name_error(name: str) -> PromptError:
    source = PromptSource(text=name, origin=Origin.COMMAND, where=sentence(Code.IN_NAME))
    message = sentence(Code.NAME_TAKEN, name=name) if name in BY_SPELLING else sentence(Code.NAME_INVALID)
    return PromptError(source=source, start=0, end=len(name), message=message, suggestion=sentence(Code.OTHER_NAME))


def _only(result: object, origin: Origin) -> PromptErrors | None:
    if not isinstance(result, PromptErrors):
        return None
    kept = tuple(error for error in result.errors if error.source.origin is origin)
    return PromptErrors(errors=kept) if kept else None
