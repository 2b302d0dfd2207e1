"""What a member may keep as an own option or as a suffix, checked when it is set and not at every prompt."""

from __future__ import annotations

import re

from engine.prompt.errors import Faults, Origin, PromptFault, Source
from engine.prompt.limits import Defaults, Limits
from engine.prompt.parameters import BY_SPELLING
from engine.prompt.parser import USUAL_LIMITS, parse

_NAME = re.compile(r"[^\W\d_][\w-]{0,31}")


def check_option(name: str, value: str, limits: Limits = USUAL_LIMITS) -> Faults | None:
    """Return what keeps `--name` from standing for the value, or None when nothing does.

    name: without dashes. Words, parameters and both may be a value; what is wrong in it is shown in it.
    """
    if name in BY_SPELLING or not _NAME.fullmatch(name):
        return Faults(faults=(_name_fault(name),))
    result = parse(f"picture --{name}", Defaults(options={name: value}), limits)
    return _only(result, Origin.OPTION)


def check_suffix(suffix: str, limits: Limits = USUAL_LIMITS) -> Faults | None:
    """Return what keeps the text from being a suffix, or None; an empty one is none."""
    return _only(parse("picture", Defaults(suffix=suffix), limits), Origin.SUFFIX)


def _name_fault(name: str) -> PromptFault:
    source = Source(name="the name", text=name, origin=Origin.COMMAND)
    sentence = "A name begins with a letter; up to 31 letters, digits and - follow."
    suggestion = "Choose another name."
    if name in BY_SPELLING:
        sentence = f"--{name} is a parameter of the language."
    return PromptFault(source=source, start=0, end=len(name), sentence=sentence, suggestion=suggestion)


def _only(result: object, origin: Origin) -> Faults | None:
    if not isinstance(result, Faults):
        return None
    kept = tuple(fault for fault in result.faults if fault.source.origin is origin)
    return Faults(faults=kept) if kept else None
