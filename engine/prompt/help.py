"""The help that Discord shows, generated from the parameter table; the long page is in `reference_page`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.prompt.grammar.suggest import closest_name
from engine.prompt.limits import Limits, ModelCapabilities
from engine.prompt.parameter_type import Parameter, ParameterKind, allowed_values, number_text
from engine.prompt.parameters import BY_SPELLING, PARAMETERS
from engine.prompt.sentences import Code, sentence

# Discord shows at most 100 characters of an option's description.
COMMAND_HELP = "Create four pictures from a prompt"
PROMPT_HELP = "What to paint. Use :: for weights, --no to exclude things, --ar 3:2 for the shape."

_MAX_HELP = 100
_MAX_NAME = 32

SLASH_OPTIONS: tuple[Parameter, ...] = tuple(row for row in PARAMETERS if row.option)

# Description of each option of the command by the option's name.
OPTION_HELP: Mapping[str, str] = MappingProxyType({row.option: row.help for row in SLASH_OPTIONS})


def command_help(limits: Limits) -> str:
    """Return the description of the command: what the default model can paint, if that is little."""
    model = _small_model(limits)
    if model is None or model.vocabulary is None:
        return COMMAND_HELP
    return f"{COMMAND_HELP}. The model {model.name} paints {model.vocabulary.paints}."[:_MAX_HELP]


def _small_model(limits: Limits) -> ModelCapabilities | None:
    """Return the default model if it comes with a list of what it can paint."""
    return next((one for one in limits.models if one.name == limits.default_model and one.vocabulary), None)


def prompt_help(limits: Limits) -> str:
    """Return the description of the prompt: what the default model can paint, if that is little."""
    model = _small_model(limits)
    if model is None or model.vocabulary is None:
        return PROMPT_HELP
    known = model.vocabulary
    told = f"What to paint. The model {model.name} paints {known.paints}, such as {' or '.join(known.examples)}."
    return told if len(told) <= _MAX_HELP else f"What to paint. The model paints {known.paints}."[:_MAX_HELP]


def help_lines() -> tuple[str, ...]:
    """Return one line per parameter: its usage and what it does."""
    return tuple(f"{usage(row)}  {row.help}" for row in PARAMETERS)


def help_for(spelling: str) -> str:
    """Return the full help of one parameter, or a suggestion for an unknown one."""
    row = named_parameter(spelling)
    if row is None:
        near = similar_parameter(spelling)
        unknown = sentence(Code.UNKNOWN_PARAMETER, name=plain_name(spelling))
        return f"{unknown} {sentence(Code.DID_YOU_MEAN, name=f'--{near}') if near else ''}".rstrip()
    facts = [
        usage(row),
        row.help,
        f"Takes {allowed_values(row)}.",
        default_text(row),
        row.meaning,
        f"Example: {row.example}",
    ]
    return "\n".join(fact for fact in facts if fact)


def named_parameter(spelling: str) -> Parameter | None:
    """Return the parameter that is spelled so, with or without dashes, in whatever case; None where there is none."""
    return BY_SPELLING.get(_bare(spelling))


def similar_parameter(spelling: str) -> str:
    """Return the spelling, without dashes, that may be meant by an unknown one; empty where there is none."""
    return closest_name(_bare(spelling), BY_SPELLING)


def plain_name(spelling: str) -> str:
    """Return an unknown spelling as it is shown: without dashes, and not too long."""
    return _bare(spelling)[:_MAX_NAME]


def _bare(spelling: str) -> str:
    return spelling.strip(" -–—").lower()


def usage(row: Parameter) -> str:
    """Return the spellings of a parameter and its placeholder, such as "--chaos, --c 0-100"."""
    spellings = ", ".join(f"--{spelling}" for spelling in (row.name, *row.aliases))
    return f"{spellings} {placeholder(row)}".rstrip()


def placeholder(row: Parameter) -> str:
    """Return the placeholder of the value in a usage line."""
    if row.choices:
        return "|".join(row.choices) if len(row.choices) < 4 else "name"
    if row.kind in (ParameterKind.INTEGER, ParameterKind.DECIMAL):
        return f"{number_text(row.low or 0)}-{number_text(row.high or 0)}"
    return _PLACEHOLDERS[row.kind]


def default_text(row: Parameter) -> str:
    """Return the default in words, or "" when the model decides or there is none."""
    shown = default_value(row)
    return f"Default: {shown}." if shown else ""


def default_value(row: Parameter) -> str:
    """Return the default, or "" when the model decides or there is none."""
    if row.default is None:
        return ""
    return number_text(row.default) if isinstance(row.default, int | float) else str(row.default)


_PLACEHOLDERS = {
    ParameterKind.FLAG: "",
    ParameterKind.RATIO: "W:H",
    ParameterKind.MODEL: "name",
    ParameterKind.CONTROL: "name",
    ParameterKind.VERSION: "number",
    ParameterKind.NIJI: "[number]",
    ParameterKind.WORDS: "words, words",
    ParameterKind.REFERENCES: "url|code|random ...",
    ParameterKind.PICTURES: "url ...",
    ParameterKind.ADAPTERS: "name[:weight] ...",
    ParameterKind.RESULTS: "result result",
}
