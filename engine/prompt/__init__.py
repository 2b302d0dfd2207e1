"""The prompt language: parses text into job specs and renders specs as text. Pure functions, standard library only.

`parser` runs the stages of `grammar/`; `checks/` compares the result with what the model and the service support.
"""

from engine.prompt.checks.notes import notes_on
from engine.prompt.checks.operations import spec_for_operation
from engine.prompt.checks.outdated import check_supported
from engine.prompt.checks.sizes import is_canvas, is_paintable, painted_size, size_for
from engine.prompt.checks.steps import max_steps_by, steps_for
from engine.prompt.custom_options import check_option, check_style, check_suffix
from engine.prompt.errors import EXCERPT_WIDTH, Origin, PromptError, PromptErrors, PromptSource, format_errors
from engine.prompt.grammar.attention import parse_attention
from engine.prompt.grammar.image_urls import is_picture_name, picture_name
from engine.prompt.grammar.names import is_name
from engine.prompt.grammar.parts import normalized_weights
from engine.prompt.help import (
    COMMAND_HELP,
    OPTION_HELP,
    PROMPT_HELP,
    SLASH_OPTIONS,
    command_help,
    help_for,
    help_lines,
    prompt_help,
)
from engine.prompt.joined_parts import joined_parts
from engine.prompt.limits import Limits, ModelCapabilities, PromptDefaults, SizeLimits, StepLimits, Vocabulary
from engine.prompt.option_names import option_of
from engine.prompt.parameter_type import Parameter, ParameterKind
from engine.prompt.parameters import PARAMETERS
from engine.prompt.parser import Specs, parse
from engine.prompt.render import json_from_specs, render
from engine.prompt.sentences import Code, Sentence, Told, sentence, written

__all__ = [
    "COMMAND_HELP",
    "EXCERPT_WIDTH",
    "OPTION_HELP",
    "PARAMETERS",
    "PROMPT_HELP",
    "SLASH_OPTIONS",
    "Code",
    "Limits",
    "ModelCapabilities",
    "Origin",
    "Parameter",
    "ParameterKind",
    "PromptDefaults",
    "PromptError",
    "PromptErrors",
    "PromptSource",
    "Sentence",
    "SizeLimits",
    "Specs",
    "StepLimits",
    "Told",
    "Vocabulary",
    "check_option",
    "check_style",
    "check_suffix",
    "check_supported",
    "command_help",
    "format_errors",
    "help_for",
    "help_lines",
    "is_canvas",
    "is_name",
    "is_paintable",
    "is_picture_name",
    "joined_parts",
    "json_from_specs",
    "max_steps_by",
    "normalized_weights",
    "notes_on",
    "option_of",
    "painted_size",
    "parse",
    "parse_attention",
    "picture_name",
    "prompt_help",
    "render",
    "sentence",
    "size_for",
    "spec_for_operation",
    "steps_for",
    "written",
]
